import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { MailReasons } from '../../api/mail-why.ts';
import { isSettled, type Change, type ChangeStatus, type CreateChange } from '../../model/change.ts';
import type { MailIdentity } from '../../model/item-key.ts';
import type { RegardingRef } from '../../model/records.ts';
import { isItemClosed, type OpenItem, type ReadableMail, type Wish } from '../../outlook/mailbox.ts';
import type { Gestures } from '../../sync/gestures.ts';
import type { Tracking, UndoMemory } from '../services.ts';
import { useNow } from '../use-now.ts';
import { useGlance } from './use-glance.ts';
import { trackView, type KnownState, type TrackView } from './track-view.ts';

/** What the bar above the card shows and can do; it knows neither Outlook nor the CRM. */
export interface Tracker {
  readonly view: TrackView;
  /** A click of this pane is being recorded. */
  readonly recording: boolean;
  /** The click could not even be recorded. */
  readonly failed: boolean;
  /** This mailbox had the mail marked as tracked; worth saying when the CRM cannot be asked. */
  readonly markedBefore: boolean;
  /** Seconds until a held removal goes out; null when the undo is of something done. */
  readonly undo: { readonly heldSeconds: number | null; take: () => void } | null;
  readonly track: (regarding: RegardingRef | null) => void;
  readonly regard: (regarding: RegardingRef | null) => void;
  readonly untrack: (keepRecord: boolean) => void;
  /** The stopped Change once more, as a new one; null when this session does not know what it was. */
  readonly repeat: (() => void) | null;
  readonly drop: (changeId: string) => void;
  /** What was to be dropped had left already; its next word follows. */
  readonly tooLate: boolean;
  readonly retry: () => void;
  /** Why the mail is or is not tracked; null while it is not read yet. */
  readonly askReasons: (() => Promise<MailReasons>) | null;
}

interface Read {
  readonly mail: ReadableMail;
  readonly identity: MailIdentity;
}

const undoTime = 10_000;
const noChanges: readonly ChangeStatus[] = [];

/** Everything about one opening of one mail. The component that uses it is keyed by `item.turn`. */
export function useTracker(item: OpenItem, tracking: Tracking, undoMemory: UndoMemory): Tracker {
  const reading = useReading(item, tracking);
  const read = useSettledValue(reading);
  const lane = read?.identity.itemKey ?? null;
  const statuses = useLane(tracking, lane);
  const known = useKnownState(read?.identity ?? null, tracking, statuses);
  useGlance(read?.identity ?? null, tracking, known.value, known.ask);
  const view = useMemo(() => trackView(statuses, known.value), [statuses, known.value]);
  const markedBefore = useMarks(item, view);

  const [recording, setRecording] = useState(false);
  const [failed, setFailed] = useState(false);
  const [tooLateFor, setTooLateFor] = useState<string | null>(null);
  const gesture = useCallback(
    (make: (read: Read) => Promise<Change | null>) => {
      setRecording(true);
      setFailed(false);
      void reading
        .then(async (value) => {
          const change = await make(value);
          if (change) undoMemory.set(value.identity.itemKey, { change, turn: item.turn });
        })
        .catch((error: unknown) => setFailed(!isItemClosed(error)))
        .finally(() => setRecording(false));
    },
    [reading, undoMemory, item],
  );

  const { gestures } = tracking;
  useWish(read?.mail ?? null, (wish) =>
    gesture(async ({ mail }) => {
      const change = await gestures.track(mail, null, wish.stamp);
      await wish.settle();
      return change;
    }),
  );
  const undo = useUndo(lane, statuses, undoMemory, () =>
    gesture(async ({ mail, identity }) => {
      const remembered = undoMemory.get(identity.itemKey);
      undoMemory.delete(identity.itemKey);
      if (remembered) await gestures.undo(remembered.change, remembered.turn === item.turn ? mail : null);
      return null;
    }),
  );

  const stopped = lane === null ? undefined : undoMemory.get(lane)?.change;
  const repeatable = stopped !== undefined && stopped.id === view.change?.id && stopped.kind !== 'create';

  return {
    view,
    recording,
    failed,
    markedBefore,
    undo,
    track: (regarding) => gesture(({ mail }) => gestures.track(mail, regarding)),
    regard: (regarding) => gesture(({ identity }) => gestures.regard(identity, regarding)),
    untrack: (keepRecord) => gesture(({ identity }) => gestures.untrack(identity, { keepRecord })),
    repeat: repeatable
      ? () =>
          gesture(async ({ mail, identity }) => {
            await tracking.drop(stopped.id);
            return repeat(stopped, gestures, mail, identity);
          })
      : null,
    drop(changeId) {
      void tracking.drop(changeId).then((dropped) => {
        setTooLateFor(dropped ? null : changeId);
        known.ask();
      });
    },
    tooLate: tooLateFor !== null && tooLateFor === view.change?.id,
    retry() {
      tracking.retryNow();
      known.ask();
    },
    askReasons:
      lane === null
        ? null
        : () => tracking.reasons(lane, view.settled.is === 'tracked' ? view.settled.activityId : null),
  };
}

function repeat(change: Exclude<Change, CreateChange>, gestures: Gestures, mail: ReadableMail, identity: MailIdentity) {
  switch (change.kind) {
    case 'track':
      return gestures.track(mail, change.regarding);
    case 'regard':
      return gestures.regard(identity, change.regarding);
    case 'untrack':
      return gestures.untrack(identity, { keepRecord: change.keepRecord });
  }
}

/** The mail is read once per opening, from the moment it is open, so that a click finds it already known. */
function useReading(item: OpenItem, tracking: Tracking): Promise<Read> {
  const reading = useMemo(async () => {
    const mail = await item.read();
    return { mail, identity: await tracking.gestures.identify(mail.message) };
  }, [item, tracking]);
  useEffect(() => {
    // Whoever awaits it deals with the failure; here it is only not an unhandled one.
    reading.catch(() => undefined);
  }, [reading]);
  return reading;
}

/** What was wanted of the draft is done with the sent copy: once, when it is open. */
function useWish(mail: ReadableMail | null, fulfil: (wish: Wish) => void): void {
  const latest = useRef(fulfil);
  useEffect(() => {
    latest.current = fulfil;
  });
  const wish = mail?.wish;
  useEffect(() => {
    if (wish !== undefined) latest.current(wish);
  }, [wish]);
}

function useSettledValue<T>(promise: Promise<T>): T | null {
  const [value, setValue] = useState<T | null>(null);
  useEffect(() => {
    let left = false;
    promise.then((settled) => left || setValue(settled)).catch(() => undefined);
    return () => {
      left = true;
    };
  }, [promise]);
  return value;
}

function useLane(tracking: Tracking, lane: string | null): readonly ChangeStatus[] {
  return useSyncExternalStore(
    tracking.changes.subscribe,
    useCallback(() => (lane === null ? noChanges : tracking.changes.of(lane)), [tracking, lane]),
  );
}

/** Asks when the mail is opened, when a Change of it ends, when the window is looked at again, and when a glance differs. */
function useKnownState(identity: MailIdentity | null, tracking: Tracking, statuses: readonly ChangeStatus[]) {
  const client = useQueryClient();
  const queryKey = useMemo(() => ['item-state', identity?.itemKey], [identity]);
  const { data, error } = useQuery({
    queryKey,
    enabled: identity !== null,
    queryFn: async ({ signal }): Promise<KnownState> => {
      if (identity === null) throw new Error('The mail is not read yet.');
      const done = tracking.changes.of(identity.itemKey).filter(({ state }) => state === 'done');
      return { seen: new Set(done.map(({ id }) => id)), state: await tracking.itemState(identity, signal) };
    },
  });
  const ask = useCallback(() => void client.invalidateQueries({ queryKey }), [client, queryKey]);
  const settled = statuses.filter(({ state }) => isSettled(state)).length;
  useEffect(() => {
    if (settled > 0) ask();
  }, [settled, ask]);
  const value = useMemo(
    (): KnownState | null => data ?? (error ? { state: 'unknown', seen: new Set() } : null),
    [data, error],
  );
  return { value, ask };
}

/** Keeps Outlook's own marks in step: set when the mail is tracked, taken away only by an untrack seen here. */
function useMarks(item: OpenItem, view: TrackView): boolean {
  const [markedBefore, setMarkedBefore] = useState(false);
  const [wasTracked, setWasTracked] = useState(false);
  const { is } = view.settled;
  useEffect(() => {
    if (is === 'tracked') {
      setWasTracked(true);
      void item.marks.show(true);
    } else if (wasTracked && (is === 'untracked' || is === 'kept')) {
      setWasTracked(false);
      void item.marks.show(false);
    } else if (is === 'unknown') {
      void item.marks.lastKnown().then(setMarkedBefore);
    }
  }, [item, is, wasTracked]);
  return markedBefore;
}

/** Offered for ten seconds after a gesture was carried out, and as long as a removal is held. */
function useUndo(
  lane: string | null,
  statuses: readonly ChangeStatus[],
  memory: UndoMemory,
  take: () => void,
): Tracker['undo'] {
  const change = lane === null ? undefined : memory.get(lane)?.change;
  const status = statuses.find(({ id }) => id === change?.id);
  const until =
    change === undefined || status === undefined
      ? 0
      : status.state === 'done'
        ? change.holdUntil === null
          ? Date.parse(status.at) + undoTime
          : 0
        : change.holdUntil === null
          ? 0
          : Date.parse(change.holdUntil);
  const now = useNow(until > Date.now());
  if (until <= now) return null;
  const held = status?.state !== 'done';
  return { heldSeconds: held ? Math.max(1, Math.ceil((until - now) / 1000)) : null, take };
}
