import type { FastifyInstance, FastifyRequest } from 'fastify';
import { mayBeQueued } from '../../model/change.ts';
import type { MailIdentity } from '../../model/item-key.ts';
import { MalformedChange, parseChange, parseMailIdentity } from '../../model/parse-change.ts';
import { isGuid } from '../../model/uuid.ts';
import { HttpError } from '../http/errors.ts';
import type { Identity } from '../http/tokens.ts';
import { streamEvents } from './event-stream.ts';
import { readItemStates, type ItemStateServices } from './item-state.ts';

/** A recorded mail may hold 20 MB of HTML; an attachment what the largest organisation allows, with room. */
const changeLimit = 48 * 1024 * 1024;
const attachmentLimit = 132 * 1024 * 1024;
/** Mails asked about at once. */
const mostMails = 200;

/** `/sync/v1/`: docs/sync-api.md says the same for people. */
export function registerQueueRoutes(server: FastifyInstance, services: ItemStateServices): void {
  const { ledger } = services;

  server.post('/sync/v1/changes', { bodyLimit: changeLimit }, async (request, reply) => {
    const person = await personOf(server, request);
    const change = read(() => parseChange(request.body));
    if (!mayBeQueued(change)) throw new HttpError(400, 'A change of this kind stays with its person.');
    // Whose wish it is says the token, whatever the body says.
    const status = await ledger.accept(person.objectId, { ...change, by: person.address ?? change.by });
    return reply.code(202).send(status);
  });

  server.put<{ Params: { id: string; part: string } }>(
    '/sync/v1/changes/:id/attachments/:part',
    { bodyLimit: attachmentLimit },
    async (request, reply) => {
      const person = await personOf(server, request);
      const { id, part } = request.params;
      if (!isGuid(id) || !/^\d{1,4}$/.test(part))
        throw new HttpError(400, 'The address names no attachment of a change.');
      if (!(request.body instanceof Uint8Array))
        throw new HttpError(415, 'The bytes are sent as application/octet-stream.');
      await ledger.putAttachment(person.objectId, id, Number(part), request.body);
      return reply.code(204).send();
    },
  );

  server.post('/sync/v1/items/state', async (request) => {
    const person = await personOf(server, request);
    const { mails, askCrm } = read(() => parseQuestion(request.body));
    const cursor = await ledger.lastCursor();
    return { items: await readItemStates(services, person.objectId, mails, askCrm), cursor };
  });

  server.get<{ Querystring: { after?: string } }>('/sync/v1/events', async (request, reply) => {
    const person = await personOf(server, request);
    const after = Number(request.query.after ?? '-1');
    if (!Number.isSafeInteger(after)) throw new HttpError(400, 'The cursor is a whole number.');
    const from = after < 0 ? await ledger.lastCursor() : after;
    return streamEvents(ledger, person.objectId, from, reply);
  });
}

export function acceptBytes(server: FastifyInstance): void {
  if (server.hasContentTypeParser('application/octet-stream')) return;
  server.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
}

async function personOf(server: FastifyInstance, request: FastifyRequest): Promise<Identity> {
  const identity = await server.identify(request);
  if (identity.kind !== 'user') throw new HttpError(403, 'The ledger takes wishes of people only.');
  return identity;
}

function parseQuestion(body: unknown): { mails: MailIdentity[]; askCrm: boolean } {
  if (typeof body !== 'object' || body === null) throw new MalformedChange('body');
  const { mails, askCrm } = body as Record<string, unknown>;
  if (!Array.isArray(mails) || mails.length > mostMails) throw new MalformedChange('mails');
  return { mails: mails.map(parseMailIdentity), askCrm: askCrm !== false };
}

function read<Answer>(parse: () => Answer): Answer {
  try {
    return parse();
  } catch (error) {
    if (error instanceof MalformedChange) throw new HttpError(400, error.message);
    throw error;
  }
}
