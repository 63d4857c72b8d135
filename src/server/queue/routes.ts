import type { FastifyInstance } from 'fastify';
import { mayBeQueued } from '../../model/change.ts';
import type { MailIdentity } from '../../model/item-key.ts';
import { isObject } from '../../model/is-object.ts';
import { MalformedChange, parseChange, parseMailIdentity } from '../../model/parse-change.ts';
import { HttpError } from '../http/errors.ts';
import { registerAttachmentRoute } from './attachment-route.ts';
import { streamEvents } from './event-stream.ts';
import { readItemStates, type ItemStateServices } from './item-state.ts';
import { longestWait, waitForEvents } from './long-poll.ts';
import { registerOpenRoutes } from './open-routes.ts';
import { personOf } from './person.ts';
import { timers, type Timers } from './timers.ts';

/** A recorded mail may hold 20 MB of HTML. */
const changeLimit = 48 * 1024 * 1024;
/** Mails asked about at once. */
const mostMails = 200;

/** `/sync/v1/`: docs/sync-api.md says the same for people. */
export function registerQueueRoutes(server: FastifyInstance, services: ItemStateServices, time: Timers = timers): void {
  const { ledger } = services;

  server.post('/sync/v1/changes', { bodyLimit: changeLimit }, async (request, reply) => {
    const person = await personOf(server, request);
    const change = read(() => parseChange(request.body));
    if (!mayBeQueued(change)) throw new HttpError(400, 'A change of this kind stays with its person.');
    // Whose wish it is says the token, whatever the body says.
    const status = await ledger.accept(person.objectId, { ...change, by: person.address ?? change.by });
    return reply.code(202).send(status);
  });

  registerAttachmentRoute(server, ledger);
  registerOpenRoutes(server, ledger);

  server.post('/sync/v1/items/state', async (request) => {
    const person = await personOf(server, request);
    const { mails, askCrm } = read(() => parseQuestion(request.body));
    const cursor = await ledger.lastCursor();
    return { items: await readItemStates(services, person.objectId, mails, askCrm), cursor };
  });

  server.post('/sync/v1/items/untracked', async (request, reply) => {
    const { objectId } = await personOf(server, request);
    const itemKey = isObject(request.body) ? request.body['itemKey'] : undefined;
    if (typeof itemKey !== 'string' || itemKey.length > 200 || !/^[\x20-\x7e]+$/.test(itemKey))
      throw new HttpError(400, 'itemKey names a mail.');
    await ledger.noteRemoved(objectId, itemKey);
    return reply.code(204).send();
  });

  server.get<{ Querystring: { after?: string; wait?: string } }>('/sync/v1/events', async (request, reply) => {
    const person = await personOf(server, request);
    const { after = '-1', wait = '0' } = request.query;
    const given = wholeNumber(after, 'The cursor');
    const last = await ledger.lastCursor();
    // A cursor from the future is from before a backup was restored: there would be no news until the log is as long again.
    const from = given < 0 || given > last ? last : given;
    const isStream = request.headers.accept?.includes('text/event-stream') ?? true;
    if (isStream && request.query.wait === undefined) return streamEvents(ledger, person.objectId, from, reply);
    const seconds = Math.min(Math.max(wholeNumber(wait, 'The wait'), 0), longestWait);
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const events = await waitForEvents(ledger, time, person.objectId, from, seconds * 1_000, gone.signal);
    const told = events.map(({ cursor, status }) => ({ cursor, status: JSON.parse(status) as unknown }));
    return reply.header('cache-control', 'no-store').send({ events: told, cursor: events.at(-1)?.cursor ?? from });
  });
}

function wholeNumber(text: string, name: string): number {
  const number = Number(text);
  if (text === '' || !Number.isSafeInteger(number)) throw new HttpError(400, `${name} is a whole number.`);
  return number;
}

function parseQuestion(body: unknown): { mails: MailIdentity[]; askCrm: boolean } {
  if (typeof body !== 'object' || body === null) throw new MalformedChange('body');
  const { mails, askCrm } = body as Record<string, unknown>;
  if (!Array.isArray(mails) || mails.length > mostMails) throw new MalformedChange('mails');
  return { mails: mails.map(parseMailIdentity), askCrm: askCrm !== false };
}

function read<Answer>(parse: () => Answer): Answer {
  try {
    return parse();
  } catch (error) {
    if (error instanceof MalformedChange) throw new HttpError(400, error.message);
    throw error;
  }
}
