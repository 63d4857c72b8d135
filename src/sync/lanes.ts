import { shownState } from './shown.ts';
import type { OutboxEntry } from './store.ts';

/** What waits of one lane, in order; nothing when a conflict stands before it. */
export interface Lane {
  readonly lane: string;
  readonly next: readonly OutboxEntry[];
  readonly onServer: boolean;
}

export function lanesOf(entries: readonly OutboxEntry[]): readonly Lane[] {
  const lanes = new Map<string, { lane: string; next: OutboxEntry[]; onServer: boolean; held: boolean }>();
  for (const entry of entries) {
    const lane = lanes.get(entry.lane) ?? { lane: entry.lane, next: [], onServer: false, held: false };
    lanes.set(entry.lane, lane);
    lane.onServer ||= entry.state === 'handed-over';
    lane.held ||= shownState(entry) === 'conflict';
    if (entry.state === 'pending' && !lane.held) lane.next.push(entry);
  }
  return [...lanes.values()].filter(({ next }) => next.length > 0);
}

/** Milliseconds at which an entry may be tried. */
export function dueAt({ nextTryAt, holdUntil }: OutboxEntry): number {
  return Math.max(nextTryAt === null ? 0 : Date.parse(nextTryAt), holdUntil === null ? 0 : Date.parse(holdUntil));
}

export function isDue(entry: OutboxEntry | undefined, now: number, ignoreBackoff: boolean): boolean {
  if (entry === undefined) return false;
  const held = entry.holdUntil !== null && Date.parse(entry.holdUntil) > now;
  return !held && (ignoreBackoff || dueAt(entry) <= now);
}
