import { randomBytes, webcrypto } from 'node:crypto';
import type { ApplyServices } from '../src/api/apply.ts';
import { createAttachmentLimit } from '../src/api/attachment-limit.ts';
import { createDataverse } from '../src/api/dataverse.ts';
import { createHttp } from '../src/api/http.ts';
import type { TrackChange } from '../src/model/change.ts';
import { identifyMail } from '../src/model/item-key.ts';
import { uuidV7 } from '../src/model/uuid.ts';
import type { Database } from '../src/server/db/open.ts';
import type { ReadMail } from '../src/server/mailbox/mime/read-mail.ts';
import { createWorld, dana } from '../test/server/world.ts';

const digest = (bytes: Uint8Array<ArrayBuffer>) => webcrypto.subtle.digest('SHA-256', bytes);
const tenantId = 'bench';

/** The real CRM without a socket in between, and what `apply` needs to carry Changes into it. */
export async function openCrm(database: Database): Promise<{ services: ApplyServices; close: () => Promise<void> }> {
  const world = await createWorld(database, { limits: null });
  const { app } = world;
  const bearer = await world.token(dana);
  const fetchInto: typeof fetch = async (input, init) => {
    const { pathname, search } = new URL(input as string);
    const answer = await app.inject({
      method: (init?.method ?? 'GET') as 'GET',
      url: pathname + search,
      headers: Object.fromEntries(new Headers(init?.headers)),
      ...(init?.body == null ? {} : { payload: init.body as string }),
    });
    const body = answer.statusCode === 204 ? null : answer.body;
    return new Response(body, { status: answer.statusCode, headers: answer.headers as Record<string, string> });
  };
  const crm = createDataverse(
    createHttp({ fetch: fetchInto, baseUrl: 'http://localhost/api/data/v9.2/', token: async () => bearer }),
  );
  const attachment = async () => null;
  const note = () => Promise.resolve();
  const services = { crm, digest, tenantId, attachment, attachmentLimit: createAttachmentLimit(crm), note };
  return { services, close: () => app.close() };
}

/** The Change by which a mailbox hands over a mail that a rule accepted. */
export async function acceptedMail({ message, headers, bodyHtml, attachments }: ReadMail): Promise<TrackChange> {
  const { subject, from, to, cc, bcc, sentAt, importance } = message;
  const identity = await identifyMail(tenantId, message, digest);
  const now = Date.now();
  return {
    ...{ id: uuidV7(now, randomBytes(10)), at: new Date(now).toISOString(), by: dana.address, lane: identity.itemKey },
    ...{ kind: 'track', after: null, holdUntil: null, regarding: null, accepted: 'automatic' },
    mail: {
      ...{ ...identity, subject, from, to, cc, bcc, sentAt, receivedAt: sentAt, importance, bodyHtml, headers },
      attachments: attachments.map(({ name, contentType, bytes }, index) => ({
        ...{ index, name, contentType, size: bytes.byteLength, leftOut: null },
      })),
    },
  };
}
