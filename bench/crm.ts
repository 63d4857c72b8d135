// The figures of the CRM: the server in a process of its own on one core, the clients in this process on another, 100,000
// contacts, ten connections; SQLite, and PostgreSQL beside it where it is installed. One JSON line per figure.
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDataverse } from '../src/api/dataverse.ts';
import { createPeople } from '../src/api/people.ts';
import type { HttpRequest } from '../src/api/http.ts';
import { parseFilter } from '../src/server/odata/parse/filter.ts';
import { startCluster } from '../test/server/postgres.setup.js';
import {
  accountId,
  accounts,
  addressOf,
  contactId,
  createAll,
  fill,
  firstName,
  fragments,
  lastName,
} from './crm-data.ts';
import type { Ready, Usage } from './crm-server.ts';
import { atLeast, atMost, percentile } from './figure.ts';
import { measureMalformed } from './malformed.ts';
import { load, sendAll, WARM_UP, type Shot } from './load.ts';
import { cores, pin } from './pin.ts';
import { vacuum } from './vacuum.ts';

const contacts = Number(process.env['BENCH_CONTACTS'] ?? 100_000);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 5);
const connections = 10;
const api = '/api/data/v9.2';
const random = (below: number) => Math.floor(Math.random() * below);

class Server {
  readonly url: string;
  readonly tokens: Ready['tokens'];
  readonly core: number | null;
  readonly #process: ChildProcess;

  constructor(process: ChildProcess, { url, tokens }: Ready) {
    this.#process = process;
    this.url = url;
    this.tokens = tokens;
    this.core = pin(process.pid ?? 0, cores.server);
  }

  static async start(database: Record<string, string>): Promise<Server> {
    const child = fork(fileURLToPath(new URL('crm-server.ts', import.meta.url)), {
      env: { ...process.env, ...database },
      execArgv: ['--no-warnings'],
    });
    const ready = await new Promise<Ready>((resolve, reject) => {
      child.once('message', (message: Ready) => resolve(message));
      child.once('exit', () => reject(new Error('The server did not start.')));
    });
    return new Server(child, ready);
  }

  usage(): Promise<Usage> {
    const answer = new Promise<Usage>((resolve) => this.#process.once('message', resolve));
    this.#process.send('usage');
    return answer;
  }

  headers(person: string): Record<string, string> {
    return { authorization: `Bearer ${this.tokens[person]}`, accept: 'application/json' };
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.disconnect();
    await ended;
  }
}

type Make = (headers: Record<string, string>) => () => Shot;

const byKey: Make = (headers) => () => ({
  path: `${api}/contacts(${contactId(random(contacts))})?$select=fullname,emailaddress1,telephone1`,
  headers,
});
const byFilter: Make = (headers) => () => ({
  path: `${api}/contacts?$select=fullname,emailaddress1&$filter=emailaddress1%20eq%20'${addressOf(random(contacts))}'`,
  headers,
});
const containing: Make = (headers) => () => {
  const fragment = encodeURIComponent(fragments[random(fragments.length)] ?? '');
  const filter = `$filter=contains(fullname,'${fragment}')&$orderby=fullname&$top=50`;
  return { path: `${api}/contacts?$select=fullname,emailaddress1&${filter}`, headers };
};
const expanded: Make = (headers) => () => {
  const from = accountId(random(accounts));
  const inner = 'contact_customer_accounts($select=fullname,emailaddress1;$orderby=fullname;$top=5)';
  return {
    path: `${api}/accounts?$select=name&$filter=accountid%20ge%20${from}&$orderby=accountid&$top=10&$expand=${inner}`,
    headers,
  };
};

/** What the pane itself sends for the sender of a mail. */
async function cards(headers: Record<string, string>): Promise<() => Shot> {
  const shots: Shot[] = [];
  const people = createPeople(
    createDataverse({
      baseUrl: api,
      open: () => Promise.reject(new Error('not used')),
      send: async ({ path, headers: more, body }: HttpRequest) => {
        const text = typeof body === 'string' ? body : '';
        shots.push({ method: 'POST', path: `${api}/${path}`, headers: { ...headers, ...more }, body: text });
        throw new Error('recorded');
      },
    }),
  );
  for (let number = 0; number < 500; number += 1)
    await people.find([addressOf(random(contacts))]).catch(() => undefined);
  return () => shots[random(shots.length)] ?? { path: '', headers };
}

async function measureReads(server: Server, conditions: Record<string, unknown>): Promise<void> {
  const headers = server.headers('admin');
  for (const [name, make] of [
    ['by key', byKey],
    ['by indexed filter', byFilter],
  ] as const) {
    const { perSecond, latencies } = await load(server.url, make(headers), { connections, seconds });
    atLeast(`crm: ${name}`, perSecond, 'requests/s', 5_000, conditions);
    atMost(`crm: ${name}, p99`, percentile(latencies, 0.99), 'ms', 10, conditions);
  }
  for (const [name, next] of [
    ['contains on a name, ordered, top 50', containing(headers)],
    ["the pane's card batch", await cards(headers)],
  ] as const) {
    const { perSecond, latencies } = await load(server.url, next, { connections, seconds });
    atMost(`crm: ${name}, p95`, percentile(latencies, 0.95), 'ms', 15, {
      ...conditions,
      perSecond: Math.round(perSecond),
    });
  }
  const { perSecond } = await load(server.url, expanded(headers), { connections, seconds });
  atLeast('crm: 10 accounts with 5 contacts each', perSecond, 'requests/s', 1_000, conditions);
}

async function measureBatch(server: Server, conditions: Record<string, unknown>): Promise<void> {
  const headers = server.headers('admin');
  const next = (): Shot => {
    const rows = Array.from({ length: 100 }, () => ({
      firstname: firstName(random(1e6)),
      lastname: lastName(random(1e6)),
    }));
    return createAll('contacts', rows, headers);
  };
  const { latencies } = await load(server.url, next, { connections: 1, seconds });
  atMost('crm: $batch of 100 creates, p95', percentile(latencies, 0.95), 'ms', 60, { ...conditions, connections: 1 });
}

/** A small company: the seller reads what the own business unit owns, which is everything here; the work is in checking. */
async function measureSecurity(server: Server, conditions: Record<string, unknown>): Promise<void> {
  for (const [name, make] of [
    ['by key', byKey],
    ['by indexed filter', byFilter],
    ['contains on a name, ordered, top 50', containing],
    ['10 accounts with 5 contacts each', expanded],
  ] as const) {
    const cost: number[] = [];
    for (const person of ['admin', 'seller']) {
      const before = await server.usage();
      const { perSecond } = await load(server.url, make(server.headers(person)), { connections, seconds });
      const after = await server.usage();
      cost.push((after.cpu - before.cpu) / (perSecond * (seconds + WARM_UP)));
    }
    const [free = Number.NaN, secured = Number.NaN] = cost;
    atMost(`crm: what security adds, ${name}`, 100 * (secured / free - 1), '% of processor time', 30, conditions);
  }
}

function measureParser(): void {
  const filter = `contains(fullname,'ann') and statecode eq 0 and (emailaddress1 ne null or _parentcustomerid_value eq ${accountId(7)})`;
  const limits = { length: 32_768 };
  const parse = (times: number) => {
    const began = performance.now();
    for (let count = 0; count < times; count += 1) parseFilter(filter, limits);
    return (1_000 * times) / (performance.now() - began);
  };
  parse(100_000);
  atLeast('crm: parse of a filter', parse(1_000_000), 'filters/s', 300_000, { filter });
}

/** The server is started anew on the filled database, as on any morning. */
async function measure(engine: string, database: Record<string, string>, settle?: () => Promise<void>): Promise<void> {
  const filling = await Server.start(database);
  const began = performance.now();
  await sendAll(filling.url, fill(contacts, filling.headers('admin'))).finally(() => filling.stop());
  await settle?.();
  console.error(`${engine}: filled in ${Math.round((performance.now() - began) / 1000)} s`);
  const server = await Server.start(database);
  try {
    const conditions = { engine, contacts, connections, serverCore: server.core, clientCore };
    await measureReads(server, conditions);
    await measureSecurity(server, conditions);
    await measureBatch(server, conditions);
    await measureMalformed(server.url, server.headers('admin'), conditions);
  } finally {
    await server.stop();
  }
}

const clientCore = pin(process.pid, cores.clients);
const directory = mkdtempSync(join(tmpdir(), 'alongside-bench-crm-'));
try {
  measureParser();
  await measure('sqlite', { DATABASE_FILE: join(directory, 'crm.sqlite') });
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
