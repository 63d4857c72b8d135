import { createHttp } from '../../src/api/http.ts';
import { createQueue } from '../../src/api/queue.ts';
import type { ChangeStatus } from '../../src/model/change.ts';
import { createRandom, type Random } from '../fuzz/random.ts';
import { check } from './check.ts';
import { makeLane, post, runClient, type Lane, type Told } from './load.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';

/** What happens to the programs while people work. */
export interface Fault {
  readonly times: number;
  /** It strikes after at most so many further answers. */
  readonly within: number;
  /** Breaks something and mends it again. Resolves when everything runs. */
  strike(scene: Scene): Promise<void>;
}

export interface Scene {
  readonly stage: Stage;
  readonly random: Random;
  /** Resolves when so many more posts were not answered with a promise, or nobody posts any more. */
  failures(count: number): Promise<void>;
}

export interface RoundReport {
  readonly changes: number;
  readonly answers: number;
  /** Posts that were not answered with a promise. */
  readonly failures: number;
  /** Strikes that came while there was work. */
  readonly strikes: number;
  readonly problems: readonly string[];
}

const clients = 3;
const lanesPerClient = 3;
const changesPerLane = 6;

/** People work, faults strike, it becomes quiet again, and everything is compared. */
export async function runRound(stage: Stage, fault: Fault, seed: number): Promise<RoundReport> {
  const random = createRandom(seed);
  const lanes: Lane[][] = [];
  for (let client = 0; client < clients; client += 1) {
    const person = stage.people[client % stage.people.length] ?? stage.people[0]!;
    const names = Array.from({ length: lanesPerClient }, (_, lane) => `drill-${seed}-${client}-${lane}`);
    lanes.push(await Promise.all(names.map((name) => makeLane(person, name, stage.contacts, changesPerLane, random))));
  }
  const told: Told[] = [];
  const failures: (number | null)[] = [];
  let working = clients;
  const work = lanes.map((own, client) =>
    runClient({
      lanes: own,
      url: () => stage.web.url,
      token: (person) => stage.token(person),
      ready: () => isReady(stage),
      told: (one) => void told.push(one),
      failed: (status) => void failures.push(status),
      random: createRandom(seed + client + 1),
    }).finally(() => {
      working -= 1;
    }),
  );
  const scene: Scene = {
    stage,
    random,
    failures(count) {
      const enough = failures.length + count;
      return until('posts fail', () => failures.length >= enough || working === 0);
    },
  };
  let strikes = 0;
  const strike = async () => {
    for (; strikes < fault.times && working > 0; strikes += 1) {
      const after = told.length + 1 + random.int(fault.within);
      await until('clients are answered', () => told.length >= after || working === 0);
      // The moment is anywhere between two answers.
      const moment = random.int(25);
      await new Promise((resolve) => setTimeout(resolve, moment));
      await fault.strike(scene);
    }
  };
  await Promise.all([...work, strike()]);
  const all = lanes.flat();
  const ledger = await quiet(stage, all);
  const effects = await stage.crm.effects();
  const reposts = await repostAll(stage, all);
  const evidence = { lanes: all, told, ledger, effects, reposts };
  const problems = check({
    ...evidence,
    effectsAfterReposts: await stage.crm.effects(),
    events: await readEvents(stage),
  });
  const unkind = failures.filter((status) => status !== null && status !== 503);
  if (unkind.length > 0) problems.push(`Who cannot now says 503, not ${unkind.join(', ')}.`);
  return { changes: all.length * changesPerLane, answers: told.length, failures: failures.length, strikes, problems };
}

async function isReady(stage: Stage): Promise<void> {
  await until('the server is ready', async () => {
    const answer = await fetch(`${stage.web.url}/healthz`).catch(() => null);
    return answer?.ok === true;
  });
}

/** Waits until nothing is left to do. Where nothing moves for a while, the leases of the dead are let run out. */
async function quiet(stage: Stage, lanes: readonly Lane[]): Promise<ReadonlyMap<string, string>> {
  const ids = lanes.flatMap((lane) => lane.changes).map(({ id }) => id);
  let ledger = await stage.ledger.ledger();
  let waiting = -1;
  let still = 0;
  await until('the queue drains', async () => {
    ledger = await stage.ledger.ledger();
    const left = ids.filter((id) => ledger.get(id) === 'queued').length;
    still = left === waiting ? still + 1 : 0;
    waiting = left;
    if (still > 0 && still % 100 === 0) await stage.ledger.expireLeases();
    return left === 0;
  });
  return ledger;
}

async function repostAll(stage: Stage, lanes: readonly Lane[]): Promise<ReadonlyMap<string, ChangeStatus>> {
  const answers = new Map<string, ChangeStatus>();
  for (const lane of lanes)
    for (const change of lane.changes) {
      const status = await post(stage.web.url, await stage.token(lane.person), change);
      if (status !== null && typeof status !== 'number') answers.set(change.id, status);
    }
  return answers;
}

/** The event log from its beginning, as a pane reads it, until it has caught up. */
async function readEvents(stage: Stage): Promise<readonly ChangeStatus[]> {
  const all: ChangeStatus[] = [];
  for (const person of stage.people) {
    const http = createHttp({
      fetch,
      baseUrl: `${stage.web.url}/sync/v1/`,
      token: () => stage.token(person),
      timeout: 20_000,
    });
    const queue = createQueue(http);
    const { cursor: last } = await queue.itemStates([], { askCrm: false });
    const end = new AbortController();
    let before = 0;
    // The newest event may be a colleague's: a stream that stays silent for a second has told all.
    let timer = setTimeout(() => end.abort(), 1_000);
    try {
      for await (const { cursor, status } of queue.events(0, end.signal)) {
        clearTimeout(timer);
        timer = setTimeout(() => end.abort(), 1_000);
        if (status !== null && cursor <= before) throw new Error(`The cursor went back from ${before} to ${cursor}.`);
        if (status !== null) all.push(status);
        before = cursor;
        if (cursor >= last) break;
      }
    } catch (error) {
      if (!end.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
      end.abort();
    }
  }
  return all;
}
