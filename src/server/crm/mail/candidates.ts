import { sql, type RawBuilder } from 'kysely';
import { isOneOf, limit } from '../../db/engine.ts';
import { fold } from '../../db/fold.ts';
import { runTogether } from '../../db/together.ts';
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
  const questions = partyTables(session).flatMap((table) => questionsTo(session, table, wanted));
  const statements = questions.map(({ statement }) => statement);
  const answers = await runTogether(session.queries, session.engine, statements);
  const known = new Set<string>();
  for (const [place, { table, columnNumber }] of questions.entries()) {
    for (const { id, address, owner, made, active } of (answers[place]?.rows ?? []) as CandidateRow[]) {
      const key = `${table} ${id} ${address}`;
      if (known.has(key)) continue;
      known.add(key);
      const row = { table, id, address, columnNumber, ownerId: owner, createdOn: made };
      found.get(address)?.push({ ...row, active: Number(active) === 1 });
    }
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

interface CandidateRow {
  id: string;
  address: string;
  owner: string | null;
  made: string;
  active: number;
}

interface Question {
  table: string;
  columnNumber: number;
  statement: RawBuilder<CandidateRow>;
}

/** One for each column of addresses that the caller may read. */
function questionsTo(session: Session, table: Table, wanted: readonly string[]): Question[] {
  const scope = newScope(newStatement(session), table);
  const visible = session.access.readable(session.caller, table, scope.alias);
  const own = (column: string) => sql.ref(`${scope.alias}.${column}`);
  return addressColumns(table).flatMap((column, index) => {
    if (!session.access.mayUse(session.caller, 'read', table, column)) return [];
    const { folded } = columnRef(scope, column);
    const statement = sql<CandidateRow>`
      select ${own(table.key)} as id, ${folded} as address, ${table.owned ? own('ownerid') : sql`null`} as owner,
        ${own('createdon')} as made, ${activeSql(table, own)} as active
      from ${sql.table(table.name)} as ${sql.ref(scope.alias)}
      where ${isOneOf(session.engine, folded, wanted)}${visible === undefined ? sql`` : sql` and ${visible}`}
      order by ${own('createdon')}, ${own(table.key)}${limit(wanted.length * TOO_MANY + 1)}`;
    return [{ table: table.name, columnNumber: index + 1, statement }];
  });
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
