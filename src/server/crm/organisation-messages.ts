import { sql } from 'kysely';
import { badRequest, shown } from '../odata/bad-request.ts';
import { identifier } from '../odata/identifier.ts';
import type { Operation } from '../odata/operations.ts';

/** Of the dialect, as clients compare it. */
const VERSION = '9.2.0.0';
const accessTypes = new Set<unknown>(['Default', 'Internet', 'Intranet']);
const MOST_TABLES = 100;

const retrieveVersion: Operation = {
  name: 'RetrieveVersion',
  kind: 'function',
  async run({ session: { root } }) {
    const context = `${root}$metadata#Microsoft.Dynamics.CRM.RetrieveVersionResponse`;
    return { status: 200, headers: {}, body: { '@odata.context': context, Version: VERSION } };
  },
};

const retrieveCurrentOrganization: Operation = {
  name: 'RetrieveCurrentOrganization',
  kind: 'function',
  async run({ session: { root, queries, caller }, parameters }) {
    const type = parameters.get('AccessType');
    if (type !== undefined && !accessTypes.has(type))
      throw badRequest(`${shown(JSON.stringify(type))} is not an AccessType: Default, Internet or Intranet is.`);
    const { rows } = await sql<{
      name: string;
    }>`select name from organization where organizationid = ${caller.organizationId}`.execute(queries);
    const name = rows[0]?.name ?? '';
    const { origin } = new URL(root);
    const unique = name.toLowerCase().replace(/[^a-z0-9]/g, '');
    const endpoints = new Map([
      ['WebApplication', `${origin}/`],
      ['OrganizationDataService', root],
    ]);
    const detail = {
      OrganizationId: caller.organizationId,
      FriendlyName: name,
      OrganizationVersion: VERSION,
      EnvironmentId: caller.organizationId,
      Geo: '',
      TenantId: '',
      UrlName: unique,
      UniqueName: unique,
      State: 'Enabled',
      Endpoints: {
        Count: endpoints.size,
        IsReadOnly: false,
        Keys: [...endpoints.keys()],
        Values: [...endpoints.values()],
      },
    };
    const context = `${root}$metadata#Microsoft.Dynamics.CRM.RetrieveCurrentOrganizationResponse`;
    return { status: 200, headers: {}, body: { '@odata.context': context, Detail: detail } };
  },
};

/** How many rows tables hold: those that the caller may see. */
const retrieveTotalRecordCount: Operation = {
  name: 'RetrieveTotalRecordCount',
  kind: 'function',
  async run({ session, parameters }) {
    const names = readNames(parameters.get('EntityNames'));
    const counts: number[] = [];
    for (const name of names) {
      const table = session.model.tables.get(name);
      if (table === undefined)
        throw badRequest(`The entity with a name = '${shown(name)}' was not found.`, '0x80041102');
      session.access.demand(session.caller, 'read', table);
      const visible = session.access.readable(session.caller, table, 't0');
      const { rows } = await sql<{ n: number }>`select count(*) as n from ${identifier(table.name)} as t0
        ${visible === undefined ? sql`` : sql`where ${visible}`}`.execute(session.queries);
      counts.push(Number(rows[0]?.n ?? 0));
    }
    const context = `${session.root}$metadata#Microsoft.Dynamics.CRM.RetrieveTotalRecordCountResponse`;
    const collection = { Count: names.length, IsReadOnly: false, Keys: names, Values: counts };
    return { status: 200, headers: {}, body: { '@odata.context': context, EntityRecordCountCollection: collection } };
  },
};

function readNames(value: unknown): string[] {
  const names: unknown[] = Array.isArray(value) ? value : [];
  const wrong = names.length === 0 || names.length > MOST_TABLES || names.some((name) => typeof name !== 'string');
  if (wrong) throw badRequest(`EntityNames must be a list of 1 to ${MOST_TABLES} logical names.`);
  return [...new Set(names.map(String))];
}

export const organisationMessages: readonly Operation[] = [
  retrieveVersion,
  retrieveCurrentOrganization,
  retrieveTotalRecordCount,
];
