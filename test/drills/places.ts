import type { Fault, Scene } from './round.ts';
import type { ServerProcess } from './process.ts';
import type { Cast } from './stage.ts';
import { until } from './until.ts';

/** Where something breaks: which programs there are, and what happens to them. */
export interface Place {
  readonly title: string;
  readonly cast: Cast;
  readonly fault: Fault;
}

const apart: Cast = { kind: 'apart', daemons: 1 };
const often = { times: 3 };

export const places = new Map<string, Place>([
  [
    'one',
    { title: 'kill -9 of the one process over SQLite', cast: { kind: 'one' }, fault: { ...often, strike: killTheOne } },
  ],
  ['web', { title: 'kill -9 of the web process', cast: apart, fault: { ...often, early: true, strike: killThe(0) } }],
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
  ['away', { title: 'the database away for long', cast: apart, fault: { times: 1, early: true, strike: takeAway } }],
]);

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

/** The other daemon takes over what the frozen one held; then that one goes on as if nothing had been. */
async function freeze(scene: Scene): Promise<void> {
  const { ledger } = scene.stage;
  const victim = scene.random.pick(daemons(scene));
  victim.freeze();
  const held = await ledger.run(`select id from ledger_change where state = 'queued' and lease_until is not null`);
  await ledger.expireLeases();
  await until('the other daemon does its work', async () => {
    const states = await ledger.ledger();
    return held.every(({ id }) => states.get(String(id)) === 'done');
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

async function takeAway(scene: Scene): Promise<void> {
  await scene.stage.cluster?.kill();
  await scene.failures(40);
  await scene.stage.cluster?.start();
}
