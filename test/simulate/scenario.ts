import type { Random } from '../fuzz/random.ts';
import { drawBurst } from './burst.ts';
import { crmOrigin, paneOrigin, regardingChoices } from './places.ts';
import { mails } from './mailbox.ts';
import type { CallFate } from './program.ts';
import { randomFor } from './random.ts';
import { troubleKinds, type TroubleKind } from './trouble.ts';

/** What people do and what goes wrong, drawn from the seed before the first event. Times are milliseconds since the start. */
export interface Scenario {
  readonly seed: number;
  /** Whether Dana's browser grants Web Locks. */
  readonly webLocks: boolean;
  readonly gestures: readonly PlannedGesture[];
  readonly faults: readonly Fault[];
  /** Until here people click and things fail; afterwards everything must come to its end. */
  readonly lasts: number;
}

export const panes = ["Dana's pane 1", "Dana's pane 2", "Dana's ribbon", "Miguel's pane"] as const;
export const servers = ['the web server', 'daemon 1', 'daemon 2'] as const;
export type PaneName = (typeof panes)[number];
export type ServerName = (typeof servers)[number];

export type Act =
  | { readonly kind: 'track'; readonly mail: number; readonly regarding: number | null }
  | { readonly kind: 'regard'; readonly mail: number; readonly regarding: number | null }
  | { readonly kind: 'untrack'; readonly mail: number; readonly keepRecord: boolean }
  | { readonly kind: 'create'; readonly table: 'contact' | 'lead' }
  | { readonly kind: 'undo' }
  | { readonly kind: 'look' };

export interface PlannedGesture {
  readonly at: number;
  readonly pane: PaneName;
  readonly act: Act;
}

export type Fault =
  /** Messages of a program to an origin meet trouble, with a chance, while it lasts. */
  | {
      readonly kind: 'trouble';
      readonly at: number;
      readonly lasts: number;
      readonly from: PaneName | ServerName;
      readonly to: string;
      readonly troubles: readonly TroubleKind[];
      readonly chance: number;
      /** What only asks is spared. */
      readonly writesOnly?: boolean;
    }
  /** The CRM is away for everybody. */
  | { readonly kind: 'outage'; readonly at: number; readonly lasts: number; readonly trouble: TroubleKind }
  /** The nth outside call of a program has another fate; what was killed is started again after a while. */
  | {
      readonly kind: 'call';
      readonly program: PaneName | ServerName;
      readonly nth: number;
      readonly fate: CallFate;
      readonly back: number;
      /** That call and all after it. */
      readonly onwards?: boolean;
    }
  /** The nth message of a program, or each from there on, meets trouble. */
  | {
      readonly kind: 'message';
      readonly from: PaneName | ServerName;
      readonly nth: number;
      readonly trouble: TroubleKind;
      readonly onwards: boolean;
    }
  /** From the moment on, the first time it is about to write to the CRM. */
  | {
      readonly kind: 'under a lease';
      readonly program: ServerName;
      readonly at: number;
      readonly fate: CallFate;
      readonly back: number;
    }
  | { readonly kind: 'power cut'; readonly at: number; readonly back: number }
  | { readonly kind: 'disk full'; readonly at: number; readonly lasts: number }
  | { readonly kind: 'skew'; readonly program: ServerName; readonly by: number }
  | { readonly kind: 'stream lost'; readonly at: number; readonly pane: PaneName }
  /** Somebody who works in the CRM itself. */
  | { readonly kind: 'third party'; readonly at: number; readonly mail: number; readonly act: 'removes' | 'changes' };

const minute = 60_000;

const troubledTime = 2.5 * minute;

export function drawScenario(seed: number): Scenario {
  const random = randomFor(seed, 'scenario');
  const gestures = random.many(5, 14, () => drawGesture(random));
  // One story in ten has no faults at all: people alone must not be able to break it either.
  const faults = random.chance(0.1) ? [] : random.many(1, 12, () => drawFault(random));
  const more = randomFor(seed, 'burst');
  const burst = more.chance(0.4) ? drawBurst(more) : { gestures: [], faults: [] };
  return {
    seed,
    webLocks: random.chance(0.7),
    gestures: [...gestures, ...burst.gestures].sort((one, other) => one.at - other.at),
    faults: [...faults, ...burst.faults],
    lasts: troubledTime,
  };
}

function drawGesture(random: Random): PlannedGesture {
  // Now and then several at once.
  const at = random.chance(0.3) ? 30_000 + random.int(200) : random.int(troubledTime - minute / 2);
  return { at, pane: random.pick([...panes, "Dana's pane 1", "Miguel's pane"] as const), act: drawAct(random) };
}

function drawAct(random: Random): Act {
  // Few mails, so that gestures meet.
  const mail = random.chance(0.6) ? random.int(2) : random.int(mails.length);
  const regarding = random.chance(0.4) ? null : random.int(regardingChoices.length);
  switch (
    random.pick(['track', 'track', 'track', 'regard', 'regard', 'untrack', 'create', 'undo', 'undo', 'look'] as const)
  ) {
    case 'track':
      return { kind: 'track', mail, regarding };
    case 'regard':
      return { kind: 'regard', mail, regarding };
    case 'untrack':
      return { kind: 'untrack', mail, keepRecord: random.chance(0.5) };
    case 'create':
      return { kind: 'create', table: random.pick(['contact', 'lead'] as const) };
    case 'undo':
      return { kind: 'undo' };
    case 'look':
      return { kind: 'look' };
  }
}

function drawFault(random: Random): Fault {
  const at = random.int(troubledTime - 30_000);
  const lasts = 1_000 + random.int(minute);
  const back = 200 + random.int(20_000);
  switch (random.pick(['trouble', 'trouble', 'trouble', 'outage', 'call', 'call', 'call', 'call', 'rare'] as const)) {
    case 'trouble':
      return {
        kind: 'trouble',
        at,
        lasts,
        from: random.pick([...panes, ...servers.slice(1)]),
        to: random.pick([crmOrigin, paneOrigin]),
        troubles: random.many(1, 3, () => random.pick(troubleKinds)),
        chance: random.pick([0.2, 0.5, 1]),
      };
    case 'outage':
      return {
        kind: 'outage',
        at,
        lasts: 2 * lasts,
        trouble: random.pick(['cut-before', 'cut-after', 'away', 'throttled'] as const),
      };
    case 'call':
      return {
        kind: 'call',
        program: random.pick([...panes, ...servers]),
        nth: 1 + random.int(random.chance(0.5) ? 60 : 400),
        fate: random.pick(['killed-before', 'killed-after', 'killed-after', 'fails', 'frozen'] as const),
        back,
      };
    case 'rare':
      return drawRareFault(random, at, lasts, back);
  }
}

function drawRareFault(random: Random, at: number, lasts: number, back: number): Fault {
  switch (random.pick(['power cut', 'disk full', 'skew', 'stream lost', 'third party', 'third party'] as const)) {
    case 'power cut':
      return { kind: 'power cut', at, back };
    case 'disk full':
      return { kind: 'disk full', at, lasts };
    case 'skew':
      return {
        kind: 'skew',
        program: random.pick(['daemon 1', 'daemon 2'] as const),
        by: random.pick([-60, 60]) * minute,
      };
    case 'stream lost':
      return { kind: 'stream lost', at, pane: random.pick(panes) };
    case 'third party':
      return { kind: 'third party', at, mail: random.int(2), act: random.pick(['removes', 'changes'] as const) };
  }
}
