import type { FastifyInstance } from 'fastify';
import type { Database } from '../db/open.ts';
import { registerWebApi, type WebApiOptions } from '../odata/routes.ts';
import type { Model } from '../odata/metadata.ts';
import { crmModel } from '../odata/tables/crm-model.ts';
import { bringSchema } from './custom/bring-schema.ts';
import { customModel } from './custom/custom-model.ts';
import { readDeclaration } from './custom/declaration.ts';
import { createCallers, type SignInOptions } from './callers.ts';
import { registerImageDownload } from './image-download.ts';
import { registerImportPage } from './import/page.ts';
import { registerImport } from './import/routes.ts';
import { keepSwept } from './files/keep-swept.ts';
import { openOrganisation } from './organisation.ts';
import { hasDuplicates } from './duplicates/find-duplicates.ts';
import { shipRules } from './duplicates/rules.ts';
import { createOutbox } from './mail/send/outbox.ts';
import { createSmtp } from './mail/send/transport.ts';
import { createMessages } from './messages.ts';
import { organisationMessages } from './organisation-messages.ts';
import { registerRecordPage } from './record-page.ts';
import { rules } from './rules.ts';
import { withFileRules } from './files/file-column-rule.ts';
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
  /** Tables and columns that this organisation adds: the JSON that docs/custom-tables.md describes. */
  customTables?: unknown;
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
  const model = await openModel(options);
  const organisation = await openOrganisation({
    database,
    model,
    name: options.organisation,
    attachmentLimit: options.attachmentLimit ?? ATTACHMENT_LIMIT,
    baseCurrency: options.baseCurrency ?? 'USD',
    now,
  });
  await shipRules({ database, model, now }, organisation);
  const callers = createCallers({ ...options, model, organisation });
  const outbox = openOutbox(server, { ...options, model }, organisation.organizationId);
  const api: WebApiOptions = {
    database,
    model,
    hasDuplicates,
    operations: [whoAmI, ...organisationMessages, ...createMessages(outbox), ...securityMessages],
    rules: withFileRules(model, rules),
    access: createAccess(
      database.engine,
      () => model,
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
  keepSwept(server, options);
  await registerWebApi(server, api);
  await registerImport(server, api);
  registerImageDownload(server, api);
  registerRecordPage(server, model);
  registerImportPage(server);
}

/** The standard tables with the declared ones. @throws {CustomTablesError} and changes nothing */
async function openModel({ database, customTables }: CrmOptions & { database: Database }): Promise<Model> {
  if (customTables === undefined) return crmModel;
  const declaration = readDeclaration(customTables);
  const model = customModel(declaration);
  await bringSchema(database, declaration, model);
  return model;
}

function openOutbox(
  server: FastifyInstance,
  { smtpUrl, database, model, now }: CrmOptions & { database: Database; model: Model; now: () => Date },
  organizationId: string,
): { poke(): void } {
  if (smtpUrl === undefined) return { poke: () => undefined };
  const report = (error: unknown) => server.log.error({ err: error }, 'unexpected error in the outbox');
  const outbox = createOutbox({
    database,
    model,
    organizationId,
    transport: createSmtp(smtpUrl),
    now,
    report,
  });
  server.addHook('onClose', () => outbox.stop());
  return outbox;
}
