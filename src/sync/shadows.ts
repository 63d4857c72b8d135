import type { Queue } from '../api/queue.ts';
import { asTried, isSettled, type Change, type ChangeStatus } from '../model/change.ts';
import { CrmError } from '../model/errors.ts';
import { MalformedChange } from '../model/parse-change.ts';
import type { Statuses } from './statuses.ts';
import type { OutboxEntry, Store } from './store.ts';

/** Mails asked about at once. */
const most = 100;

/**
 * Asks the server what became of everything it was handed: while no pane was open nobody heard its events, and a server that
 * was restored from a backup has forgotten what it promised. Whatever it no longer has unfinished is handed over once more:
 * the same id is answered with the stored result, or accepted anew. Answers whether the server could be asked.
 */
export async function askAfterShadows(
  services: { readonly store: Store; readonly queue: Queue; readonly statuses: Statuses },
  entries: readonly OutboxEntry[],
): Promise<boolean> {
  const shadows = entries.filter(({ state }) => state === 'handed-over');
  try {
    for (let begin = 0; begin < shadows.length; begin += most)
      await askAfter(services, shadows.slice(begin, begin + most));
    return true;
  } catch (error) {
    if (error instanceof CrmError) return false;
    throw error;
  }
}

type MailChange = Exclude<Change, { kind: 'create' }>;

async function askAfter(
  { store, queue, statuses }: Parameters<typeof askAfterShadows>[0],
  shadows: readonly OutboxEntry[],
): Promise<void> {
  const read = await Promise.all(shadows.map(({ id }) => store.change(id).catch(nullIfMalformed)));
  const changes = read.filter((change): change is MailChange => change !== null && change.kind !== 'create');
  const { items } = await queue.itemStates(
    changes.map(({ mail }) => mail),
    { askCrm: false },
  );
  const pending = new Map(items.flatMap((item) => item.pending).map((status) => [status.id, status]));
  for (const entry of shadows) {
    const change = changes.find(({ id }) => id === entry.id);
    const status =
      pending.get(entry.id) ?? (change === undefined ? null : await queue.handOver(asTried(change, entry.tried)));
    if (status === null) continue;
    await believe(store, status);
    statuses.set(status);
  }
}

/** What the server says of a Change it has: done is forgotten, another end stays until its person has seen it. */
export async function believe(store: Store, { id, state, at: since, reason }: ChangeStatus): Promise<void> {
  if (!isSettled(state)) return;
  if (state === 'done') {
    await store.remove(id);
    return;
  }
  const entry = await store.entry(id);
  if (entry !== null) await store.replace({ ...entry, state: 'stopped', since, nextTryAt: null, reason });
}

function nullIfMalformed(error: unknown): null {
  if (error instanceof MalformedChange) return null;
  throw error;
}
