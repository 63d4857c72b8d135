import type { Random } from '../fuzz/random.ts';
import { crmOrigin, paneOrigin, regardingChoices } from './places.ts';
import type { Act, Fault, PaneName, PlannedGesture } from './scenario.ts';
import type { TroubleKind } from './trouble.ts';

/**
 * What chance alone brings together too rarely: several gestures of one device at one mail, while just that fails which would
 * let a careless product carry them out of order, twice, or not at all.
 */
export interface Burst {
  readonly gestures: readonly PlannedGesture[];
  readonly faults: readonly Fault[];
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
  'a colleague comes between',
  'two mails with one Message-ID',
  'a track is stuck on its way',
] as const;
type Kind = (typeof kinds)[number];

const second = 1_000;
const daemons = ['daemon 1', 'daemon 2'] as const;

export function drawBurst(random: Random): Burst {
  const begin = (5 + random.int(30)) * second;
  const pane = random.pick(["Dana's pane 1", "Dana's pane 1", "Dana's pane 2", "Miguel's pane"] as const);
  const kind = random.pick(kinds);
  return { gestures: drawGestures(random, kind, pane, begin), faults: drawFaults(random, kind, pane, begin) };
}

function drawFaults(random: Random, kind: Kind, pane: PaneName, at: number): readonly Fault[] {
  const lasts = (20 + random.int(30)) * second;
  const toCrm = { from: pane, to: crmOrigin, at, lasts };
  const toLedger = { from: pane, to: paneOrigin, at, lasts };
  switch (kind) {
    case 'the ledger is behind':
      return [trouble({ ...toCrm, lasts: 3 * second }), ...daemons.map((from) => trouble({ ...toCrm, from }))];
    case 'everything flaps':
      return [trouble({ ...toCrm, chance: 0.5 }), trouble({ ...toLedger, chance: 0.5 })];
    case 'no CRM':
      return [{ kind: 'outage', at, lasts, trouble: random.pick(breaking) }];
    case 'no ledger':
      return [trouble(toLedger), trouble({ ...toCrm, chance: 0.5 })];
    case 'sign-in pages':
      // The mail is there by then.
      return [trouble({ ...toCrm, at: at + 2 * second, chance: 0.7, writesOnly: true, troubles: ['sign-in page'] })];
    case 'a daemon dies':
      return [trouble(toCrm), ...underLeases('killed-before', at, second + random.int(lasts))];
    case 'a daemon sleeps': {
      // Until it wakes up the other one has taken over, and is through, or cannot come to an end.
      const away = { ...toCrm, at: at + 12 * second, lasts: random.pick([80, 110]) * second };
      return [trouble(toCrm), ...underLeases('frozen', at, 0), ...daemons.map((from) => trouble({ ...away, from }))];
    }
    case 'a colleague comes between': {
      // What is written is not heard of, and nobody can look before the colleague is through.
      const unheard = {
        ...toCrm,
        at: at + 3 * second,
        lasts: 1_500,
        writesOnly: true,
        troubles: ['cut-after'],
      } as const;
      const away = { at: at + 4_500, lasts: 8 * second };
      return [trouble(unheard), trouble({ ...toCrm, ...away }), trouble({ ...toLedger, at: at + 3 * second })];
    }
    case 'two mails with one Message-ID':
      return [];
    case 'a track is stuck on its way':
      // Given up after eight seconds; it arrives at some moment of the minute, behind what was done about the mail meanwhile.
      return [trouble({ ...toCrm, lasts: 2 * second, writesOnly: true, troubles: ['stuck'] })];
  }
}

const breaking: readonly TroubleKind[] = ['cut-before', 'cut-after', 'away'];

type Trouble = Extract<Fault, { kind: 'trouble' }>;

function trouble(differs: Pick<Trouble, 'from' | 'to' | 'at' | 'lasts'> & Partial<Trouble>): Fault {
  return { kind: 'trouble', troubles: breaking, chance: 1, ...differs };
}

function underLeases(fate: 'killed-before' | 'frozen', at: number, back: number): readonly Fault[] {
  return daemons.map((program) => ({ kind: 'under a lease', program, at, fate, back }));
}

function drawGestures(random: Random, kind: Kind, pane: PaneName, begin: number): readonly PlannedGesture[] {
  switch (kind) {
    case 'a colleague comes between':
      return drawBetween(random, pane, begin);
    case 'two mails with one Message-ID':
      return drawTwins(random, pane, begin);
    case 'a track is stuck on its way':
      return drawRegret(random, pane, begin);
    default:
      return drawAfterthoughts(random, pane, begin);
  }
}

/** A track and what comes to one's mind afterwards, some seconds apart. */
function drawAfterthoughts(random: Random, pane: PaneName, begin: number): PlannedGesture[] {
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

/** What one says, with an answer that is lost, another one corrects before it is said again. */
function drawBetween(random: Random, pane: PaneName, begin: number): PlannedGesture[] {
  const mail = random.pick([0, 1, 2, 5]);
  const said = random.int(regardingChoices.length);
  const other = random.chance(0.3) ? null : (said + 1) % regardingChoices.length;
  const colleague = pane === "Miguel's pane" ? "Dana's pane 1" : "Miguel's pane";
  return [
    { at: begin, pane, act: { kind: 'track', mail, regarding: null } },
    { at: begin + 4 * second, pane, act: { kind: 'regard', mail, regarding: said } },
    { at: begin + 9 * second, pane: colleague, act: { kind: 'regard', mail, regarding: other } },
  ];
}

/** A track, and soon the wish that it were not. */
function drawRegret(random: Random, pane: PaneName, begin: number): PlannedGesture[] {
  const mail = random.pick([0, 1, 2, 5]);
  const regret = begin + 10 * second + random.int(10 * second);
  return [
    { at: begin + random.int(second), pane, act: { kind: 'track', mail, regarding: null } },
    { at: regret, pane, act: { kind: 'untrack', mail, keepRecord: false } },
  ];
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
