import type { ChangeStatus } from '../model/change.ts';
import type { DeviceState } from '../sync/device.ts';

/** What the strip above everything says, most urgent first, and what its person can do about it. */
export interface StripView {
  readonly says: readonly StripLine[];
  readonly does: readonly StripAction[];
}

export type StripLine =
  | { readonly of: 'lost' | 'not-saved' | 'waiting' | 'unreadable'; readonly count: number }
  /** The oldest has waited for days: since when, ISO 8601. */
  | { readonly of: 'old'; readonly since: string }
  | { readonly of: 'may-be-cleared' | 'away' }
  | { readonly of: 'storage'; readonly trouble: Exclude<DeviceState['storage'], 'kept'> };

export type StripAction = 'sign-in' | 'try-now' | 'export' | 'understood';

/** Changes that wait for longer than this deserve a copy somewhere else. */
const longWait = 3 * 24 * 60 * 60 * 1000;

export function stripView(all: readonly ChangeStatus[], device: DeviceState, away: boolean, now: number): StripView {
  // A held removal waits on purpose; it says so itself and needs no help.
  const waiting = all.filter(({ state, reason }) => state === 'waiting' && reason !== null);
  const notSaved = all.filter(({ state, reason }) => state === 'sending' && reason?.code === 'not-saved');
  const since = waiting.reduce<string | null>((oldest, { at }) => (oldest === null || at < oldest ? at : oldest), null);
  const old = since !== null && now - Date.parse(since) > longWait ? since : null;
  const stuck = waiting.length + notSaved.length;

  const says: StripLine[] = [];
  if (device.lost > 0) says.push({ of: 'lost', count: device.lost });
  if (notSaved.length > 0) says.push({ of: 'not-saved', count: notSaved.length });
  if (waiting.length > 0) says.push({ of: 'waiting', count: waiting.length });
  if (old !== null) says.push({ of: 'old', since: old });
  if (waiting.length > 0 && device.persisted === false) says.push({ of: 'may-be-cleared' });
  if (device.unreadable > 0) says.push({ of: 'unreadable', count: device.unreadable });
  if (device.storage !== 'kept') says.push({ of: 'storage', trouble: device.storage });
  if (says.length === 0 && away) says.push({ of: 'away' });

  const does: StripAction[] = [];
  if (device.lost > 0) does.push('understood');
  if (waiting.some(({ reason }) => reason?.code === 'unauthorized')) does.push('sign-in');
  else if (stuck > 0 || away) does.push('try-now');
  const unusable = device.storage === 'newer' || device.storage === 'broken';
  if (old !== null || notSaved.length > 0 || device.unreadable > 0 || unusable) does.push('export');
  return { says, does };
}
