import { sql } from 'kysely';
import type { Database } from '../db/open.ts';
import { tableOf, type Model } from '../odata/metadata.ts';
import type { Access, Caller, WriteSession } from '../odata/session.ts';
import { newId } from '../odata/write/new-id.ts';
import { insertRow } from '../odata/write/write.ts';

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
  roles: readonly string[];
  now: () => Date;
}

export async function openOrganisation(options: OrganisationOptions): Promise<Organisation> {
  return options.database.transaction(async (queries) => {
    const { rows } = await sql<{ organizationid: string }>`select organizationid from organization`.execute(queries);
    const organizationId = rows[0]?.organizationid ?? newId(options.now());
    const session = systemSession(options, queries, organizationId);
    if (rows.length === 0) await found(session, options, organizationId);
    const units = await sql<{
      id: string;
    }>`select businessunitid as id from businessunit where parentbusinessunitid is null`.execute(queries);
    const roles = await sql<{ id: string; name: string }>`select roleid as id, name from role`.execute(queries);
    return {
      organizationId,
      businessUnitId: units.rows[0]?.id ?? '',
      roles: new Map(roles.rows.map(({ id, name }) => [name, id])),
    };
  });
}

async function found(
  session: WriteSession,
  { name, attachmentLimit, roles, model }: OrganisationOptions,
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
  const unit = await insertRow(session, tableOf(model, 'businessunit'), new Map([['name', name]]));
  for (const role of roles)
    await insertRow(
      session,
      tableOf(model, 'role'),
      new Map([
        ['name', role],
        ['businessunitid', unit ?? ''],
      ]),
    );
}

const nothing = async () => undefined;

const everything: Access = {
  demand: () => undefined,
  readable: () => undefined,
  demandRow: nothing,
  mayUse: () => true,
  demandColumn: () => undefined,
  writes: {
    beforeInsert: nothing,
    afterInsert: nothing,
    beforeUpdate: nothing,
    afterUpdate: nothing,
    beforeDelete: nothing,
    afterDelete: nothing,
    beforeLink: nothing,
  },
};

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
  };
  return {
    queries,
    engine: database.engine,
    model,
    rules: new Map(),
    caller,
    access: everything,
    now,
    root: '/',
    onCommit: () => undefined,
  };
}
