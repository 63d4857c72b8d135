import type { WriteSession } from '../../odata/session.ts';

/** Rows that this transaction made itself: what belongs to them may be added, whoever was made their owner. */
const created = new WeakMap<object, Set<string>>();

export function rememberCreated({ queries }: Pick<WriteSession, 'queries'>, id: string): void {
  const ids = created.get(queries) ?? new Set();
  created.set(queries, ids.add(id));
}

export function wasCreatedHere({ queries }: Pick<WriteSession, 'queries'>, id: string): boolean {
  return created.get(queries)?.has(id) === true;
}
