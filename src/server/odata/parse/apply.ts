import { badRequest, shown } from '../bad-request.ts';
import { createParser, demandLength, type Condition, type Limits } from './filter.ts';
import { readTokens } from './tokens.ts';

export type Method = 'sum' | 'average' | 'min' | 'max';

/** `revenue with sum as total`, or `$count as rows`. */
export interface Aggregation {
  path: string[] | undefined;
  method: Method | 'count';
  as: string;
}

/** What $apply says: which rows, what they are grouped by, and what is worked out for each group. */
export interface Apply {
  filter: Condition | undefined;
  groupBy: string[][];
  aggregations: Aggregation[];
}

const METHODS: ReadonlyMap<string, Method> = new Map(
  (['sum', 'average', 'min', 'max'] as const).map((method) => [method, method]),
);
const ALIAS = /^[A-Za-z_]\w{0,99}$/;
/** Columns of a group and values worked out of it, each. */
const MOST = 50;

/**
 * Parses a $apply: `filter(..)/groupby((a,b/c),aggregate(x with sum as y,$count as n))` and its parts.
 * https://learn.microsoft.com/power-apps/developer/data-platform/webapi/query/aggregate-data
 * @throws {HttpError} 400 with the position, or naming what is not spoken
 */
export function parseApply(source: string, limits: Limits): Apply {
  demandLength('$apply', source, limits);
  const parser = createParser(readTokens(source));
  const { either, end, expect, isMark, name, path } = parser;
  const filters: Condition[] = [];

  function transformation(): Apply {
    const word = name();
    expect('(');
    if (word === 'filter') return afterFilter();
    if (word === 'groupby') return { filter: undefined, ...grouping() };
    if (word === 'aggregate') return { filter: undefined, groupBy: [], aggregations: aggregations() };
    throw badRequest(`The transformation ${shown(word)} is not supported in $apply.`);
  }

  function afterFilter(): Apply {
    filters.push(either());
    expect(')');
    if (filters.length > MOST) throw badRequest(`$apply filters at most ${MOST} times.`);
    if (!isMark('/')) throw badRequest('A filter in $apply needs a groupby or an aggregate behind it.');
    expect('/');
    return transformation();
  }

  function grouping(): Pick<Apply, 'groupBy' | 'aggregations'> {
    expect('(');
    const groupBy = list(path);
    if (!isMark(',')) {
      expect(')');
      return { groupBy, aggregations: [] };
    }
    expect(',');
    const word = name();
    if (word !== 'aggregate') throw badRequest(`${shown(word)} is not supported in groupby; aggregate is.`);
    expect('(');
    const found = aggregations();
    expect(')');
    return { groupBy, aggregations: found };
  }

  function aggregations(): Aggregation[] {
    return list(aggregation);
  }

  function aggregation(): Aggregation {
    const segments = path();
    if (segments[0] === '$count') return { path: undefined, method: 'count', as: alias() };
    expectName('with');
    const word = name();
    const method = METHODS.get(word);
    if (method === undefined) throw badRequest(`The aggregation method ${shown(word)} is not supported in $apply.`);
    return { path: segments, method, as: alias() };
  }

  function alias(): string {
    expectName('as');
    const word = name();
    if (!ALIAS.test(word)) throw badRequest(`"${shown(word)}" in $apply is not a name for a value.`);
    return word;
  }

  function expectName(word: string): void {
    if (name() !== word) throw badRequest(`Syntax error in $apply: "${word}" is missing.`);
  }

  /** One or more, up to the closing parenthesis. */
  function list<Item>(item: () => Item): Item[] {
    const found = [item()];
    while (isMark(',')) {
      expect(',');
      found.push(item());
      if (found.length > MOST) throw badRequest(`$apply takes at most ${MOST} columns.`);
    }
    expect(')');
    return found;
  }

  const apply = transformation();
  end();
  const [only, ...rest] = filters;
  const filter = rest.length === 0 ? only : { kind: 'and' as const, parts: filters };
  return { ...apply, filter };
}
