import { sql } from 'kysely';
import type { Queries } from '../../db/engine.ts';

/** The tree of business units, read as a whole: an organisation has a few hundred at most. */
export interface BusinessUnits {
  /** The one without a parent. */
  root: string;
  /** The unit and all below it. */
  withDescendants(id: string): readonly string[];
  isDisabled(id: string): boolean;
}

interface Unit {
  id: string;
  parent: string | null;
  isdisabled: number | null;
}

export async function readBusinessUnits(queries: Queries): Promise<BusinessUnits> {
  const { rows } = await sql<Unit>`select businessunitid as id, parentbusinessunitid as parent, isdisabled
    from businessunit order by businessunitid`.execute(queries);
  const byId = new Map(rows.map((unit) => [unit.id, unit]));
  const children = new Map<string, string[]>();
  for (const { id, parent } of rows) if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), id]);
  return {
    root: rows.find(({ parent }) => parent === null)?.id ?? '',
    withDescendants(id) {
      // A set grows while it is walked through, and knows what it has seen.
      const found = new Set([id]);
      for (const each of found) for (const child of children.get(each) ?? []) found.add(child);
      return [...found];
    },
    isDisabled: (id) => Number(byId.get(id)?.isdisabled ?? 0) === 1,
  };
}
