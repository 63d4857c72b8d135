import type { Random } from '../fuzz/random.ts';
import { crmOrigin, paneOrigin, regardingChoices } from './places.ts';
import type { Act, Fault, PaneName, PlannedGesture, ServerName } from './scenario.ts';
import type { TroubleKind } from './trouble.ts';

/**
 * What chance alone brings together too rarely: several gestures of one device at one mail, while just that fails which would
 * let a careless product carry them out of order, twice, or not at all.
 */
export interface Burst {
  readonly gestures: readonly PlannedGesture[];
  readonly faults: readonly Fault[];
}

const second = 1_000;

export function drawBurst(random: Random): Burst {
  const begin = (5 + random.int(40)) * second;
  const pane = random.pick(["Dana's pane 1", "Dana's pane 1", "Dana's pane 2", "Miguel's pane"] as const);
  const daemon = random.pick(['daemon 1', 'daemon 2'] as const);
  const long = (20 + random.int(30)) * second;
  const faultsFrom = (
    from: PaneName | ServerName,
    to: string,
    lasts: number,
    chance = 1,
    troubles = breaking,
  ): Fault => ({
    kind: 'trouble',
    at: begin,
    lasts,
    from,
    to,
    troubles,
    chance,
  });
  const gestures = drawGestures(random, pane, begin);
  switch (random.pick(kinds)) {
    case 'the ledger is behind':
      return {
        gestures,
        faults: [
          faultsFrom(pane, crmOrigin, 3 * second),
          faultsFrom('daemon 1', crmOrigin, long),
          faultsFrom('daemon 2', crmOrigin, long),
        ],
      };
    case 'everything flaps':
      return { gestures, faults: [faultsFrom(pane, crmOrigin, long, 0.5), faultsFrom(pane, paneOrigin, long, 0.5)] };
    case 'no CRM':
      return { gestures, faults: [{ kind: 'outage', at: begin, lasts: long, trouble: random.pick(breaking) }] };
    case 'no ledger':
      return { gestures, faults: [faultsFrom(pane, paneOrigin, long), faultsFrom(pane, crmOrigin, long, 0.5)] };
    case 'sign-in pages':
      return { gestures, faults: [faultsFrom(pane, crmOrigin, long, 0.5, ['sign-in page'])] };
    case 'a daemon dies':
      return {
        gestures,
        faults: [faultsFrom(pane, crmOrigin, long), fateOf(daemon, 'killed-before', begin, second + random.int(long))],
      };
    case 'a daemon sleeps':
      return {
        gestures,
        faults: [
          fateOf(daemon, 'frozen', begin, 0),
          { kind: 'outage', at: begin, lasts: 110 * second, trouble: 'away' },
        ],
      };
    case 'two mails with one Message-ID':
      return { gestures: drawTwins(random, pane, begin), faults: [] };
  }
}

const kinds = [
  'the ledger is behind',
  'the ledger is behind',
  'everything flaps',
  'everything flaps',
  'no CRM',
  'no ledger',
  'sign-in pages',
  'a daemon dies',
  'a daemon sleeps',
  'two mails with one Message-ID',
] as const;

const breaking: readonly TroubleKind[] = ['cut-before', 'cut-after', 'away'];

function fateOf(program: ServerName, fate: 'killed-before' | 'frozen', at: number, back: number): Fault {
  return { kind: 'under a lease', program, at, fate, back };
}

/** A track and what comes to one's mind afterwards, some seconds apart. */
function drawGestures(random: Random, pane: PaneName, begin: number): PlannedGesture[] {
  const mail = random.pick([0, 1, 2, 5]);
  let at = begin + random.int(second);
  return random.many(3, 6, (): PlannedGesture => {
    const first = at < begin + second;
    const act: Act = first ? { kind: 'track', mail, regarding: null } : drawAct(random, mail);
    const gesture = { at, pane, act };
    at += second + random.int(7 * second);
    return gesture;
  });
}

function drawAct(random: Random, mail: number): Act {
  const regarding = random.chance(0.2) ? null : random.int(regardingChoices.length);
  switch (random.pick(['regard', 'regard', 'regard', 'untrack', 'untrack', 'keep', 'track', 'undo'] as const)) {
    case 'regard':
      return { kind: 'regard', mail, regarding };
    case 'untrack':
      return { kind: 'untrack', mail, keepRecord: false };
    case 'keep':
      return { kind: 'untrack', mail, keepRecord: true };
    case 'track':
      return { kind: 'track', mail, regarding };
    case 'undo':
      return { kind: 'undo' };
  }
}

/** The forged copy of an id must be found again when the mail is gone that had it first. */
function drawTwins(random: Random, pane: PaneName, begin: number): PlannedGesture[] {
  const [order, forgery] = [0, 3];
  const acts: readonly Act[] = [
    { kind: 'track', mail: order, regarding: null },
    { kind: 'track', mail: forgery, regarding: null },
    { kind: 'untrack', mail: order, keepRecord: false },
    { kind: 'track', mail: forgery, regarding: random.int(regardingChoices.length) },
    { kind: 'untrack', mail: forgery, keepRecord: false },
  ];
  return acts.map((act, index) => ({ at: begin + index * 13 * second + random.int(3 * second), pane, act }));
}
