import { text } from 'node:stream/consumers';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { InjectOptions } from 'fastify';
import type { Database } from '../../src/server/db/open.ts';
import { toBase64 } from '../../src/server/queue/base64.ts';
import type { Ledger } from '../../src/server/queue/ledger.ts';
import { registerQueue } from '../../src/server/queue/start.ts';
import { until } from '../drills/until.ts';
import { regardChange, result, trackChange } from '../sync/samples.ts';
import { forEachEngine } from './engines.ts';
import { createWorld, daemon, dana, miguel, type Person, type World } from './world.ts';

const unfinished = { state: 'refused', reason: { code: 'forbidden', message: 'You may not.' } } as const;

forEachEngine('/sync/v1', ({ open }) => {
  let database: Database;
  let world: World;
  let ledger: Ledger;
  beforeEach(async () => {
    database = await open();
    world = await createWorld(database);
    const away = () => Promise.reject(new TypeError('the CRM is not part of this story'));
    ledger = registerQueue(world.app, {
      database,
      crm: { url: 'http://localhost', token: async () => '', fetch: away },
      tenantId: 't',
      now: Date.now,
      random: Math.random,
      report: (error) => {
        throw error;
      },
    });
  });
  afterEach(() => world.app.close());

  const ask = async (
    person: Person,
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    more: Partial<InjectOptions> = {},
  ) => {
    const headers = { authorization: `Bearer ${await world.token(person)}`, ...more.headers };
    const answer = await world.app.inject({ method, url: `/sync/v1/${path}`, ...more, headers });
    return { status: answer.statusCode, body: answer.body === '' ? null : (JSON.parse(answer.body) as unknown) };
  };
  const post = (person: Person, path: string, body: object) =>
    ask(person, 'POST', path, { payload: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  const put = (person: Person, path: string, payload: string | Buffer | Readable, type = 'application/octet-stream') =>
    ask(person, 'PUT', path, { payload, headers: { 'content-type': type } });
  const refuse = async (person: Person, lane: string) => {
    const change = trackChange({}, lane);
    await post(person, 'changes', change);
    const [claim] = await ledger.claim(1);
    await ledger.finish(claim!, unfinished);
    return change.id;
  };

  test('a mail that was untracked directly in the CRM is remembered, for whoever untracked it', async () => {
    expect((await post(dana, 'items/untracked', { itemKey: 7 })).status).toBe(400);
    expect((await post(dana, 'items/untracked', { itemKey: 'm1.untracked' })).status).toBe(204);
    // Not what the pane calls kept: when a colleague tracks the mail, it is theirs and shown as such.
    const asked = { mails: [trackChange({}, 'm1.untracked').mail], askCrm: false };
    expect(await post(dana, 'items/state', asked)).toMatchObject({ body: { items: [{ kept: false }] } });
    expect([...(await ledger.untracked(dana.objectId, ['m1.untracked']))]).toEqual(['m1.untracked']);
    expect((await ledger.untracked(miguel.objectId, ['m1.untracked'])).size).toBe(0);
  });

  test('what was refused is listed, shown with its mail, tried again and dropped', async () => {
    const [first, second] = [await refuse(dana, 'm1.a'), await refuse(dana, 'm1.b')];
    const all = await ask(dana, 'GET', 'changes?state=refused,conflict');
    expect(all).toMatchObject({ status: 200, body: { changes: [{ id: first }, { id: second }], next: null } });
    const state = await post(dana, 'items/state', { mails: [trackChange({}, 'm1.a').mail], askCrm: false });
    expect(state.body).toMatchObject({
      items: [{ pending: [], parked: [{ id: first, reason: { code: 'forbidden' } }] }],
    });
    expect(await ask(dana, 'POST', `changes/${first}/retry`)).toMatchObject({ status: 202, body: { state: 'queued' } });
    expect(await ask(dana, 'DELETE', `changes/${second}`)).toMatchObject({ status: 204 });
    expect(await ask(dana, 'DELETE', `changes/${second}`)).toMatchObject({ status: 204 });
    expect(await ask(dana, 'GET', 'changes')).toMatchObject({ body: { changes: [{ id: first, state: 'queued' }] } });
  });

  test('a colleague sees, retries and drops nothing of it, and is not told that it exists', async () => {
    const id = await refuse(dana, 'm1.a');
    const strange = trackChange({}).id;
    expect(await ask(miguel, 'GET', 'changes')).toMatchObject({ body: { changes: [] } });
    const mails = [trackChange({}, 'm1.a').mail];
    expect(await post(miguel, 'items/state', { mails, askCrm: false })).toMatchObject({
      body: { items: [{ parked: [] }] },
    });
    for (const [method, path] of [
      ['DELETE', ''],
      ['POST', '/retry'],
    ] as const) {
      const known = await ask(miguel, method, `changes/${id}${path}`);
      expect(known.status).toBe(404);
      expect(known).toEqual(await ask(miguel, method, `changes/${strange}${path}`));
    }
    expect(await ask(dana, 'GET', 'changes')).toMatchObject({ body: { changes: [{ id, state: 'refused' }] } });
  });

  test.each([
    ['GET', 'changes?state=done', 400],
    ['GET', 'changes?after=-1', 400],
    ['GET', 'changes?after=x', 400],
    ['POST', 'changes/nonsense/retry', 400],
    ['DELETE', 'changes/nonsense', 400],
    ['GET', 'events?after=1.5', 400],
    ['GET', 'events?after=0&wait=soon', 400],
  ] as const)('%s %s is answered %s', async (method, path, status) => {
    expect(await ask(dana, method, path)).toMatchObject({ status });
  });

  test.each([
    ['has no connection left', new Error('timeout exceeded when trying to connect')],
    ['is full', Object.assign(new Error('no space left on device'), { code: '53100' })],
    ['stops a statement', Object.assign(new Error('canceling statement'), { code: '57014' })],
    ['clashes five times', Object.assign(new Error('could not serialize access'), { code: '40001' })],
  ])('a database that %s is no verdict about the change: 503, come again', async (_, error) => {
    const fail = () => Promise.reject(error);
    database.transaction = fail;
    database.commit = fail;
    const token = await world.token(dana);
    const answer = await world.app.inject({
      method: 'POST',
      url: '/sync/v1/changes',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      payload: JSON.stringify(trackChange({})),
    });
    expect(answer.statusCode).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  test('an application has no wishes', async () => {
    expect(await ask(daemon, 'GET', 'changes')).toMatchObject({ status: 403 });
  });

  test('a lane that no database could find again is refused', async () => {
    for (const lane of ['', 'm1.\0', 'm1.\ud800', 'm1.ü'])
      expect(await post(dana, 'changes', { ...regardChange({}), lane })).toMatchObject({ status: 400 });
  });

  test('a long poll answers at once when there is news, as soon as there is, and with nothing in the end', async () => {
    const headers = { accept: 'application/json' };
    const change = trackChange({}, 'm1.a');
    const waiting = ask(dana, 'GET', 'events?after=0&wait=20', { headers });
    const stranger = ask(miguel, 'GET', 'events?after=0&wait=1', { headers });
    await new Promise((resolve) => setImmediate(resolve));
    await post(dana, 'changes', change);
    const heard = (await waiting).body as { events: { cursor: number; status: unknown }[]; cursor: number };
    expect(heard.events).toMatchObject([{ status: { id: change.id, state: 'queued' } }]);
    expect(heard.cursor).toBe(heard.events[0]!.cursor);
    const again = await ask(dana, 'GET', 'events?after=0&wait=20', { headers });
    expect(again.body).toEqual(heard);
    const nothing = await ask(dana, 'GET', `events?after=${heard.cursor}`, { headers });
    expect(nothing.body).toEqual({ events: [], cursor: heard.cursor });
    expect((await stranger).body).toEqual({ events: [], cursor: 0 });
    const present = await ask(dana, 'GET', 'events?after=-1', { headers });
    expect(present.body).toEqual({ events: [], cursor: heard.cursor });
  });

  test('a stream says where it begins, and tells its person alone each event once, in order, from there on', async () => {
    /** Reads as many messages of an open stream as are wanted, past its comments; `close` ends it. */
    const listen = async (person: Person, after: number) => {
      const authorization = `Bearer ${await world.token(person)}`;
      const url = `/sync/v1/events?after=${after}`;
      const headers = { authorization, accept: 'text/event-stream' };
      const answer = await world.app.inject({ method: 'GET', url, headers, payloadAsStream: true });
      expect(answer.headers).toMatchObject({ 'content-type': expect.stringContaining('text/event-stream') });
      const stream = answer.stream();
      const messages: { cursor: number; id: string | null }[] = [];
      stream.on('data', (bytes: Buffer) => {
        for (const [, id, data] of bytes.toString().matchAll(/^id: (\d+)\ndata: (.*)\n\n/gm)) {
          const status = JSON.parse(data!) as { id: string } | null;
          messages.push({ cursor: Number(id), id: status?.id ?? null });
        }
      });
      return { messages, close: () => stream.destroy() };
    };
    const [first, second, third] = [trackChange({}, 'm1.a'), trackChange({}, 'm1.b'), trackChange({}, 'm1.c')];
    await post(dana, 'changes', first);
    const [hers, his] = [await listen(dana, 0), await listen(miguel, 0)];
    await until('what was there is told', () => hers.messages.length === 2);
    await post(dana, 'changes', second);
    await until('what comes is told', () => hers.messages.length === 3);
    await post(miguel, 'changes', trackChange({}, 'm1.his'));
    await post(dana, 'changes', third);
    await until('and what comes after it', () => hers.messages.length === 4 && his.messages.length === 2);
    expect(hers.messages.map(({ id }) => id)).toEqual([null, first.id, second.id, third.id]);
    const cursors = hers.messages.map(({ cursor }) => cursor);
    expect(cursors).toEqual([...new Set(cursors)].sort((one, other) => one - other));
    hers.close();
    his.close();

    const resumed = await listen(dana, hers.messages[2]!.cursor);
    await until('the rest is told', () => resumed.messages.length === 2);
    expect(resumed.messages).toEqual([{ ...hers.messages[2]!, id: null }, hers.messages[3]]);
    resumed.close();
  });

  test('what ends while the states are read is news after their cursor', async () => {
    const change = trackChange({}, 'm1.a');
    await post(dana, 'changes', change);
    const [claim] = await ledger.claim(1);
    const whole = { ...ledger };
    ledger.pending = async (lanes) => {
      const before = await whole.pending(lanes);
      await whole.finish(claim!, { state: 'done', result });
      return before;
    };
    const { body } = await post(dana, 'items/state', { mails: [change.mail], askCrm: false });
    const { items, cursor } = body as { items: unknown[]; cursor: number };
    expect(items).toMatchObject([{ pending: [{ id: change.id }] }]);
    const news = await ask(dana, 'GET', `events?after=${cursor}&wait=0`, { headers: { accept: 'application/json' } });
    expect(news.body).toMatchObject({ events: [{ status: { id: change.id, state: 'done' } }] });
  });

  test('a cursor from before a backup was restored begins at the present', async () => {
    await post(dana, 'changes', trackChange({}, 'm1.a'));
    const headers = { accept: 'application/json' };
    const { body } = await ask(dana, 'GET', 'events?after=-1', { headers });
    expect(await ask(dana, 'GET', 'events?after=1000000', { headers })).toMatchObject({ status: 200, body });
  });

  test('a large attachment comes back byte for byte, whoever sends it a second time', async () => {
    const change = trackChange({}, 'm1.a');
    const bytes = randomBytes(5 * 1024 * 1024 + 17);
    const path = `changes/${change.id}/attachments/0`;
    expect(await put(dana, path, Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]))).toMatchObject({
      status: 204,
    });
    expect(await put(dana, path, Buffer.from('other'))).toMatchObject({ status: 204 });
    expect(await put(miguel, path, Buffer.from('other'))).toMatchObject({ status: 403 });
    expect(await put(dana, path, 'text', 'text/plain')).toMatchObject({ status: 415 });
    expect(await put(dana, `changes/${change.id}/attachments/x`, bytes)).toMatchObject({ status: 400 });
    expect(await text(toBase64((await ledger.attachment(change.id, 0))!).stream())).toBe(bytes.toString('base64'));
    await post(dana, 'changes', change);
    const [claim] = await ledger.claim(1);
    await ledger.finish(claim!, { state: 'done', result });
    expect(await ledger.attachment(change.id, 0)).toBeNull();
  });
});
