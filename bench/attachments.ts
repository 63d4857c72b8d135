// npm run bench -- attachments: what a large attachment costs the server in memory on each of its ways in: through the ledger's door,
// handed to the built-in CRM in one request, and from the ledger to that CRM by the worker. Each on a server that was just started and
// has answered a thousand requests, on SQLite and, where it is installed, on PostgreSQL.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uuidV7 } from '../src/model/uuid.ts';
import { startSignIn } from '../test/drills/identity.ts';
import { createProcess, killAll, type ServerProcess } from '../test/drills/process.ts';
import { until } from '../test/drills/until.ts';
import { hasPostgres, startCluster } from '../test/server/postgres.setup.js';
import { atMost } from './figure.ts';
import { residentMemoryOf } from './resident.ts';

const runs = Number(process.env['BENCH_RUNS'] ?? 5);
const megabyte = 1024 * 1024;
const newChange = () => uuidV7(Date.now(), randomBytes(10));
const dana = { objectId: 'd0000000-0000-4000-8000-000000000001', address: 'dana@bench.example', name: 'Dana' };
const signIn = await startSignIn();
const authorization = `Bearer ${await signIn.token(dana)}`;

type Headers = Record<string, string>;

/** Sends a body piece by piece, as fast as it is taken. @throws Error for anything but a success */
function send(method: string, url: string, type: string, pieces: readonly Buffer[]): Promise<string> {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const headers: Headers = { authorization, 'content-length': String(length) };
  if (length > 0) headers['content-type'] = type;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (answer) => {
      let text = '';
      answer.on('data', (some: Buffer) => (text += some.toString()));
      answer.on('end', () => {
        if ((answer.statusCode ?? 0) < 300) resolve(text);
        else reject(new Error(`${method} ${url}: ${answer.statusCode} ${text.slice(0, 300)}`));
      });
    });
    sent.on('error', reject);
    const write = (at: number): void => {
      const piece = pieces[at];
      if (piece === undefined) sent.end();
      else sent.write(piece, () => write(at + 1));
    };
    write(0);
  });
}

const json = (method: string, url: string, body: object) =>
  send(method, url, 'application/json', [Buffer.from(JSON.stringify(body))]);

const noise = randomBytes(48 * 1024);
/** As many bytes, in pieces of which all but the last are a multiple of three long. */
const bytesOf = (size: number): Buffer[] =>
  Array.from({ length: Math.ceil(size / noise.length) }, (_, at) => noise.subarray(0, size - at * noise.length));

function identityOf(messageId: string) {
  const fingerprint = { from: 'kim@bench.example', sentAt: '2026-11-19T08:00:00Z', subject: 'film' };
  return { itemKey: `m1.${messageId}`, messageId, fingerprint };
}

const toLedger = (url: string, change: string, size: number) =>
  send('PUT', `${url}/sync/v1/changes/${change}/attachments/0`, 'application/octet-stream', bytesOf(size));

function toCrm(url: string, size: number): Promise<string> {
  const mail = { MessageId: `<${randomUUID()}@bench>`, Subject: 'Film', From: 'kim@bench.example', To: dana.address };
  const head = JSON.stringify({ ...mail, ReceivedOn: '2026-11-19T08:00:00Z', Body: 'Look.' }).slice(0, -1);
  const text = [
    Buffer.from(`${head},"Attachments":[{"filename":"film.mov","mimetype":"video/quicktime","body":"`),
    ...bytesOf(size).map((piece) => Buffer.from(piece.toString('base64'))),
    Buffer.from('"}]}'),
  ];
  const path = `emails(${randomUUID()})/Microsoft.Dynamics.CRM.DeliverPromoteEmail`;
  return send('POST', `${url}/api/data/v9.2/${path}`, 'application/json', text);
}

/** Hands a track over whose attachment the ledger has. Resolves when the worker has carried it out. */
async function byWorker(url: string, change: string, size: number): Promise<void> {
  const { itemKey, ...identity } = identityOf(`<${change}@bench>`);
  const person = { name: 'Kim', address: 'kim@bench.example' };
  const mail = {
    ...{ itemKey, ...identity, subject: 'film', from: person, to: [{ name: 'Dana', address: dana.address }] },
    ...{ cc: [], bcc: [], sentAt: '2026-11-19T08:00:00Z', receivedAt: '2026-11-19T08:00:00Z' },
    ...{ importance: 'normal', bodyHtml: 'Look.' },
    attachments: [{ index: 0, name: 'film.mov', contentType: 'video/quicktime', size, leftOut: null }],
  };
  const gesture = { id: change, at: new Date().toISOString(), by: dana.address, lane: itemKey };
  const handed = { ...gesture, after: null, holdUntil: null, kind: 'track', mail, regarding: null };
  // The same again answers what became of it.
  await until('the worker is done', async () => {
    const said = await json('POST', `${url}/sync/v1/changes`, handed);
    if (/"state":"(?:refused|conflict)"/.test(said)) throw new Error(said);
    if (!said.includes('"state":"done"')) return false;
    if (!said.includes('"leftOut":[]')) throw new Error(said);
    return true;
  });
}

async function additional(server: ServerProcess, work: () => Promise<unknown>): Promise<number> {
  const memory = residentMemoryOf([server.pid()]);
  const before = memory.now();
  memory.forget();
  await work();
  return (memory.highest() - before) / megabyte;
}

async function warmUp(url: string): Promise<void> {
  for (let number = 0; number < 1_000; number += 1)
    await send('GET', `${url}/api/data/v9.2/contacts?$select=fullname&$top=1`, '', []);
  for (let number = 0; number < 20; number += 1) {
    const change = newChange();
    await toLedger(url, change, 100_000);
    await byWorker(url, change, 100_000);
    await toCrm(url, 100_000);
  }
}

const ways = [
  { name: 'through the ledger’s door', size: 50 },
  { name: 'to the built-in CRM in one request', size: 50 },
  { name: 'to the built-in CRM in one request', size: 128 },
  { name: 'from the ledger to the built-in CRM', size: 50 },
] as const;

async function measure(way: (typeof ways)[number], environment: Headers): Promise<number> {
  const server = await createProcess('all', {
    ...{ ...signIn.environment, ...environment },
    // As docs/operating.md recommends, and `npm start` does.
    NODE_OPTIONS: '--max-semi-space-size=8',
    ...{ FIRST_SIGN_IN: 'create', ADMINISTRATORS: dana.address },
  });
  await server.start();
  const { url } = server;
  try {
    const said = JSON.parse(await send('GET', `${url}/api/data/v9.2/organizations`, '', [])) as {
      value: { organizationid: string }[];
    };
    const organisation = `${url}/api/data/v9.2/organizations(${said.value[0]?.organizationid})`;
    await json('PATCH', organisation, { maxuploadfilesize: 128 * megabyte });
    await warmUp(url);
    const size = way.size * megabyte;
    const change = newChange();
    if (way.name === 'through the ledger’s door') return await additional(server, () => toLedger(url, change, size));
    if (way.name === 'to the built-in CRM in one request') return await additional(server, () => toCrm(url, size));
    await toLedger(url, change, size);
    return await additional(server, () => byWorker(url, change, size));
  } finally {
    await server.kill();
  }
}

async function measureAll(engine: string, next: () => { environment: Headers; remove: () => void }): Promise<void> {
  for (const way of ways) {
    const values: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const { environment, remove } = next();
      values.push(await measure(way, environment).finally(remove));
    }
    const conditions = { engine, runs: values.map((value) => Math.round(value * 10) / 10) };
    atMost(`attachment of ${way.size} MB ${way.name}: additional memory`, Math.max(...values), 'MB', 48, conditions);
  }
}

process.once('exit', killAll);
await measureAll('sqlite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'alongside-bench-'));
  return { environment: { DATA_DIR: folder }, remove: () => rmSync(folder, { recursive: true }) };
});
if (hasPostgres()) {
  await measureAll('postgres', () => {
    const cluster = startCluster('');
    if (cluster === undefined) throw new Error('PostgreSQL is gone.');
    return { environment: { DATABASE_URL: cluster.url }, remove: () => cluster.stop() };
  });
}
await signIn.close();
