import { createHttp } from '../../src/api/http.ts';
import { createQueue } from '../../src/api/queue.ts';
import type { ChangeStatus } from '../../src/model/change.ts';
import type { ItemState } from '../../src/model/item-state.ts';
import { parseChangeStatus } from '../../src/model/parse-change.ts';
import { createRandom, type Random } from '../fuzz/random.ts';
import { check } from './check.ts';
import { makeLane, post, runClient, type Lane, type Told } from './load.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';

/** What happens to the programs while people work. */
export interface Fault {
  /** Spread over the work that there is to do. */
  readonly times: number;
  /** While clients are still posting, for what concerns only them: how many milliseconds they pause at most in between. */
  readonly early?: number;
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
      pause: fault.early ?? 0,
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
  // A Change counts twice, when it is promised and when it is done.
  const total = (fault.early !== undefined ? 1 : 2) * clients * lanesPerClient * changesPerLane;
  let strikes = 0;
  let settled = 0;
  const ids = new Set(lanes.flat().flatMap((lane) => lane.changes.map(({ id }) => id)));
  const strike = async () => {
    for (let done = 0; strikes < fault.times && done < total; strikes += 1) {
      const moment = done + 1 + random.int((total - done) / (fault.times - strikes));
      await until('there is progress', async () => {
        const ledger = await stage.ledger.ledger().catch(() => new Map<string, string>());
        const now = [...ledger].filter(([id, state]) => state === 'done' && ids.has(id)).length;
        settled = Math.max(settled, now);
        const promised = new Set(told.map(({ change }) => change.id)).size;
        done = fault.early !== undefined ? promised : promised + settled;
        return done >= moment;
      });
      // Anywhere between two answers.
      const instant = random.int(25);
      await new Promise((resolve) => setTimeout(resolve, instant));
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
    states: await readStates(stage, all),
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

/** The event log from its beginning, page by page, as a pane reads it that may not keep a stream. */
async function readEvents(stage: Stage): Promise<readonly ChangeStatus[]> {
  const all: ChangeStatus[] = [];
  for (const person of stage.people) {
    const headers = { authorization: `Bearer ${await stage.token(person)}`, accept: 'application/json' };
    for (let after = 0; ;) {
      const answer = await fetch(`${stage.web.url}/sync/v1/events?after=${after}&wait=0`, { headers });
      const { events } = (await answer.json()) as { events: { cursor: number; status: unknown }[] };
      for (const { cursor, status } of events) {
        if (cursor <= after) throw new Error(`The cursor went back from ${after} to ${cursor}.`);
        after = cursor;
        all.push(parseChangeStatus(status));
      }
      if (events.length === 0) break;
    }
  }
  return all;
}

/** What a pane would say of every mail now. */
async function readStates(stage: Stage, lanes: readonly Lane[]): Promise<ReadonlyMap<string, ItemState>> {
  const states = new Map<string, ItemState>();
  for (const person of stage.people) {
    const baseUrl = `${stage.web.url}/sync/v1/`;
    const queue = createQueue(createHttp({ fetch, baseUrl, token: () => stage.token(person), timeout: 20_000 }));
    const mails = lanes.filter((lane) => lane.person === person).map(({ mail }) => mail);
    for (const state of (await queue.itemStates(mails)).items) states.set(state.itemKey, state);
  }
  return states;
}
