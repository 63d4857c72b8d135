import { sql } from 'kysely';
import type { Database } from '../db/open.ts';
import { usualFormats } from '../odata/formats.ts';
import { tableOf, type Model } from '../odata/metadata.ts';
import type { Caller, WriteSession } from '../odata/session.ts';
import { newId } from '../odata/write/new-id.ts';
import { insertRow } from '../odata/write/write.ts';
import { ensureBaseCurrency } from './base-currency.ts';
import { ensurePrivileges } from './security/ensure-privileges.ts';
import { readyMadeRoles } from './security/ready-made-roles.ts';
import { ensureViews } from './views/ready-made-views.ts';
import { systemAccess, systemStanding } from './security/system-access.ts';

/** The organisation of this database: there is exactly one, made on the first start. */
export interface Organisation {
  organizationId: string;
  businessUnitId: string;
  /** Name of a security role -> its id. */
  roles: ReadonlyMap<string, string>;
}

export interface OrganisationOptions {
  database: Database;
  model: Model;
  name: string;
  /** Bytes of one attachment, decoded. */
  attachmentLimit: number;
  /** ISO 4217 code; taken when the database has no currency yet. */
  baseCurrency: string;
  now: () => Date;
}

export async function openOrganisation(options: OrganisationOptions): Promise<Organisation> {
  return options.database.transaction(async (queries) => {
    const { rows } = await sql<{ organizationid: string }>`select organizationid from organization`.execute(queries);
    const organizationId = rows[0]?.organizationid ?? newId(options.now());
    const session = systemSession(options, queries, organizationId);
    if (rows.length === 0) await found(session, options, organizationId);
    await ensureBaseCurrency(session, organizationId, options.baseCurrency);
    const units = await sql<{
      id: string;
    }>`select businessunitid as id from businessunit where parentbusinessunitid is null`.execute(queries);
    const businessUnitId = units.rows[0]?.id ?? '';
    await addRoles(session, businessUnitId);
    await ensurePrivileges(session);
    await ensureViews(session);
    const roles = await sql<{ id: string; name: string }>`select roleid as id, name from role`.execute(queries);
    return {
      organizationId,
      businessUnitId,
      roles: new Map(roles.rows.map(({ id, name }) => [name, id])),
    };
  });
}

async function found(
  session: WriteSession,
  { name, attachmentLimit, model }: OrganisationOptions,
  id: string,
): Promise<void> {
  await insertRow(
    session,
    tableOf(model, 'organization'),
    new Map<string, string | number>([
      ['organizationid', id],
      ['name', name],
      ['maxuploadfilesize', attachmentLimit],
      ['trackingprefix', 'CRM:'],
    ]),
  );
  await insertRow(session, tableOf(model, 'businessunit'), new Map([['name', name]]));
}

/** The ready-made roles that are not there yet: all of them, or those that a later version brought. */
async function addRoles(session: WriteSession, businessUnitId: string): Promise<void> {
  const { rows } = await sql<{ name: string }>`select name from role`.execute(session.queries);
  const known = new Set(rows.map(({ name }) => name));
  for (const { name } of readyMadeRoles.filter((role) => !known.has(role.name))) {
    const values = new Map([
      ['name', name],
      ['businessunitid', businessUnitId],
    ]);
    await insertRow(session, tableOf(session.model, 'role'), values);
  }
}

/** The server itself at work, where no person acts. */
export function systemSession(
  { database, model, now }: Pick<OrganisationOptions, 'database' | 'model' | 'now'>,
  queries: WriteSession['queries'],
  organizationId: string,
  businessUnitId = '',
): WriteSession {
  const caller: Caller = {
    userId: organizationId,
    organizationId,
    businessUnitId,
    kind: 'application',
    roles: new Set(),
    standing: systemStanding,
    formats: usualFormats,
  };
  return {
    queries,
    engine: database.engine,
    model,
    rules: new Map(),
    caller,
    access: systemAccess,
    now,
    root: '/',
    onCommit: () => undefined,
  };
}
