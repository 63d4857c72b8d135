// The track button: fifty clicks a second on the whole server as production runs it (role all), in a process of its own on one
// core; what the panes send comes from this process, on another. Open loop: each click is due at its moment, whether those before
// are answered or not, and counts from that moment. SQLite, and PostgreSQL beside it where it is installed, both with every
// commit flushed. One JSON line per figure.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSignIn, type SignIn } from '../test/drills/identity.ts';
import { createProcess, killAll, type ServerProcess } from '../test/drills/process.ts';
import { startCluster } from '../test/server/postgres.setup.js';
import type { Person } from '../test/server/world.ts';
import { fill } from './crm-data.ts';
import { atMost, percentile } from './figure.ts';
import { sendAll } from './load.ts';
import { cores, pin } from './pin.ts';
import { click, mailsOf, type Clicked } from './track-clicks.ts';
import { openPane, type Pane } from './track-pane.ts';
import { vacuum } from './vacuum.ts';

const contacts = Number(process.env['BENCH_CONTACTS'] ?? 100_000);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 30);
const perSecond = Number(process.env['BENCH_CLICKS'] ?? 50);
/** A click of each person every second. */
const persons = perSecond;
/** Seconds of clicks that are not counted. */
const warmUp = 5;

const personOf = (number: number): Person => ({
  objectId: `d0000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
  address: `person${number}@bench.example`,
  name: `Person ${number}`,
});

interface Times {
  /** Milliseconds from the moment a click was due until its pane says what became of it, by kind of click. */
  readonly clicks: Map<string, number[]>;
  /** The same for the question that a pane asks afterwards. */
  readonly questions: number[];
}

/** @throws Error with the first click that does not end as it should */
async function clickAway(panes: readonly Pane[], wanted: 'done' | 'queued', clicked: Clicked): Promise<Times> {
  const times: Times = { clicks: new Map(), questions: [] };
  const one = async (number: number, due: number): Promise<void> => {
    const pane = panes[number % panes.length];
    if (pane === undefined) throw new Error('There is no pane.');
    const { kind, change } = await click(pane, number, clicked);
    await pane.told(change, wanted);
    const told = performance.now();
    // Of what the server was handed the pane hears by itself.
    if (wanted === 'done') await pane.askState(change);
    if (number < warmUp * perSecond) return;
    times.clicks.set(kind, [...(times.clicks.get(kind) ?? []), told - due]);
    times.questions.push(performance.now() - told);
  };
  const began = performance.now();
  const all: Promise<void>[] = [];
  for (let number = 0; number < (warmUp + seconds) * perSecond; number += 1) {
    const due = began + (number * 1_000) / perSecond;
    while (performance.now() < due) await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
    all.push(one(number, due));
  }
  await Promise.all(all);
  return times;
}

async function measureWay(server: ServerProcess, signIn: SignIn, way: 'directly' | 'handed over', conditions: object) {
  const wanted = way === 'directly' ? 'done' : 'queued';
  const panes = await Promise.all(
    Array.from({ length: persons }, async (_, number) => {
      const person = personOf(number + 1);
      const token = await signIn.token(person);
      return openPane({ url: server.url, person, token, crmThere: way === 'directly' });
    }),
  );
  const before = processorTime(server.pid());
  const { clicks, questions } = await clickAway(panes, wanted, mailsOf(contacts));
  const used = (processorTime(server.pid()) - before) / ((warmUp + seconds) * perSecond);
  await Promise.all(panes.map((pane) => pane.stop()));
  const of = (samples: readonly number[]) =>
    Object.fromEntries([0.5, 0.95, 0.99, 1].map((share) => [`p${share * 100}`, round(percentile(samples, share))]));
  const all = [...clicks.values()].flat();
  atMost(`track: click, ${way}, p95`, percentile(all, 0.95), 'ms', 60, {
    ...conditions,
    clicks: all.length,
    'processor time of the server per click': round(used),
    ...of(all),
    ...Object.fromEntries([...clicks].map(([kind, samples]) => [kind, of(samples)])),
    ...(wanted === 'done' && { 'asked afterwards': of(questions) }),
  });
}

/** Milliseconds of processor time a process has used so far, the worker included; the kernel counts in hundredths of a second. */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

const round = (value: number) => Math.round(value * 10) / 10;

/** The server is started anew on the filled database, as on any morning. */
async function measure(engine: string, database: Record<string, string>, settle?: () => Promise<void>): Promise<void> {
  const signIn = await startSignIn();
  const environment = { FIRST_SIGN_IN: 'create', ADMINISTRATORS: personOf(1).address };
  const server = await createProcess('all', { ...signIn.environment, ...environment, ...database });
  try {
    await server.start();
    const headers = { authorization: `Bearer ${await signIn.token(personOf(1))}`, accept: 'application/json' };
    const began = performance.now();
    await sendAll(server.url, fill(contacts, headers));
    console.error(`${engine}: filled in ${Math.round((performance.now() - began) / 1000)} s`);
    await server.stop();
    await settle?.();
    await server.start();
    const serverCore = pin(server.pid(), cores.server);
    const conditions = { engine, perSecond, persons, seconds, contacts, serverCore, clientCore };
    for (const way of ['directly', 'handed over'] as const) await measureWay(server, signIn, way, conditions);
  } finally {
    await server.kill();
    await signIn.close();
  }
}

process.once('exit', killAll);
const clientCore = pin(process.pid, cores.clients);
const directory = mkdtempSync(join(tmpdir(), 'alongside-bench-track-'));
try {
  await measure('sqlite', { DATA_DIR: directory });
} finally {
  rmSync(directory, { recursive: true, force: true });
}
const cluster = startCluster('-c shared_buffers=256MB');
if (cluster !== undefined) {
  try {
    await measure('postgres', { DATABASE_URL: cluster.url }, () => vacuum(cluster.url));
  } finally {
    cluster.stop();
  }
}
