import type { Change } from '../../src/model/change.ts';
import type { Database } from '../../src/server/db/open.ts';
import { start } from './clock.ts';
import { check, type Violation } from './check/check.ts';
import { gather } from './check/facts.ts';
import { nothingIsLost } from './check/invariants.ts';
import { openMail, mails } from './mailbox.ts';
import { randomFor } from './random.ts';
import { regardingChoices } from './places.ts';
import { panes, servers, type Fault, type PlannedGesture, type Scenario } from './scenario.ts';
import { createWorld, type World } from './world.ts';
import { short } from './story.ts';

export interface Run {
  readonly violations: readonly Violation[];
  readonly story: readonly string[];
  readonly events: number;
  readonly gestures: number;
  /** Calls and messages of each program until nothing failed any more. */
  readonly calls: ReadonlyMap<string, number>;
  readonly messages: ReadonlyMap<string, number>;
}

/** I9: what waits must have come to its end this long after the last fault. */
const patience = 15 * 60_000;
/** I8: what a pane says must be true this long after. */
const tellingTime = 5_000;

/** Plays one scenario to its end and checks everything that is left. */
export async function play(scenario: Scenario, database: Database): Promise<Run> {
  const world = await createWorld(scenario, database);
  const unhandled = (error: unknown) => void world.errors.push({ who: 'somebody', error });
  process.on('unhandledRejection', unhandled);
  try {
    const { clock, weather, story } = world;
    for (const name of [...servers, ...panes]) if (name !== "Dana's ribbon") void world.start(name);
    const own = new Map<string, Change[]>();
    for (const gesture of scenario.gestures)
      clock.after(gesture.at, () => void act(world, gesture, own, scenario.seed));
    for (const fault of scenario.faults) plan(world, fault);
    await clock.run(start + scenario.lasts);
    const calmAt = clock.now();
    const early = nothingIsLost(await gather(world, calmAt));
    const [calls, messages] = [new Map(world.calls), new Map(weather.messages)];
    weather.calm();
    story.tell('everybody', 'is well again: no more faults');
    await settle(world);
    const lost = early.map((sentence) => ({ invariant: 'I1 nothing is lost, not even meanwhile', sentence }));
    const violations = [...lost, ...(await check(world, calmAt))];
    const { lines } = story;
    return { violations, story: lines, events: clock.events, gestures: scenario.gestures.length, calls, messages };
  } finally {
    world.close();
    process.off('unhandledRejection', unhandled);
  }
}

/** Lets time pass until nothing waits, or patience ends. */
async function settle(world: World): Promise<void> {
  const { clock } = world;
  const end = clock.now() + patience;
  // What was killed at the last moment comes back; a pane that could not be opened is opened once more.
  for (const name of panes) if (world.pane(name) === null && name !== "Dana's ribbon") world.program(name)?.kill();
  await clock.run(clock.now() + 30_000);
  while (clock.now() < end && (await isBusy(world))) await clock.run(clock.now() + 10_000);
  await clock.run(clock.now() + tellingTime);
}

async function isBusy(world: World): Promise<boolean> {
  const { database, devices } = world;
  // Who sleeps still learns, and says, what happened meanwhile: I8 speaks of those who are awake.
  if ([...servers, ...panes].some((name) => world.program(name)?.asleep === true)) return true;
  for (const device of devices) {
    const store = await device.inspect();
    const { entries } = await store.entries();
    store.close();
    const inConflict = new Set(entries.filter(({ reason }) => reason?.code === 'conflict').map(({ lane }) => lane));
    if (entries.some(({ state, lane }) => state !== 'stopped' && !inConflict.has(lane))) return true;
  }
  const queued = await database.db
    .withTables<{ ledger_change: { state: string } }>()
    .selectFrom('ledger_change')
    .select('state')
    .where('state', '=', 'queued')
    .execute();
  return queued.length > 0;
}

async function act(
  world: World,
  { pane: name, act: wish }: PlannedGesture,
  own: Map<string, Change[]>,
  seed: number,
): Promise<void> {
  const { story, clock } = world;
  if (name === "Dana's ribbon") await world.start(name);
  const pane = world.pane(name);
  if (pane === null) return; // closed just now: nobody clicks
  const { gestures, program } = pane;
  const mine = own.get(name) ?? [];
  own.set(name, mine);
  try {
    const change = await perform(world, name, wish, mine);
    if (change !== null) mine.push(change);
    if (change !== null) story.tell(name, `${short(change.id)} is recorded`);
  } catch (error) {
    story.tell(name, `is told that it was not saved (${String(error)})`);
  }
  // A ribbon command ends when Outlook takes it away, not when its work is done.
  if (name === "Dana's ribbon") clock.after(randomFor(seed, `ribbon ${clock.now()}`).int(4_000), () => program.kill());
  void gestures;
}

async function perform(
  world: World,
  name: PlannedGesture['pane'],
  wish: PlannedGesture['act'],
  mine: Change[],
): Promise<Change | null> {
  const { gestures, corridor, program } = world.pane(name)!;
  const { tell } = world.story;
  switch (wish.kind) {
    case 'track': {
      tell(name, `tracks the ${mails[wish.mail]!.name}${regardingWords(wish.regarding)}`);
      return gestures.track(openMail(program, mails[wish.mail]!), regardingAt(wish.regarding));
    }
    case 'regard': {
      tell(name, `says what the ${mails[wish.mail]!.name} is regarding${regardingWords(wish.regarding)}`);
      return gestures.regard(await gestures.identify(mails[wish.mail]!.message), regardingAt(wish.regarding));
    }
    case 'untrack': {
      tell(name, `untracks the ${mails[wish.mail]!.name}, ${wish.keepRecord ? 'keeping' : 'removing'} the record`);
      return gestures.untrack(await gestures.identify(mails[wish.mail]!.message), { keepRecord: wish.keepRecord });
    }
    case 'create':
      tell(name, `adds a ${wish.table}`);
      return gestures.create(wish.table, { lastname: 'Abercrombie' });
    case 'undo': {
      const last = mine.at(-1);
      if (last === undefined) return null;
      tell(name, `takes ${short(last.id)} back`);
      world.undone.add(last.id);
      const mail = mails.find(({ message }) => last.kind === 'track' && message.subject === last.mail.subject);
      return gestures.undo(last, mail === undefined ? null : openMail(program, mail));
    }
    case 'look':
      corridor.retryNow();
      return null;
  }
}

function regardingAt(index: number | null): (typeof regardingChoices)[number] | null {
  return index === null ? null : regardingChoices[index]!;
}

function regardingWords(index: number | null): string {
  return ` (${regardingAt(index)?.name ?? 'nothing'})`;
}

/** Faults that come at a moment; those that meet calls and messages are the weather's. */
function plan(world: World, fault: Fault): void {
  const { clock, crm, story, network } = world;
  if (!('at' in fault)) return;
  clock.after(fault.at, () => {
    switch (fault.kind) {
      case 'power cut':
        story.tell("Dana's machine", 'loses its power');
        for (const name of panes.slice(0, 3)) world.program(name)?.kill();
        break;
      case 'disk full':
        story.tell("Dana's machine", 'has no more space');
        world.deviceOf("Dana's pane 1").fullUntil = clock.now() + fault.lasts;
        break;
      case 'stream lost':
        network.reset(fault.pane, 'https://pane.contoso.example');
        break;
      case 'third party':
        for (const row of crm.emails.values()) {
          if (!row.messageId.includes(mails[fault.mail]!.name)) continue;
          story.tell('somebody else', `${fault.act} the ${mails[fault.mail]!.name} in the CRM`);
          const by = { name: 'somebody else', change: null };
          if (fault.act === 'removes') crm.removeEmail(row.id, null, by);
          else crm.setRegarding(row.id, regardingChoices[1]!, null, by);
        }
        break;
      case 'under a lease':
        break;
      case 'trouble':
      case 'outage':
        story.tell('the network', inWords(fault));
    }
  });
}

function inWords(fault: Extract<Fault, { kind: 'trouble' | 'outage' }>): string {
  const seconds = Math.round(fault.lasts / 1000);
  return fault.kind === 'outage'
    ? `for ${seconds} s the CRM is out for everybody (${fault.trouble})`
    : `for ${seconds} s ${fault.from} has trouble on the way to ${fault.to} (${fault.troubles.join(', ')})`;
}
