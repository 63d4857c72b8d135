import type { ChangeStatus } from '../model/change.ts';
import { isSettled } from '../model/change.ts';
import { MalformedChange, parseChangeStatus } from '../model/parse-change.ts';
import { isGuid } from '../model/uuid.ts';
import { isObject } from '../model/is-object.ts';
import { shownState, statusOf } from './shown.ts';
import type { Statuses } from './statuses.ts';
import type { OutboxEntry, Store } from './store.ts';

/** What the panes of one person in one browser tell each other about the outbox they share. */
export type PeerNews =
  /** A new entry: whoever gets the turn carries it, even if the pane that recorded it closes at once. */
  | { readonly kind: 'recorded'; readonly status: ChangeStatus }
  | { readonly kind: 'moved'; readonly statuses: readonly ChangeStatus[] }
  | { readonly kind: 'dropped'; readonly id: string };

/**
 * A pane that was opened before an update tells what another version knows.
 * @throws MalformedChange naming the field
 */
export function parsePeerNews(value: unknown): PeerNews {
  if (!isObject(value)) throw new MalformedChange('news');
  const { kind, status, statuses, id } = value;
  switch (kind) {
    case 'recorded':
      return { kind, status: parseChangeStatus(status) };
    case 'moved':
      if (!Array.isArray(statuses)) throw new MalformedChange('statuses');
      return { kind, statuses: statuses.map(parseChangeStatus) };
    case 'dropped':
      if (typeof id !== 'string' || !isGuid(id)) throw new MalformedChange('id');
      return { kind, id };
    default:
      throw new MalformedChange('kind');
  }
}

/** Statuses whose every word is told to the other panes as well. */
export function toldToPeers(statuses: Statuses, tell: (news: PeerNews) => void): Statuses {
  return {
    ...statuses,
    set(...news) {
      statuses.set(...news);
      if (news.length > 0) tell({ kind: 'moved', statuses: news });
    },
    forget(id) {
      statuses.forget(id);
      tell({ kind: 'dropped', id });
    },
  };
}

/**
 * Brings what this pane says in line with what the outbox holds: another pane may have changed it and closed before it could
 * tell, and where the browser refuses the channel nobody tells.
 * @param known ids that this pane saw in the outbox; it is brought up to date
 */
export async function reconcile(
  { store, statuses }: { readonly store: Pick<Store, 'entry'>; readonly statuses: Statuses },
  known: Set<string>,
  entries: readonly OutboxEntry[],
): Promise<void> {
  const listed = new Set(entries.map(({ id }) => id));
  const news = entries.filter((entry) => isNews(entry, statuses.get(entry.id)));
  statuses.set(...news.map((entry) => statusOf(entry, shownState(entry))));
  for (const id of known) {
    // Recorded since the list was read, or gone: the store itself says which.
    if (listed.has(id) || (await store.entry(id)) !== null) continue;
    known.delete(id);
    const state = statuses.get(id)?.state;
    // Finished or taken back, nobody here knows which; what became of the mail is asked by its key.
    if (state !== undefined && state !== 'done') statuses.forget(id);
  }
  for (const id of listed) known.add(id);
}

function isNews(entry: OutboxEntry, shown: ChangeStatus | null): boolean {
  if (shown === null) return true;
  if (isSettled(shown.state)) return false;
  return entry.state === 'stopped' || (entry.state === 'handed-over' && shown.state !== 'queued');
}
