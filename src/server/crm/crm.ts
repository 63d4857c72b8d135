import type { FastifyInstance } from 'fastify';
import type { Database } from '../db/open.ts';
import { registerWebApi, type WebApiOptions } from '../odata/routes.ts';
import { crmModel } from '../odata/tables/crm-model.ts';
import { createCallers, type SignInOptions } from './callers.ts';
import { registerImportPage } from './import/page.ts';
import { registerImport } from './import/routes.ts';
import { openOrganisation } from './organisation.ts';
import { hasDuplicates } from './duplicates/find-duplicates.ts';
import { shipRules } from './duplicates/rules.ts';
import { createOutbox } from './mail/send/outbox.ts';
import { createSmtp } from './mail/send/transport.ts';
import { createMessages } from './messages.ts';
import { organisationMessages } from './organisation-messages.ts';
import { registerRecordPage } from './record-page.ts';
import { createRules } from './rules.ts';
import { createAccess } from './security/access.ts';
import { securityMessages } from './security/security-messages.ts';
import { whoAmI } from './who-am-i.ts';

export interface CrmOptions extends SignInOptions {
  /** Name of the organisation, taken when the database is new. */
  organisation: string;
  /** Bytes of one attachment, decoded; taken when the database is new. Default 20 MiB. */
  attachmentLimit?: number | undefined;
  /** ISO 4217 code of the organisation's own currency; taken when the database is new. Default USD. */
  baseCurrency?: string | undefined;
  /** The mail server for what people send from the CRM; without one it stays Pending Send. */
  smtpUrl?: string | undefined;
}

const ATTACHMENT_LIMIT = 20 * 1024 * 1024;

/** The built-in CRM: its Web API at /api/data/v9.2/ and its record pages at /crm/ on the given server. */
export async function openCrm(
  server: FastifyInstance,
  options: CrmOptions & { database: Database; now: () => Date },
): Promise<void> {
  const { database, now } = options;
  const organisation = await openOrganisation({
    database,
    model: crmModel,
    name: options.organisation,
    attachmentLimit: options.attachmentLimit ?? ATTACHMENT_LIMIT,
    baseCurrency: options.baseCurrency ?? 'USD',
    now,
  });
  await shipRules({ database, model: crmModel, now }, organisation);
  const callers = createCallers({ ...options, model: crmModel, organisation });
  const outbox = openOutbox(server, options, organisation.organizationId);
  const api: WebApiOptions = {
    database,
    model: crmModel,
    hasDuplicates,
    operations: [whoAmI, ...organisationMessages, ...createMessages(outbox), ...securityMessages],
    rules: createRules(() => callers.forget()),
    access: createAccess(
      database.engine,
      () => crmModel,
      () => callers.forget(),
    ),
    callerOf: async (request) =>
      callers.callerOf(
        await server.admit(request),
        request.headers['callerobjectid']?.toString(),
        request.headers['mscrmcallerid']?.toString(),
      ),
    now,
  };
  await registerWebApi(server, api);
  await registerImport(server, api);
  registerRecordPage(server, crmModel);
  registerImportPage(server);
}

function openOutbox(
  server: FastifyInstance,
  { smtpUrl, database, now }: CrmOptions & { database: Database; now: () => Date },
  organizationId: string,
): { poke(): void } {
  if (smtpUrl === undefined) return { poke: () => undefined };
  const report = (error: unknown) => server.log.error({ err: error }, 'unexpected error in the outbox');
  const outbox = createOutbox({
    database,
    model: crmModel,
    organizationId,
    transport: createSmtp(smtpUrl),
    now,
    report,
  });
  server.addHook('onClose', () => outbox.stop());
  return outbox;
}
