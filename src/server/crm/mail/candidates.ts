import { sql, type RawBuilder } from 'kysely';
import { limit } from '../../db/engine.ts';
import { fold } from '../../db/fold.ts';
import { keepStatement, type KeptStatement, type Places } from '../../db/kept-statement.ts';
import { TOO_MANY, tableOrder, type Candidate } from '../../../model/resolve.ts';
import { at, identifier } from '../../odata/identifier.ts';
import { tableOf, type Model, type Table } from '../../odata/metadata.ts';
import { columnRef, newScope, newStatement } from '../../odata/read/scope.ts';
import type { Session, Standing } from '../../odata/session.ts';
import { mayRead } from './may-read.ts';

/** All rows that the caller may see which have one of the addresses, keyed by folded address. */
export async function findCandidates(
  session: Session,
  addresses: readonly string[],
): Promise<Map<string, Candidate[]>> {
  const wanted = [...new Set(addresses.map(fold))].filter((address) => address !== '');
  const found = new Map<string, Candidate[]>(wanted.map((address) => [address, []]));
  if (wanted.length === 0) return found;
  const { statement, columns } = questionOf(session, 2 ** Math.ceil(Math.log2(wanted.length)));
  if (columns.length === 0) return found;
  const known = new Set<string>();
  for (const row of await statement.run(session.queries, session.engine, wanted)) {
    const { id, address, owner, made, active } = row;
    const asked = columns[Number(row.place)];
    if (asked === undefined) continue;
    const key = `${asked.table} ${id} ${address}`;
    if (known.has(key)) continue;
    known.add(key);
    found.get(address)?.push({ ...asked, id, address, ownerId: owner, createdOn: made, active: Number(active) === 1 });
  }
  return found;
}

interface Question {
  /** Takes the folded addresses. */
  readonly statement: KeptStatement<CandidateRow>;
  /** What each `place` of its rows means. */
  readonly columns: readonly { readonly table: string; readonly columnNumber: number }[];
}

const kept = new WeakMap<Standing, WeakMap<Model, Map<number, Question>>>();

/**
 * One statement about all columns of addresses that the caller may read: put together once for as long as nothing about the
 * caller changes. @param most addresses that it is asked for, of which there are few numbers
 */
function questionOf(session: Session, most: number): Question {
  const ofStanding = kept.get(session.caller.standing) ?? new WeakMap<Model, Map<number, Question>>();
  kept.set(session.caller.standing, ofStanding);
  const ofModel = ofStanding.get(session.model) ?? new Map<number, Question>();
  ofStanding.set(session.model, ofModel);
  const known = ofModel.get(most) ?? ask(session, most);
  ofModel.set(most, known);
  return known;
}

function ask(session: Session, most: number): Question {
  const asked = partyTables(session).flatMap((table) => askAbout(session, table, most));
  const statement = keepStatement<CandidateRow>((places) => {
    const parts = asked.map(
      ({ part }, place) => sql`select ${sql.lit(place)} as place, part.* from (${part(places)}) as part`,
    );
    return sql<CandidateRow>`${sql.join(parts, sql` union all `)} order by place, made, id`;
  });
  return { statement, columns: asked.map(({ table, columnNumber }) => ({ table, columnNumber })) };
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
  place: number;
  id: string;
  address: string;
  owner: string | null;
  made: string;
  active: number;
}

interface Asked {
  table: string;
  columnNumber: number;
  part: (places: Places) => RawBuilder<unknown>;
}

/** One for each column of addresses that the caller may read. */
function askAbout(session: Session, table: Table, most: number): Asked[] {
  const scope = newScope(newStatement(session), table);
  const visible = session.access.readable(session.caller, table, scope.alias);
  const own = (column: string) => at(scope.alias, column);
  return addressColumns(table).flatMap((column, index) => {
    if (!session.access.mayUse(session.caller, 'read', table, column)) return [];
    const { folded } = columnRef(scope, column);
    const part = (places: Places) => sql`
      select ${own(table.key)} as id, ${folded} as address,
        ${table.owned ? own('ownerid') : sql`cast(null as text)`} as owner,
        ${own('createdon')} as made, ${activeSql(table, own)} as active
      from ${identifier(table.name)} as ${identifier(scope.alias)}
      where ${places.isOneOf(folded, 0)}${visible === undefined ? sql`` : sql` and ${visible}`}
      order by ${own('createdon')}, ${own(table.key)}${limit(most * TOO_MANY + 1)}`;
    return [{ table: table.name, columnNumber: index + 1, part }];
  });
}

function activeSql(table: Table, own: (column: string) => RawBuilder<unknown>) {
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
  const rows = await ours.run(queries, engine, wanted);
  return new Set(rows.map(({ address }) => address));
}

const ours = keepStatement<{ address: string }>(
  ({ isOneOf }) => sql`
    select internalemailaddress_folded as address from systemuser where ${isOneOf(sql.ref('internalemailaddress_folded'), 0)}
    union select emailaddress_folded from queue where ${isOneOf(sql.ref('emailaddress_folded'), 0)}`,
);
