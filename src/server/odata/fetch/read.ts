import { sql, type RawBuilder } from 'kysely';
import { limit } from '../../db/engine.ts';
import { at } from '../identifier.ts';
import { conditionSql } from '../read/condition-sql.ts';
import { behind, orderSql, writeCookie, type SortColumn } from '../read/paging.ts';
import { where } from '../read/prepare.ts';
import { newStatement } from '../read/scope.ts';
import { countFound } from '../read/search.ts';
import type { Row, Session } from '../session.ts';
import { checkAggregate, readAggregate } from './aggregate.ts';
import { compile, type Compiled } from './compile.ts';
import { refOf } from './joins.ts';
import { sortColumns } from './order.ts';
import { isSeen, outputsOf, presentOutputs, selectList, type Output } from './outputs.ts';
import { countOf, windowOf, type FetchPage, type FetchRequest } from './page.ts';
import type { Fetch } from './tree.ts';

/** One page of a FetchXML query. @throws {HttpError} 400 naming what is unknown, 403 for a table without the right */
export async function readFetch(request: FetchRequest): Promise<FetchPage> {
  const compiled = await compileWell(request);
  return request.fetch.aggregate ? readAggregate(request, compiled) : readRows(request, compiled);
}

/** Finds what is wrong with a query without running it. @throws {HttpError} as `readFetch` does */
export function checkFetch(session: Session, fetch: Fetch): void {
  const compiled = compileFor({ session, fetch, filter: undefined, among: undefined, parameters: new Map() });
  if (fetch.aggregate) checkAggregate(compiled);
  else {
    outputsOf(compiled.nodes, fetch.distinct);
    sortColumns(compiled, fetch);
  }
}

type What = Pick<FetchRequest, 'session' | 'fetch' | 'filter' | 'among' | 'parameters'>;

function compileFor({ session, fetch, filter, among, parameters }: What): Compiled {
  const statement = newStatement(session, parameters);
  return compile(statement, fetch.entity, (scope) => [
    filter === undefined ? undefined : conditionSql(statement, scope, filter),
    among?.(scope),
  ]);
}

/** As for $filter: how much SQLite's trigram index finds is asked first. */
async function compileWell(request: FetchRequest): Promise<Compiled> {
  const compiled = compileFor(request);
  if (compiled.statement.uncounted.length === 0) return compiled;
  await countFound(compiled.statement);
  return compileFor(request);
}

async function readRows(request: FetchRequest, compiled: Compiled): Promise<FetchPage> {
  const { session, fetch, annotations } = request;
  const { root, conditions } = compiled;
  const outputs = outputsOf(compiled.nodes, fetch.distinct);
  const { order, key, keyName } = orderOf(compiled, fetch, outputs);
  const window = windowOf(request, order);
  const sorted = order.map(({ folded }, index) => sql`, ${folded} as ${sql.raw(`sort${index}`)}`);
  const list = sql`${selectList(outputs, root, fetch.distinct)}${sql.join(sorted, sql``)}`;
  const select = sql`select ${sql.raw(fetch.distinct ? 'distinct ' : '')}${list} ${compiled.from()}`;
  const after = window.cookie === undefined ? conditions : [...conditions, behind(order, window.cookie, key)];
  const { rows: found } =
    await sql<Row>`${select}${where(after)} order by ${byAliases(order, keyName === undefined ? undefined : key)}${limit(window.size + 1)} offset ${window.offset}`.execute(
      session.queries,
    );
  const stored = found.slice(0, window.size);
  const last = stored.at(-1);
  const end = keyName === undefined ? '' : String(last?.[keyName]);
  return {
    rows: await presentOutputs(session, outputs, stored, annotations),
    page: window.page,
    more: found.length > window.size && fetch.top === undefined,
    cookie: fetch.distinct || last === undefined ? undefined : cookieAfter(last, order.length, window.page + 1, end),
    ...(await countOf(request, sql`${select}${where(conditions)}`)),
  };
}

interface FetchOrder {
  order: SortColumn[];
  /** What settles ties; of several tables the order itself ends with all their keys, and there is nothing left to settle. */
  key: RawBuilder<unknown>;
  /** What the key is called in the statement. */
  keyName: string | undefined;
}

/** Rows of one table are told apart by its key, whose index serves the order as well; pairs of rows by all their keys. */
function orderOf(compiled: Compiled, fetch: Fetch, outputs: readonly Output[]): FetchOrder {
  const { root, nodes } = compiled;
  const wanted = sortColumns(compiled, fetch);
  const own = root.scope.table.key;
  const keyName = outputs.find(
    ({ node, column, value }) => value === undefined && node === root && column.name === own,
  )?.name;
  if (!fetch.distinct && nodes.length === 1) return { order: wanted, key: at(root.scope.alias, own), keyName };
  const ties = fetch.distinct
    ? outputs
        .filter((output) => output.value === undefined && isSeen(output))
        .map(({ node, column }) => refOf(node, column.name))
    : nodes.map((node) => refOf(node, node.scope.table.key));
  const order = [...wanted, ...ties.map((tie) => ({ ...tie, descending: false }))];
  return { order, key: sql`''`, keyName: undefined };
}

/** By the names of what is selected, which is all that DISTINCT allows. */
function byAliases(order: readonly SortColumn[], key: RawBuilder<unknown> | undefined): RawBuilder<unknown> {
  const named = order.map((each, index) => ({ ...each, folded: sql.raw(`sort${index}`) }));
  return orderSql(named, key ?? sql.raw(order.length === 0 ? '1' : `sort${order.length - 1}`));
}

function cookieAfter(last: Row, width: number, page: number, key: string): string {
  const values = Array.from({ length: width }, (_, index) => {
    const value = last[`sort${index}`];
    return typeof value === 'string' || typeof value === 'number' ? value : null;
  });
  return writeCookie({ page, values, key });
}
