import { sql, type RawBuilder } from 'kysely';
import { badRequest } from '../bad-request.ts';
import { identifier } from '../identifier.ts';
import { tableOf, type Model, type Table } from '../metadata.ts';
import type { ColumnRef, Statement } from './scope.ts';

/** The lookup of a table to its own rows that is its hierarchy. */
const PARENTS = new Map([
  ['account', 'parentaccountid'],
  ['contact', 'parentcustomerid'],
  ['systemuser', 'parentsystemuserid'],
  ['businessunit', 'parentbusinessunitid'],
]);

interface Hierarchy {
  table: Table;
  parent: string;
}

/** The rows above one, or below it, as a list of ids; each is walked once, so a loop ends too. */
export function idsAbove({ table, parent }: Hierarchy, id: RawBuilder<unknown>): RawBuilder<unknown> {
  const [rows, key, up] = [identifier(table.name), identifier(table.key), identifier(parent)];
  return sql`with recursive above(id) as (select ${up} from ${rows} where ${key} = ${id} union select r.${up} from ${rows} as r join above on r.${key} = above.id) select id from above where id is not null`;
}

export function idsUnder({ table, parent }: Hierarchy, id: RawBuilder<unknown>): RawBuilder<unknown> {
  const [rows, key, up] = [identifier(table.name), identifier(table.key), identifier(parent)];
  return sql`with recursive under(id) as (select ${key} from ${rows} where ${up} = ${id} union select r.${key} from ${rows} as r join under on r.${up} = under.id) select id from under`;
}

/** The hierarchy that a key or lookup is part of. @throws {HttpError} 400 where there is none */
export function hierarchyOf({ session }: Statement, { column, scope }: ColumnRef): Hierarchy {
  const targets = column.name === scope.table.key ? [scope.table.name] : (column.targets ?? []);
  const found = targets.map((name) => findHierarchy(session.model, name)).find((each) => each !== undefined);
  if (found === undefined) throw badRequest(`${column.name} is not part of a hierarchy.`);
  session.access.demand(session.caller, 'read', found.table);
  return found;
}

function findHierarchy(model: Model, name: string): Hierarchy | undefined {
  const parent = PARENTS.get(name);
  const table = tableOf(model, name);
  return parent === undefined || !table.columns.has(parent) ? undefined : { table, parent };
}

/** The caller alone, as a list of ids. */
export function callerOnly({ session }: Statement): RawBuilder<unknown> {
  return sql`select ${session.caller.userId} as id`;
}

/** The caller, with everybody who reports to them. */
export function callerAndReports(statement: Statement): RawBuilder<unknown> {
  const alone = callerOnly(statement);
  const hierarchy = findHierarchy(statement.session.model, 'systemuser');
  if (hierarchy === undefined) return alone;
  const reports = idsUnder(hierarchy, sql`${statement.session.caller.userId}`);
  return sql`${alone} union select id from (${reports}) as reports`;
}

/** The teams of some users, given as a list of ids. */
export function teamsOf({ session }: Statement, users: RawBuilder<unknown>): RawBuilder<unknown> {
  const links = [...tableOf(session.model, 'systemuser').many.values()];
  const link = links.find(({ target }) => target === 'team');
  if (link === undefined) return sql`select null as id where 1 = 0`;
  return sql`select ${identifier(link.far)} as id from ${identifier(link.intersect)} where ${identifier(link.near)} in (${users})`;
}
