import { sql, type RawBuilder } from 'kysely';
import { conditionSql } from '../read/condition-sql.ts';
import { behind, orderSql, writeCookie, type SortColumn } from '../read/paging.ts';
import { where } from '../read/prepare.ts';
import { newStatement, type Hits } from '../read/scope.ts';
import { findHits } from '../read/search.ts';
import type { Row, Session } from '../session.ts';
import { checkAggregate, readAggregate } from './aggregate.ts';
import { compile, type Compiled } from './compile.ts';
import { refOf } from './joins.ts';
import { sortColumns } from './order.ts';
import { isSeen, outputsOf, presentOutputs, selectList } from './outputs.ts';
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

function compileFor({ session, fetch, filter, among, parameters }: What, hits?: Hits): Compiled {
  const statement = newStatement(session, parameters, hits);
  return compile(statement, fetch.entity, (scope) => [
    filter === undefined ? undefined : conditionSql(statement, scope, filter),
    among?.(scope),
  ]);
}

/** As for $filter: what SQLite's trigram index finds is asked first. */
async function compileWell(request: FetchRequest): Promise<Compiled> {
  const compiled = compileFor(request);
  return compiled.statement.searches.length === 0 ? compiled : compileFor(request, await findHits(compiled.statement));
}

async function readRows(request: FetchRequest, compiled: Compiled): Promise<FetchPage> {
  const { session, fetch, annotations } = request;
  const { root, nodes, conditions } = compiled;
  const outputs = outputsOf(nodes, fetch.distinct);
  const ties = fetch.distinct
    ? outputs
        .filter((output) => output.value === undefined && isSeen(output))
        .map(({ node, column }) => refOf(node, column.name))
    : keysOf(compiled);
  const order = [...sortColumns(compiled, fetch), ...ties.map((tie) => ({ ...tie, descending: false }))];
  const window = windowOf(request, order);
  const sorted = order.map(({ folded }, index) => sql`, ${folded} as ${sql.raw(`sort${index}`)}`);
  const list = sql`${selectList(outputs, root, fetch.distinct)}${sql.join(sorted, sql``)}`;
  const select = sql`select ${sql.raw(fetch.distinct ? 'distinct ' : '')}${list} ${compiled.from()}`;
  // The order ends with the keys of all rows: behind equal ones there is nothing.
  const after = window.cookie === undefined ? conditions : [...conditions, behind(order, window.cookie, sql`''`)];
  const { rows: found } =
    await sql<Row>`${select}${where(after)} order by ${byAliases(order)} limit ${window.size + 1} offset ${window.offset}`.execute(
      session.queries,
    );
  const stored = found.slice(0, window.size);
  const more = found.length > window.size;
  return {
    rows: await presentOutputs(session, outputs, stored, annotations),
    page: window.page,
    more: more && fetch.top === undefined,
    cookie: fetch.distinct ? undefined : cookieAfter(stored.at(-1), order.length, window.page + 1),
    ...(await countOf(request, sql`${select}${where(conditions)}`)),
  };
}

/** By the names of what is selected, which is all that DISTINCT allows. */
function byAliases(order: readonly SortColumn[]): RawBuilder<unknown> {
  const named = order.map((each, index) => ({ ...each, folded: sql.raw(`sort${index}`) }));
  return orderSql(named, sql.raw(order.length === 0 ? '1' : `sort${order.length - 1}`));
}

/** Every row of the answer is told from the others by the rows it is made of. */
function keysOf({ nodes }: Compiled) {
  return nodes.map((node) => refOf(node, node.scope.table.key));
}

function cookieAfter(last: Row | undefined, width: number, page: number): string | undefined {
  if (last === undefined) return undefined;
  const values = Array.from({ length: width }, (_, index) => {
    const value = last[`sort${index}`];
    return typeof value === 'string' || typeof value === 'number' ? value : null;
  });
  return writeCookie({ page, values, key: '' });
}
