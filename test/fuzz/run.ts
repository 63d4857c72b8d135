import { Agent, request as send, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import type { Database } from '../../src/server/db/open.ts';
import type { Model } from '../../src/server/odata/metadata.ts';
import { createWorld, dana, miguel, type World } from '../server/world.ts';
import type { Material } from './query.ts';
import { createRandom } from './random.ts';
import { makeRequest, type FuzzRequest } from './requests.ts';
import { hideSecrets, SECRET } from './secrets.ts';

export interface Fault {
  what: string;
  /** A line for a shell that sends the request again. */
  curl: string;
  answer: string;
}

/** An answer that took long: `busy` is the time in which this process computed, the rest it waited for the database or its turn. */
export interface Slow {
  milliseconds: number;
  busy: number;
  status: number;
  curl: string;
}

export interface Report {
  requests: number;
  statuses: ReadonlyMap<number, number>;
  faults: readonly Fault[];
  milliseconds: { p50: number; p99: number; max: number };
  /** The slowest few, the slowest first. */
  slowest: readonly Slow[];
  /** Bytes held after a fifth and at the end; empty where the collector cannot be called. */
  heap: readonly number[];
}

/**
 * Random requests, one after the other, to a real server over `database`; what must never happen is collected. A guest has
 * rights to own rows only, and knows the ids of rows that hold a secret: no answer may show it, and none of them may change.
 */
export async function fuzz(
  database: Database,
  model: Model,
  seed: number,
  requests: number,
  as: 'administrator' | 'guest' = 'administrator',
): Promise<Report> {
  const world = await createWorld(database, { limits: null });
  await world.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = world.app.server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const authorization = `Bearer ${await world.token(as === 'guest' ? miguel : dana, { exp: Math.floor(Date.now() / 1000) + 86_400 })}`;
  const tables = [...model.tables.values()].filter(({ columns }) => columns.size > 3);
  const material: Material = { random: createRandom(seed), model, tables, ids: new Map(), links: [] };
  const statuses = new Map<number, number>();
  const faults: Fault[] = [];
  const times: number[] = [];
  const slowest: Slow[] = [];
  const heap: number[] = [];
  await populate(world, material);
  const hidden = as === 'guest' ? await hideSecrets(world, material) : undefined;
  const kept = await hidden?.();
  let before = await fingerprint(database);
  for (let sent = 0; sent < requests; sent += 1) {
    const request = makeRequest(material);
    const answer = await ask(agent, port, request, authorization);
    const after = await fingerprint(database);
    times.push(answer.milliseconds);
    keepSlowest(slowest, answer, request);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    for (const what of [
      ...wrong(request, answer),
      ...written(request, answer, before, after),
      ...(hidden === undefined ? [] : shown(answer)),
    ])
      faults.push({ what, curl: curl(request), answer: `${answer.status} ${answer.body.slice(0, 300)}` });
    remember(material, request, answer);
    before = after;
    if (sent === Math.floor(requests / 5) || sent === requests - 1) heap.push(...collected());
  }
  if ((await hidden?.()) !== kept)
    faults.push({ what: 'A row that the guest may not even read was changed.', curl: '', answer: '' });
  const health = await world.app.inject({ method: 'GET', url: '/healthz' });
  const alive = await world.as(dana).get('WhoAmI');
  if (health.statusCode !== 200 || alive.status !== 200)
    faults.push({ what: 'The server is not healthy at the end.', curl: '', answer: alive.text });
  agent.destroy();
  await world.app.close();
  return { requests, statuses, faults, milliseconds: spread(times), slowest, heap };
}

const SHOWN_SLOW = 5;

/** Whoever takes away the own roles can ask for little afterwards. */
const SECURITY = new Set([
  'systemuser',
  'role',
  'team',
  'privilege',
  'businessunit',
  'organization',
  'fieldsecurityprofile',
]);

async function populate(world: World, { ids, model }: Material): Promise<void> {
  const rows = [
    ['account', 'accounts', { name: 'Fuzz' }],
    ['contact', 'contacts', { lastname: 'Fuzz', emailaddress1: 'a@fuzz.example' }],
    ['lead', 'leads', { subject: 'Fuzz', lastname: 'Fuzz' }],
    ['opportunity', 'opportunities', { name: 'Fuzz' }],
    ['email', 'emails', { subject: 'Fuzz' }],
    ['task', 'tasks', { subject: 'Fuzz' }],
  ] as const;
  for (const [name, set, row] of rows) {
    const made = [await world.as(dana).create(set, row), await world.as(dana).create(set, row)];
    ids.set(name, made);
  }
  const other = await world.as(miguel).get<{ UserId: string }>('WhoAmI');
  for (const table of model.tables.values()) {
    if (SECURITY.has(table.name)) continue;
    const { body } = await world.as(dana).get<{ value?: Record<string, unknown>[] }>(`${table.setName}?$top=3`);
    const found = (body.value ?? []).map((row) => String(row[table.key]));
    if (found.length > 0) ids.set(table.name, found);
  }
  ids.set('systemuser', [other.body.UserId]);
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  milliseconds: number;
  busy: number;
}

function ask(agent: Agent, port: number, request: FuzzRequest, authorization: string): Promise<Answer> {
  const started = performance.now();
  const worked = process.cpuUsage();
  const { method, headers, body } = request;
  const content = body === undefined ? undefined : Buffer.from(body);
  return new Promise((resolve) => {
    const done = (status: number, held: IncomingHttpHeaders, text: string) => {
      const { user, system } = process.cpuUsage(worked);
      const milliseconds = performance.now() - started;
      resolve({ status, headers: held, body: text, milliseconds, busy: (user + system) / 1_000 });
    };
    const sent = send(
      {
        agent,
        port,
        host: '127.0.0.1',
        method,
        path: address(request),
        headers: { ...headers, authorization, ...(content === undefined ? {} : { 'content-length': content.length }) },
      },
      (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('end', () => done(answer.statusCode ?? 0, answer.headers, Buffer.concat(pieces).toString('utf8')));
      },
    );
    sent.on('error', (error) => done(0, {}, error.message));
    sent.end(content);
  });
}

/** What a client could not even write is escaped. */
function address({ path }: FuzzRequest): string {
  const bytes = Buffer.from(path).toString('latin1');
  const root = path.startsWith('/crm/') ? '' : '/api/data/v9.2/';
  return `${root}${bytes.replace(/[^\x21-\x7e]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)}`;
}

const INSIDE =
  /\n\s+at \S|\.ts:\d|node_modules|SQLITE_|syntax error at or near|\bselect [\w".*, ]+ from "|[Cc]annot read propert|is not a function|\[object Object\]/;

/** What must not be in an answer, whatever was asked. */
function wrong({ method, path }: FuzzRequest, { status, body, headers }: Answer): string[] {
  const found: string[] = [];
  if (status === 0) found.push('No answer.');
  if (status >= 500 || /^HTTP\/1\.1 5\d\d/m.test(body)) found.push('An answer of 500 or above.');
  if (status >= 400 && method !== 'HEAD' && !path.startsWith('$batch') && !isErrorBody(body))
    found.push('No documented error body.');
  if (status >= 400 && INSIDE.test(body)) found.push('The inside is shown.');
  if (
    status < 400 &&
    String(headers['content-type']).startsWith('application/json') &&
    method !== 'HEAD' &&
    status !== 304 &&
    !isJson(body)
  )
    found.push('The body is not JSON.');
  return found;
}

/** What a guest must not learn. */
function shown({ body, headers }: Answer): string[] {
  const seen = `${body}${JSON.stringify(headers)}`.toLowerCase();
  return seen.includes(SECRET.toLowerCase()) ? ['A guest was shown a row of somebody else.'] : [];
}

/** Only a write that succeeded may change anything. */
function written({ method, path }: FuzzRequest, { status }: Answer, before: string, after: string): string[] {
  if (before === after || /(?:\$|%24)batch/.test(path)) return [];
  if (status >= 400) return ['A request that failed has changed rows.'];
  return method === 'GET' || method === 'HEAD' ? ['A request that reads has changed rows.'] : [];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isErrorBody(text: string): boolean {
  if (!isJson(text)) return false;
  const { error } = JSON.parse(text) as { error?: { code?: unknown; message?: unknown } };
  return (
    typeof error?.code === 'string' &&
    /^(?:0x[\da-fA-F]{8})?$/.test(error.code) &&
    typeof error.message === 'string' &&
    error.message !== ''
  );
}

/** Rows and versions: a change in them is a write that stayed. */
async function fingerprint({ db, engine }: Database): Promise<string> {
  if (engine === 'sqlite') {
    const { rows } = await sql<{ value: number }>`select value from crm_version`.execute(db);
    return String(rows[0]?.value);
  }
  const names = ['account', 'contact', 'lead', 'email', 'task'];
  const counts = names.map((name) => sql`select count(*) as n, max(versionnumber) as version from ${sql.ref(name)}`);
  const { rows } = await sql`${sql.join(counts, sql` union all `)}`.execute(db);
  return JSON.stringify(rows);
}

function remember({ ids, model, links }: Material, { method }: FuzzRequest, { headers, body }: Answer): void {
  const link = /"@odata\.(?:next|delta)Link":"[^"]*?\/v9\.2\/([^"]+)"/.exec(body)?.[1];
  if (link !== undefined && links.push(link) > 50) links.shift();
  const match = /\/(\w+)\(([\da-f-]{36})\)$/.exec(headers['odata-entityid']?.toString() ?? '');
  const table = model.sets.get(match?.[1] ?? '');
  if (method !== 'POST' || table === undefined || match?.[2] === undefined) return;
  ids.set(table.name, [...(ids.get(table.name) ?? []).slice(-20), match[2]]);
}

function curl(request: FuzzRequest): string {
  const quote = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;
  const headers = Object.entries(request.headers).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`);
  const body = request.body === undefined ? [] : [`--data-binary ${quote(request.body)}`];
  return [
    'curl -g --path-as-is -X',
    request.method,
    quote(`$CRM${address(request)}`),
    '-H "authorization: Bearer $TOKEN"',
    ...headers,
    ...body,
  ].join(' ');
}

function collected(): number[] {
  if (globalThis.gc === undefined) return [];
  globalThis.gc();
  return [process.memoryUsage().heapUsed];
}

function keepSlowest(slowest: Slow[], { milliseconds, busy, status }: Answer, request: FuzzRequest): void {
  if (milliseconds <= (slowest[SHOWN_SLOW - 1]?.milliseconds ?? 0)) return;
  slowest.push({ milliseconds, busy, status, curl: curl(request) });
  slowest.sort((one, other) => other.milliseconds - one.milliseconds);
  slowest.length = Math.min(slowest.length, SHOWN_SLOW);
}

function spread(times: number[]): Report['milliseconds'] {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
