import { apply } from '../../src/api/apply.ts';
import { createAttachmentLimit } from '../../src/api/attachment-limit.ts';
import { createDataverse, type Dataverse } from '../../src/api/dataverse.ts';
import { guardWrites } from '../../src/api/guarded.ts';
import { createHttp } from '../../src/api/http.ts';
import type { Database } from '../../src/server/db/open.ts';
import { HttpError } from '../../src/server/http/errors.ts';
import { createServer } from '../../src/server/http/server.ts';
import type { Identity } from '../../src/server/http/tokens.ts';
import { createBreaker } from '../../src/server/queue/breaker.ts';
import { processClock } from '../../src/server/queue/clock.ts';
import { createLedger, type Ledger } from '../../src/server/queue/ledger.ts';
import { registerQueueRoutes } from '../../src/server/queue/routes.ts';
import { createWorker } from '../../src/server/queue/worker.ts';
import type { Clock } from './clock.ts';
import { connect } from './database.ts';
import { crmOrigin, digestOf, paneOrigin, people, tenantId } from './places.ts';
import type { Host, LiveBody, Network, WireAnswer, WireRequest } from './network.ts';
import type { Program } from './program.ts';

/** What the server's programs share with the world. */
export interface ServerWorld {
  readonly network: Network;
  readonly shared: Database;
  /** Its time is the database's, by which leases are measured. */
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: (who: string, error: unknown) => void;
  /** Sees every use a daemon makes of the ledger. */
  readonly watch: (program: Program, ledger: Ledger) => Ledger;
}

/** The CRM with the daemon's rights, or on behalf of somebody; composed as `queue/start` does it. */
function crmAccess(program: Program, network: Network, changeId?: string): (owner?: string) => Dataverse {
  return (owner) =>
    createDataverse(
      createHttp({
        fetch: network.fetchOf(program, changeId),
        baseUrl: `${crmOrigin}/api/data/v9.2/`,
        token: async () => 'server',
        timeout: 30_000,
        ...(owner === undefined ? {} : { headers: { CallerObjectId: owner } }),
      }),
    );
}

/** The web server: the queue's own routes in fastify, without a socket. */
export async function startWeb(program: Program, world: ServerWorld): Promise<void> {
  const { network, shared, clock } = world;
  const server = createServer({ checkToken, now: clock.now });
  const crm = crmAccess(program, network);
  const ledger = createLedger(connect(program, shared), processClock(clock.now));
  followOthers(program, ledger, world);
  const services = { ledger, crm: crm(), crmFor: crm, digest: digestOf(program), tenantId };
  registerQueueRoutes(server, services, { after: program.after, now: program.now });
  await server.ready();
  const host: Host = {
    program,
    async answer(request) {
      const answer = await clock.beside(
        server.inject({
          method: request.method as 'GET',
          url: request.url.pathname + request.url.search,
          headers: Object.fromEntries(request.headers),
          ...(request.bytes === null ? { payload: request.body } : { payload: Buffer.from(request.bytes) }),
          payloadAsStream: true,
        }),
      );
      return clock.beside(readAnswer(answer.statusCode, answer.headers, answer.stream()));
    },
  };
  network.serve(paneOrigin, host);
}

/** Several processes share the database, as they do on PostgreSQL: what the others write is looked for, as `queue/start` does. */
function followOthers(program: Program, ledger: Ledger, { report }: ServerWorld): void {
  program.after(2_000, () => {
    void ledger
      .lookForNews()
      .catch((error: unknown) => report(program.name, error))
      .finally(() => followOthers(program, ledger, { report } as ServerWorld));
  });
}

type Headers = Record<string, number | string | string[] | undefined>;

async function readAnswer(status: number, headers: Headers, stream: NodeJS.ReadableStream): Promise<WireAnswer> {
  const type = String(headers['content-type'] ?? 'text/plain');
  if (type.startsWith('text/event-stream'))
    return { status, headers: { 'content-type': type }, body: liveBody(stream) };
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { status, headers: { 'content-type': type }, body: Buffer.concat(chunks).toString() };
}

function liveBody(stream: NodeJS.ReadableStream): LiveBody {
  return {
    listen(onText, onEnd) {
      stream.on('data', (chunk: Buffer) => onText(chunk.toString()));
      stream.on('end', onEnd);
      stream.on('error', onEnd);
      stream.on('close', onEnd);
    },
    close: () => void (stream as unknown as { destroy(): void }).destroy(),
  };
}

/** The token is the person's address; checking signatures is not what is simulated here. */
async function checkToken(authorization: string | undefined): Promise<Identity> {
  const address = authorization?.replace('Bearer ', '');
  const person = people.find((known) => known.address === address);
  if (person === undefined) throw new HttpError(401, 'Sign in.');
  const { objectId, name } = person;
  return { objectId, kind: 'user', tenantId, name, address };
}

/** What a daemon does between looking at the CRM and writing to it: nothing, but it may be stopped there. */
export const aboutToWrite = 'about to write to the CRM';

/** A daemon: one worker with its breaker, over its own connection. */
export function startDaemon(program: Program, world: ServerWorld): void {
  const { network, shared, random, watch } = world;
  const report = (error: unknown) => world.report(program.name, error);
  const ledger = watch(program, createLedger(connect(program, shared), processClock(world.clock.now)));
  const timers = { after: program.after, now: program.now };
  const probing = crmAccess(program, network)();
  const breaker = createBreaker({
    probe: async () => void (await probing.retrieve('WhoAmI()')),
    release: () => ledger.releaseOutage(),
    timers,
    report,
  });
  const attachmentLimit = createAttachmentLimit(probing);
  const attachment = async (changeId: string, part: number) => {
    const stored = await ledger.attachment(changeId, part);
    if (stored === null) return null;
    const chunks: Uint8Array[] = [];
    for await (const chunk of stored.chunks()) chunks.push(Buffer.from(chunk));
    return new Blob([Buffer.concat(chunks).toString('base64')]);
  };
  createWorker({
    ledger,
    breaker,
    timers,
    apply: (change, owner, check, note) => {
      const crm = guardWrites(crmAccess(program, network, change.id)(owner), async () => {
        await program.call(aboutToWrite, 0, () => undefined);
        await check();
      });
      const watched = network.watchNotes(change.id, note);
      return apply(change, { crm, digest: digestOf(program), tenantId, attachment, attachmentLimit, note: watched });
    },
    random,
    report,
    concurrency: 4,
  });
}

/** Who asks the CRM: a person with their own token, or the server for somebody. */
export function authorOf({ headers, changeId }: WireRequest): { name: string; change: string | null } {
  const owner = headers.get('callerobjectid');
  const token = headers.get('authorization')?.replace('Bearer ', '');
  const person = people.find(({ objectId, address }) => objectId === owner || address === token);
  return { name: person?.name ?? 'the server', change: changeId };
}
