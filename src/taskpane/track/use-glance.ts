import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { MailIdentity } from '../../model/item-key.ts';
import type { ItemState } from '../../model/item-state.ts';
import type { Tracking } from '../services.ts';
import type { KnownState } from './track-view.ts';

/** Milliseconds between two looks: what a colleague does to the open mail is on the screen within five seconds. */
const pause = 3_500;
/** The same while nobody answers. */
const pauseUnanswered = 20_000;

/**
 * Looks every few seconds, with the person's own rights and one small request, whether the CRM still says of the open mail what
 * is shown; `changed` is called when it does not. Colleagues' panes write to the CRM directly, and no server tells us of it.
 * Not while the pane is hidden.
 */
export function useGlance(
  identity: MailIdentity | null,
  tracking: Tracking,
  known: KnownState | null,
  changed: () => void,
): void {
  const { data } = useQuery<ItemState['tracked']>({
    queryKey: ['glance', identity?.itemKey],
    enabled: identity !== null && known !== null,
    // What is shown was asked a moment ago: the first look is due after a pause.
    initialData: 'unknown',
    staleTime: pause,
    refetchInterval: ({ state }) => (state.dataUpdateCount > 0 && state.data === 'unknown' ? pauseUnanswered : pause),
    queryFn: ({ signal }) =>
      identity === null ? Promise.resolve('unknown') : tracking.glance(identity, signal).catch(() => 'unknown'),
  });
  const seen = factsOf(data);
  const shown = known === null || known.state === 'unknown' ? null : factsOf(known.state.tracked);
  const asked = useRef<string | null>(null);
  useEffect(() => {
    if (seen === null || seen === shown) asked.current = null;
    else if (asked.current !== seen) {
      asked.current = seen; // once: a server that goes on saying something else is not asked every few seconds
      changed();
    }
  }, [seen, shown, changed]);
}

/** What a look can tell. A row that this person may not see looks like none. */
function factsOf(tracked: ItemState['tracked']): string | null {
  if (tracked === 'unknown') return null;
  return tracked?.visibility === 'full' ? `${tracked.activityId} ${tracked.regarding?.id ?? ''}` : '';
}
