import { sql } from 'kysely';
import { isOneOf, limit } from '../../db/engine.ts';
import { fold } from '../../db/fold.ts';
import { TOO_MANY, tableOrder, type Candidate } from '../../../model/resolve.ts';
import { tableOf, type Table } from '../../odata/metadata.ts';
import { columnRef, newScope, newStatement } from '../../odata/read/scope.ts';
import type { Session } from '../../odata/session.ts';
import { mayRead } from './may-read.ts';

/** All rows that the caller may see which have one of the addresses, keyed by folded address. */
export async function findCandidates(
  session: Session,
  addresses: readonly string[],
): Promise<Map<string, Candidate[]>> {
  const wanted = [...new Set(addresses.map(fold))].filter((address) => address !== '');
  const found = new Map<string, Candidate[]>(wanted.map((address) => [address, []]));
  if (wanted.length === 0) return found;
  for (const table of partyTables(session)) {
    for (const candidate of await readCandidates(session, table, wanted)) found.get(candidate.address)?.push(candidate);
  }
  return found;
}

/** Every table whose rows can be a party of an activity and that has a column for addresses, also those of a customer. */
function partyTables(session: Session): Table[] {
  const parties = tableOf(session.model, 'activityparty').columns.get('partyid')?.targets ?? [];
  const known = tableOrder.filter((name) => parties.includes(name));
  const others = parties.filter((name) => !tableOrder.includes(name));
  return [...known, ...others]
    .map((name) => tableOf(session.model, name))
    .filter((table) => addressColumns(table).length > 0 && mayRead(session, table));
}

function addressColumns(table: Table) {
  return [...table.columns.values()].filter((column) => column.email === true);
}

async function readCandidates(session: Session, table: Table, wanted: readonly string[]): Promise<Candidate[]> {
  const scope = newScope(newStatement(session), table);
  const visible = session.access.readable(session.caller, table, scope.alias);
  const own = (column: string) => sql.ref(`${scope.alias}.${column}`);
  const candidates = new Map<string, Candidate>();
  for (const [index, column] of addressColumns(table).entries()) {
    if (!session.access.mayUse(session.caller, 'read', table, column)) continue;
    const { folded } = columnRef(scope, column);
    const { rows } = await sql<{ id: string; address: string; owner: string | null; made: string; active: number }>`
      select ${own(table.key)} as id, ${folded} as address, ${table.owned ? own('ownerid') : sql`null`} as owner,
        ${own('createdon')} as made, ${activeSql(table, own)} as active
      from ${sql.table(table.name)} as ${sql.ref(scope.alias)}
      where ${isOneOf(session.engine, folded, wanted)}${visible === undefined ? sql`` : sql` and ${visible}`}
      order by ${own('createdon')}, ${own(table.key)}${limit(wanted.length * TOO_MANY + 1)}`.execute(session.queries);
    for (const { id, address, owner, made, active } of rows) {
      const key = `${id} ${address}`;
      const row = { table: table.name, id, address, columnNumber: index + 1, ownerId: owner, createdOn: made };
      if (!candidates.has(key)) candidates.set(key, { ...row, active: Number(active) === 1 });
    }
  }
  return [...candidates.values()];
}

function activeSql(table: Table, own: (column: string) => ReturnType<typeof sql.ref>) {
  if (table.name === 'systemuser') return sql`1 - coalesce(${own('isdisabled')}, 0)`;
  return table.states.size > 0 ? sql`case when ${own('statecode')} = 0 then 1 else 0 end` : sql`1`;
}

/**
 * Which of the addresses belong to people or queues of the organisation itself, disabled ones included. Asked without the
 * caller's rights: the direction of a mail must not depend on who tracks it.
 */
export async function findOurs({ queries, engine }: Session, addresses: readonly string[]): Promise<Set<string>> {
  const wanted = [...new Set(addresses.map(fold))];
  if (wanted.length === 0) return new Set();
  const { rows } = await sql<{ address: string }>`
    select internalemailaddress_folded as address from systemuser where ${isOneOf(engine, sql.ref('internalemailaddress_folded'), wanted)}
    union select emailaddress_folded from queue where ${isOneOf(engine, sql.ref('emailaddress_folded'), wanted)}`.execute(
    queries,
  );
  return new Set(rows.map(({ address }) => address));
}
