import { gzipSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { deviceDelay } from '../../src/model/schedule.ts';
import type { GetToken } from '../../src/api/http.ts';
import { CrmError } from '../../src/model/errors.ts';
import { createMemoryStore } from '../../src/sync/store-memory.ts';
import type { Change, ChangeReason } from '../../src/model/change.ts';
import { createPageLocks } from './page-locks.ts';
import { kim, regardChange, trackChange, untrackChange } from './samples.ts';
import { startScriptedCrm, type Fault } from './scripted-crm.ts';
import { away, openWorld, type World } from './world.ts';

/**
 * What a CRM, or something in between, may answer: each row says what the person is told, when it is tried again, and by the
 * effects that nothing is lost and nothing is doubled. The server's ledger is away throughout, so the device alone must cope.
 */

type Answer = Fault['answer'];
type Told = ChangeReason['code'];

const says =
  (status: number, headers: Record<string, string | string[]> = {}, body = ''): Answer =>
  (response) =>
    void response.writeHead(status, headers).end(body);
const error = (status: number, headers: Record<string, string | string[]> = {}): Answer =>
  says(status, headers, JSON.stringify({ error: { code: '0x80040216', message: 'Said by the CRM.' } }));
const page: Answer = says(200, { 'content-type': 'text/html' }, '<!doctype html><title>Sign in</title>');
const cut: Answer = (response) => void response.socket?.destroy();
const late: Answer = () => undefined; // the client's time-out ends it
const raw =
  (text: string): Answer =>
  (response) =>
    void response.socket?.end(text);
const half: Answer = (response, { body }) => sendHalf(response, body || '{"value":[{"activityid":"x"', 0.5);
const properly =
  (headers: Record<string, string | string[]> = {}): Answer =>
  (response, { status, body }) =>
    void response.writeHead(status, headers).end(body);

/** Announces the whole and sends a part. */
function sendHalf(response: ServerResponse, body: string, part: number): void {
  response.writeHead(200, { 'content-length': String(Buffer.byteLength(body) + 50) });
  response.write(body.slice(0, Math.ceil(body.length * part)));
  setTimeout(() => response.socket?.destroy(), 5);
}

const wrongLength: Answer = (response, { body }) =>
  raw(`HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\n${body || '{"value":[]}'}`)(response, {
    status: 200,
    body,
  });
const date = 'Sat, 21 Nov 2026 10:00:00 GMT';
const soon = { date, 'retry-after': 'Sat, 21 Nov 2026 10:01:30 GMT' };
const random = 0.5;
const own = deviceDelay(1, random);
const five = 5 * 60_000;

type Row = readonly [
  name: string,
  on: Fault['on'],
  does: boolean,
  answer: Answer,
  told: Told | 'nothing',
  /** Milliseconds until the next try. */
  next: number,
];

const rows: readonly Row[] = [
  // A CRM that is busy, and every way to say until when.
  ['429 with seconds', 'find', false, error(429, { 'retry-after': '17' }), 'throttled', 17_000],
  ['429 with seconds at the write', 'promote', false, error(429, { 'retry-after': '17' }), 'throttled', 17_000],
  ['429 with zero', 'find', false, error(429, { 'retry-after': '0' }), 'throttled', own],
  ['429 with a date', 'find', false, error(429, soon), 'throttled', 90_000],
  [
    '429 with a date that is over',
    'find',
    false,
    error(429, { date, 'retry-after': 'Sat, 21 Nov 2026 09:00:00 GMT' }),
    'throttled',
    own,
  ],
  ['429 without Retry-After', 'find', false, error(429), 'throttled', own],
  ['429 with a negative number', 'find', false, error(429, { 'retry-after': '-30' }), 'throttled', own],
  ['429 with a huge number', 'find', false, error(429, { 'retry-after': '999999999' }), 'throttled', five],
  [
    '429 with a number beyond all bounds',
    'find',
    false,
    error(429, { 'retry-after': '9'.repeat(40) }),
    'throttled',
    own,
  ],
  ['429 with a fraction', 'find', false, error(429, { 'retry-after': '1.5' }), 'throttled', own],
  ['429 with words', 'find', false, error(429, { 'retry-after': 'soon' }), 'throttled', own],
  ['429 with the header twice', 'find', false, error(429, { 'retry-after': ['9', '9'] }), 'throttled', own],
  ['429 with a page instead of an error', 'find', false, says(429, {}, '<html>Slow down</html>'), 'throttled', own],
  // A CRM that is broken.
  ['500', 'find', false, error(500), 'unavailable', own],
  ['500 at the write, not done', 'promote', false, error(500), 'unavailable', own],
  ['500 at the write, done', 'promote', true, error(500), 'unavailable', own],
  ['502 from a proxy', 'promote', true, says(502, {}, '<html>Bad gateway</html>'), 'unavailable', own],
  ['503 with Retry-After', 'find', false, error(503, { 'retry-after': '40' }), 'unavailable', 40_000],
  ['503 at the write, done', 'promote', true, error(503), 'unavailable', own],
  ['504 at the write, done', 'promote', true, says(504), 'unavailable', own],
  ['507 without words', 'promote', false, says(507), 'unavailable', own],
  ['599', 'find', false, says(599), 'unavailable', own],
  ['408', 'promote', false, error(408), 'unavailable', own],
  ['425', 'promote', false, error(425), 'unavailable', own],
  // A line that breaks.
  ['cut before the status line', 'find', false, cut, 'offline', own],
  ['cut after the send, not done', 'promote', false, cut, 'offline', own],
  ['cut after the send, done', 'promote', true, cut, 'offline', own],
  ['half a body', 'find', false, half, 'offline', own],
  ['half a body at the write, done', 'promote', true, half, 'offline', own],
  ['no answer in time', 'find', false, late, 'unavailable', own],
  ['no answer in time, not done', 'promote', false, late, 'unavailable', own],
  ['late success', 'promote', true, late, 'unavailable', own],
  ['not HTTP at all', 'promote', true, raw('SSH-2.0-OpenSSH_9.6\r\n'), 'offline', own],
  ['an empty answer', 'promote', true, raw(''), 'offline', own],
  ['a status line without an end', 'promote', true, raw('HTTP/1.1 200 O'), 'offline', own],
  // Something in between that answers in its place.
  ['an HTML page with status 200', 'find', false, page, 'unavailable', own],
  ['an HTML page with status 200 at the write, not done', 'promote', false, page, 'unavailable', own],
  ['an HTML page with status 200 at the write, done', 'promote', true, page, 'unavailable', own],
  ['a redirect to a sign-in page', 'find', false, says(302, { location: 'https://login.example/' }), 'offline', own],
  ['a redirect at the write, done', 'promote', true, says(307, { location: '/elsewhere' }), 'offline', own],
  ['a redirect without a place', 'find', false, says(301), 'offline', own],
  ['304', 'find', false, says(304), 'unavailable', own],
  // Answers that make no sense.
  ['JSON cut off', 'find', false, says(200, {}, '{"value":[{"activityid":'), 'unavailable', own],
  ['JSON cut off at the write, done', 'promote', true, says(200, {}, '{"activityid":"'), 'unavailable', own],
  ['a list that is none', 'find', false, says(200, {}, '{"value":{}}'), 'unavailable', own],
  ['null', 'find', false, says(200, {}, 'null'), 'unavailable', own],
  ['an empty body with status 200', 'find', false, says(200), 'unavailable', own],
  ['204 where a list is due', 'find', false, says(204), 'unavailable', own],
  ['204 where the row is due, done', 'promote', true, says(204), 'unavailable', own],
  ['a row without an id, done', 'promote', true, says(200, {}, '{}'), 'unavailable', own],
  ['an array where the row is due, done', 'promote', true, says(200, {}, '[]'), 'unavailable', own],
  ['a content-length too short', 'find', false, wrongLength, 'unavailable', own],
  ['a content-length too short, done', 'promote', true, wrongLength, 'unavailable', own],
  ['gzip that is none', 'find', false, says(200, { 'content-encoding': 'gzip' }, '{"value":[]}'), 'offline', own],
  [
    'gzip cut off, done',
    'promote',
    true,
    (response) =>
      void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"activityid":"x"}').subarray(0, 14)),
    'unavailable',
    own,
  ],
  // Odd, and good all the same.
  [
    '201 without an ETag',
    'promote',
    true,
    (response, { body }) => void response.writeHead(201).end(body.replace('"@odata.etag":"W/\\"7\\"",', '')),
    'nothing',
    0,
  ],
  [
    'headers twice',
    'promote',
    true,
    properly({ 'content-type': ['application/json', 'text/html'], etag: ['"1"', '"2"'] }),
    'nothing',
    0,
  ],
  [
    '103 before the answer',
    'promote',
    true,
    (response, proper) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      properly()(response, proper);
    },
    'nothing',
    0,
  ],
  ['a byte order mark and blanks', 'find', false, says(200, {}, '  {"value":[]}\n '), 'nothing', 0],
  ['a list with things that are no rows', 'find', false, says(200, {}, '{"value":[null,1,"x",[]]}'), 'nothing', 0],
  // Answers that are final.
  ['400', 'promote', false, error(400), 'refused', 0],
  ['403', 'promote', false, error(403), 'forbidden', 0],
  ['413', 'promote', false, says(413), 'refused', 0],
  ['410 of a search', 'find', false, error(410), 'refused', 0],
];

let crm: Awaited<ReturnType<typeof startScriptedCrm>>;
beforeAll(async () => {
  crm = await startScriptedCrm();
});
beforeEach(() => {
  crm.rows.clear();
  crm.effects.length = 0;
  crm.plan([]);
  crm.accept(null);
});
afterAll(() => crm.close());

async function open(getToken?: GetToken): Promise<World & { store: ReturnType<typeof createMemoryStore> }> {
  const store = createMemoryStore({ durable: true });
  const world = await openWorld(store, createPageLocks(), undefined, crm.applier(getToken));
  world.serverFails = away();
  return Object.assign(world, { store });
}

/** Resolves when the Change has been tried as often as that, or came to its end. */
async function tried(world: World & { store: ReturnType<typeof createMemoryStore> }, { id }: Change, times: number) {
  for (;;) {
    const state = world.statuses.get(id)?.state;
    const entry = await world.store.entry(id);
    if (state === 'done' || state === 'refused' || state === 'conflict' || (entry?.attempts ?? 0) >= times) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe('one answer of the CRM', () => {
  test.each(rows)('%s (at %s, done: %p)', async (_name, on, does, answer, told, next) => {
    const world = await open();
    const change = trackChange({});
    crm.plan([{ on, does, answer }]);
    const begun = world.now();
    await world.corridor.submit(change);
    await tried(world, change, 1);
    const status = world.statuses.get(change.id);
    if (told === 'nothing') expect(status).toMatchObject({ state: 'done', reason: null });
    else if (next === 0) {
      expect(status).toMatchObject({ state: 'refused', reason: { code: told } });
      expect(await world.store.change(change.id)).toEqual(change); // kept until its person lets it go
      return;
    } else {
      expect(status).toMatchObject({ state: 'waiting', reason: { code: told } });
      expect(Date.parse(status!.nextTryAt!) - begun).toBe(next);
      await world.pass(next - 1);
      expect(world.statuses.get(change.id)?.state).toBe('waiting');
      await world.pass(1);
      await tried(world, change, 2);
      expect(world.statuses.get(change.id)?.state).toBe('done');
    }
    expect(crm.effects).toEqual([`promote ${change.id}`]);
    expect((await world.store.entries()).entries).toEqual([]);
    expect(world.statuses.get(change.id)?.result?.recordId).toBe(change.id);
  });

  test('410 at promote, for an e-mail of this id was deleted: it is made under an id of the CRM’s choice', async () => {
    const world = await open();
    const change = trackChange({});
    crm.plan([{ on: 'promote', does: false, answer: error(410) }]);
    await world.corridor.submit(change);
    await tried(world, change, 1);
    expect(world.statuses.get(change.id)).toMatchObject({ state: 'done', reason: null });
    expect(crm.effects).toEqual(['promote 00000000-0000-0000-0000-000000000000']);
  });

  test.each([1, 2, 7, 50])('a run of %d answers 503: tried less and less often, then done once', async (run) => {
    const world = await open();
    const change = trackChange({});
    crm.plan(Array.from({ length: run }, (_, index) => ({ on: 'promote', does: index % 3 === 0, answer: error(503) })));
    await world.corridor.submit(change);
    for (let times = 1; world.statuses.get(change.id)?.state !== 'done'; times += 1) {
      expect(times).toBeLessThan(run + 2);
      await tried(world, change, times);
      await world.pass(60_000);
      await tried(world, change, times + 1);
    }
    expect(crm.effects).toEqual([`promote ${change.id}`]);
  });
});

describe('a row that is there already', () => {
  const tracked = async () => {
    const world = await open();
    const track = trackChange({});
    await world.corridor.submit(track);
    await tried(world, track, 1);
    expect(world.statuses.get(track.id)?.state).toBe('done');
    crm.effects.length = 0;
    return { world, track };
  };
  const again = async (world: Awaited<ReturnType<typeof open>>, change: Change) => {
    await world.corridor.submit(change);
    await tried(world, change, 1);
    await world.pass(60_000);
    await tried(world, change, 2);
    return world.statuses.get(change.id)!;
  };

  test.each<[string, boolean, Answer]>([
    ['a page with status 200, not done', false, page],
    ['a page with status 200, done', true, page],
    ['200 without a word, done', true, says(200)],
    ['cut after the send, done', true, cut],
    ['503, done', true, error(503)],
  ])('regarding is set once: %s', async (_name, does, answer) => {
    const { world, track } = await tracked();
    crm.plan([{ on: 'update', does, answer }]);
    expect((await again(world, regardChange({ regarding: kim }))).state).toBe('done');
    expect(crm.effects).toEqual([`update ${track.id}`]);
  });

  test.each<[string, boolean, Answer]>([
    ['a page with status 200, not done', false, page],
    ['cut after the send, done', true, cut],
    ['404 at the repetition, done', true, late],
  ])('is removed once: %s', async (_name, does, answer) => {
    const { world, track } = await tracked();
    crm.plan([{ on: 'delete', does, answer }]);
    expect((await again(world, untrackChange({}))).state).toBe('done');
    expect(crm.effects).toEqual([`delete ${track.id}`]);
  });

  test.each<[string, Answer, Told]>([
    ['it vanished', error(404), 'not-found'],
    ['it is gone for good', error(410), 'refused'],
    ['the record it shall be regarding was merged away', error(400), 'refused'],
  ])('%s meanwhile: its person is asked, nothing is made again', async (_name, answer, told) => {
    const { world } = await tracked();
    crm.plan([{ on: 'update', does: false, answer }]);
    const status = await again(world, regardChange({ regarding: kim }));
    expect(status).toMatchObject({ state: 'refused', reason: { code: told } });
    expect(crm.effects).toEqual([]);
  });

  test.each([409, 412])('somebody wrote first (%s): it is looked at again, and is no conflict', async (status) => {
    const { world, track } = await tracked();
    crm.plan([{ on: 'update', does: false, answer: error(status) }]);
    expect((await again(world, regardChange({ regarding: kim }))).state).toBe('done');
    expect(crm.effects).toEqual([`update ${track.id}`]);
  });

  test('others write between all three looks: it waits, is told so, and begins with a new look', async () => {
    const { world, track } = await tracked();
    crm.plan(Array.from({ length: 3 }, () => ({ on: 'update', does: false, answer: error(412) })));
    const regard = regardChange({ regarding: kim });
    await world.corridor.submit(regard);
    await tried(world, regard, 1);
    expect(world.statuses.get(regard.id)).toMatchObject({ state: 'waiting', reason: { code: 'unavailable' } });
    expect({ left: crm.left(), effects: crm.effects }).toEqual({ left: 0, effects: [] });
    await world.pass(60_000);
    await tried(world, regard, 2);
    expect(world.statuses.get(regard.id)?.state).toBe('done');
    expect(crm.effects).toEqual([`update ${track.id}`]);
  });
});

describe('a sign-in that ends on its way', () => {
  test('is renewed, and the same Change goes once more with the new token', async () => {
    const asked: unknown[] = [];
    const world = await open(async (request) => {
      asked.push(request);
      return request?.renew ? 'new' : 'old';
    });
    crm.accept('new');
    const change = trackChange({});
    await world.corridor.submit(change);
    await tried(world, change, 1);
    expect(world.statuses.get(change.id)?.state).toBe('done');
    expect(crm.effects).toEqual([`promote ${change.id}`]);
    expect(asked).toEqual([undefined, { renew: true }, undefined, { renew: true }]);
  });

  test('and cannot be renewed waits for its person, and goes on after the sign-in', async () => {
    let signedIn = false;
    const world = await open(async (request) => {
      if (request?.renew && !signedIn) throw new CrmError('unauthorized', 'Please sign in.');
      return signedIn ? 'new' : 'old';
    });
    crm.accept('new');
    const [first, second] = [trackChange({}), trackChange({}, 'm1.two')];
    await world.corridor.submit(first);
    await world.corridor.submit(second);
    for (const { id } of [first, second]) {
      while (world.statuses.get(id)?.state === 'sending') await new Promise((resolve) => setTimeout(resolve, 2));
      expect(world.statuses.get(id)).toMatchObject({ state: 'waiting', reason: { code: 'unauthorized' } });
    }
    signedIn = true;
    world.corridor.retryNow();
    await tried(world, first, 9);
    await tried(world, second, 9);
    expect(crm.effects.toSorted()).toEqual([`promote ${first.id}`, `promote ${second.id}`].toSorted());
  });

  test('a policy that asks for more is answered with what it asked for', async () => {
    const challenge = '{"access_token":{"nbf":{"essential":true,"value":"1763712000"}}}';
    const claims: unknown[] = [];
    const world = await open(async (request) => {
      if (request?.claims) claims.push(request.claims);
      return request?.claims ? 'stronger' : 'plain';
    });
    const header = `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(challenge).toString('base64')}"`;
    crm.plan([{ on: 'promote', does: false, answer: says(401, { 'www-authenticate': header }) }]);
    const change = trackChange({});
    await world.corridor.submit(change);
    await tried(world, change, 1);
    expect(world.statuses.get(change.id)?.state).toBe('done');
    expect(claims).toEqual([challenge]);
  });

  test('a sign-in service that is away is no missing sign-in', async () => {
    const world = await open(async (request) => {
      if (request?.renew) throw new CrmError('offline', 'The sign-in service cannot be reached.');
      return 'old';
    });
    crm.accept('new');
    const change = trackChange({});
    await world.corridor.submit(change);
    await tried(world, change, 1);
    expect(world.statuses.get(change.id)).toMatchObject({ state: 'waiting', reason: { code: 'offline' } });
  });
});
