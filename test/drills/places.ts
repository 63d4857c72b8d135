import { runMailboxRound } from './mailbox-round.ts';
import { runRound, type Fault, type RoundReport, type Scene } from './round.ts';
import type { ServerProcess } from './process.ts';
import type { Cast, Stage } from './stage.ts';
import { until } from './until.ts';

/** Where something breaks: which programs there are, and what happens to them. */
export interface Place {
  readonly title: string;
  readonly cast: Cast;
  readonly fault: Fault;
  /** What goes on meanwhile; left out: people post Changes. */
  readonly play?: typeof runRound;
  /** Takes minutes: left out of `npm test`. */
  readonly slow?: true;
}

const apart: Cast = { kind: 'apart', daemons: 1 };
const often = { times: 3 };

export const places = new Map<string, Place>([
  [
    'one',
    { title: 'kill -9 of the one process over SQLite', cast: { kind: 'one' }, fault: { ...often, strike: killTheOne } },
  ],
  ['web', { title: 'kill -9 of the web process', cast: apart, fault: { ...often, early: 20, strike: killThe(0) } }],
  ['daemon', { title: 'kill -9 of the daemon', cast: apart, fault: { ...often, strike: killDaemon } }],
  [
    'database',
    { title: 'kill -9 of PostgreSQL, all of it', cast: apart, fault: { ...often, times: 2, strike: killDatabase } },
  ],
  ['crm', { title: 'kill -9 of the CRM', cast: { kind: 'elsewhere' }, fault: { ...often, strike: killThe(0) } }],
  [
    'frozen',
    {
      title: 'a daemon frozen for longer than its lease',
      cast: { kind: 'apart', daemons: 2 },
      fault: { ...often, times: 2, strike: freeze },
    },
  ],
  ['rolling', { title: 'every process replaced under load', cast: apart, fault: { times: 1, strike: replaceAll } }],
  ['away', { title: 'the database away', cast: apart, fault: { times: 1, early: 60, strike: takeAway(0) } }],
  [
    'away-long',
    {
      title: 'the database away for two minutes',
      cast: apart,
      fault: { times: 1, early: 60, strike: takeAway(120) },
      slow: true,
    },
  ],
  [
    'full',
    {
      title: 'a full disk under SQLite',
      cast: { kind: 'one', disk: 48 },
      fault: { times: 2, early: 60, strike: fillDisk },
    },
  ],
  [
    'full-postgres',
    {
      title: 'a full disk under PostgreSQL, its log included',
      cast: { kind: 'apart', daemons: 1, disk: 220 },
      fault: { times: 1, early: 60, strike: fillDisk },
    },
  ],
  [
    'crowd',
    {
      title: 'every session dropped, and no connection left',
      cast: apart,
      fault: { times: 2, early: 250, strike: takeConnections },
    },
  ],
  [
    'locked',
    {
      title: 'a table locked for longer than a statement may take',
      cast: { ...apart, statementSeconds: 1 },
      fault: { times: 1, early: 60, strike: lockLedger },
    },
  ],
  [
    'clash',
    { title: 'every fifth statement that writes clashes', cast: apart, fault: { times: 2, strike: makeClashes } },
  ],
  [
    'mailboxes-one',
    {
      title: 'kill -9 of the one process that reads mailboxes, over SQLite',
      cast: { kind: 'one' },
      fault: { times: 2, strike: killTheOne },
      play: runMailboxRound,
    },
  ],
  [
    'mailboxes',
    {
      title: 'kill -9 of one of two daemons that read mailboxes',
      cast: { kind: 'apart', daemons: 2 },
      fault: { times: 2, strike: killDaemon },
      play: runMailboxRound,
    },
  ],
  [
    'mailboxes-frozen',
    {
      title: 'a daemon that reads mailboxes frozen for longer than its lease',
      cast: { kind: 'apart', daemons: 2 },
      fault: { times: 2, strike: freeze },
      play: runMailboxRound,
    },
  ],
]);

export function play(stage: Stage, place: Place, seed: number): Promise<RoundReport> {
  return (place.play ?? runRound)(stage, place.fault, seed);
}

function killThe(index: number): Fault['strike'] {
  return async ({ stage }) => {
    const victim = stage.processes[index]!;
    await victim.kill();
    await victim.start();
  };
}

async function killTheOne(scene: Scene): Promise<void> {
  await scene.stage.web.kill();
  // Whoever held a lease is dead; a minute later anybody may take its work.
  await scene.stage.ledger.expireLeases();
  await scene.stage.web.start();
}

function daemons({ stage }: Scene): readonly ServerProcess[] {
  return stage.processes.slice(1);
}

async function killDaemon(scene: Scene): Promise<void> {
  const victim = scene.random.pick(daemons(scene));
  await victim.kill();
  await scene.stage.ledger.expireLeases();
  await victim.start();
}

async function killDatabase({ stage }: Scene): Promise<void> {
  await stage.cluster?.kill();
  await stage.cluster?.start();
}

/**
 * The other daemon takes over what the frozen one held; then that one goes on as if nothing had been. Its leases are over sooner
 * than it can know, but not within the second for which a claim is surely its own.
 */
async function freeze(scene: Scene): Promise<void> {
  const { ledger } = scene.stage;
  const victim = scene.random.pick(daemons(scene));
  victim.freeze();
  const since = performance.now();
  const held = await ledger.run(`select id from ledger_change where state = 'queued' and lease_until is not null`);
  await ledger.expireLeases();
  await until('the other daemon does its work', async () => {
    const states = await ledger.ledger();
    return performance.now() - since > 1_000 && held.every(({ id }) => states.get(String(id)) === 'done');
  });
  victim.thaw();
}

/** As a new version is brought out: a new daemon comes, the old one ends; then the web process. */
async function replaceAll(scene: Scene): Promise<void> {
  const { stage } = scene;
  const old = daemons(scene).filter((process) => process.isRunning());
  await stage.start('daemon');
  for (const process of old) await process.stop();
  await stage.web.stop();
  await stage.web.start();
}

function takeAway(seconds: number): Fault['strike'] {
  return async (scene) => {
    await scene.stage.cluster?.kill();
    const back = Date.now() + seconds * 1_000;
    await scene.failures(40);
    await until('it was away for long enough', () => Date.now() >= back, seconds + 60);
    await scene.stage.cluster?.start();
  };
}

/** PostgreSQL may have ended itself when it could not write its log: it is started again as an operator would. */
async function fillDisk(scene: Scene): Promise<void> {
  const { disk, cluster } = scene.stage;
  disk?.fill();
  await scene.failures(6);
  disk?.clear();
  if (cluster === undefined) return;
  await cluster.kill();
  await cluster.start();
}

/** As when a failover drops all sessions, and too many want to be the first to come back. */
async function takeConnections(scene: Scene): Promise<void> {
  const crowd = await scene.stage.cluster?.crowd();
  await scene.failures(6);
  await crowd?.leave();
}

/** An operator's statement holds everybody up. */
async function lockLedger(scene: Scene): Promise<void> {
  const release = await scene.stage.ledger.lock();
  await scene.failures(4);
  await release();
}

async function makeClashes({ stage }: Scene): Promise<void> {
  const count = async () => [...(await stage.ledger.ledger()).values()].filter((state) => state === 'done').length;
  const before = await count();
  let most = before;
  await stage.ledger.clash(true);
  // Some ends, unless there is hardly anything left to end.
  for (let still = 0; most < before + 8 && still < 50;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const now = await count();
    still = now === most ? still + 1 : 0;
    most = now;
  }
  await stage.ledger.clash(false);
}
