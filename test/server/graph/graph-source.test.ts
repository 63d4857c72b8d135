// What Graph is documented to do, and the source that reads mailboxes through it. Faults by their numbers in the study.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SourceError, type MailSource, type SourceItem } from '../../../src/server/mailbox/source.ts';
import { trackedCategory } from '../../../src/server/mailbox/graph/message.ts';
import {
  always,
  folderNamed,
  inboxOf,
  mailSourceContract,
  readChanges,
  sampleMail,
} from '../../contracts/mail-source.ts';
import { openGraphMailbox, openGraphWorld, type GraphMailbox, type GraphWorld } from './graph-world.ts';

let world: GraphWorld;
beforeAll(async () => {
  world = await openGraphWorld();
});
afterAll(() => world.close());

mailSourceContract('Microsoft Graph', async () => openGraphMailbox(world));

describe('Graph on its bad days', () => {
  let mailbox: GraphMailbox;
  let source: MailSource;
  let inbox: string;

  beforeEach(async () => {
    world.behave();
    mailbox = openGraphMailbox(world);
    source = mailbox.source();
    inbox = await inboxOf(source);
  });
  afterEach(async () => {
    world.behave();
    await source.close();
  });

  const deliver = async (...names: string[]) => {
    for (const name of names) await mailbox.deliver('inbox', sampleMail(`<${name}@x.example>`));
  };
  const namesIn = (items: Iterable<SourceItem>) =>
    [...items].map(({ internetMessageId }) => internetMessageId!.slice(1, -11)).sort();
  const failure = async (call: Promise<unknown>): Promise<SourceError> => {
    const error: unknown = await call.then(() => undefined, (cause: unknown) => cause); // prettier-ignore
    expect(error).toBeInstanceOf(SourceError);
    return error as SourceError;
  };
  const many = (count: number) => Array.from({ length: count }, (_, number) => `m${String(number)}`);

  /** What a reader knows after following the source: the latest of each item, without what is gone from the folder for good. */
  const follow = async (from: string | null, known = new Map<string, SourceItem>()) => {
    const { items, gone, cursor } = await readChanges(source, inbox, from);
    for (const id of gone) known.delete(id);
    for (const item of items) known.set(item.id, item);
    return { known, cursor };
  };

  test('F30: repeats, no order, removed before created, empty pages: what is known in the end is what is there', async () => {
    await deliver(...many(25));
    world.misbehaves.set({ repeats: 5, shuffled: true, removedFirst: true, emptyPages: 3, replays: 4 });
    let { known, cursor } = await follow(null);
    expect(namesIn(known.values())).toEqual(many(25).sort());
    await mailbox.remove('<m3@x.example>', 'inbox');
    await mailbox.mark('<m4@x.example>', 'inbox', true);
    await deliver('late');
    ({ known, cursor } = await follow(cursor, known));
    ({ known } = await follow(cursor, known));
    expect(namesIn(known.values())).toEqual([...many(25).filter((name) => name !== 'm3'), 'late'].sort());
    expect([...known.values()].filter(({ isMarked }) => isMarked)).toHaveLength(1);
  });

  test('old mail that is moved into a folder is not told, and so is not counted as missing', async () => {
    const since = new Date(Date.now() - 3_600_000);
    await mailbox.deliver('inbox', sampleMail('<old@x.example>'), new Date(since.getTime() - 86_400_000));
    await deliver('new');
    expect([await source.count(inbox, since), await source.count(inbox)]).toEqual([1, 2]);
  });

  test('F30: a thousand pages', async () => {
    await deliver(...many(100));
    source = mailbox.source(1);
    world.misbehaves.set({ emptyPages: 9 });
    const items: SourceItem[] = [];
    let pages = 0;
    for (let [cursor, more]: [string | null, boolean] = [null, true]; more; pages += 1) {
      const page = await source.changes(inbox, cursor, always);
      items.push(...page.items);
      [cursor, more] = [page.cursor, page.more];
    }
    expect(pages).toBeGreaterThanOrEqual(1_000);
    expect(namesIn(items)).toEqual(many(100).sort());
  }, 180_000);

  test.each(['gone', 'not-found', 'invalid'] as const)(
    'F29: a token that is not known any more (%s), at the start of a round and within it',
    async (kind) => {
      await deliver(...many(25));
      const middle = (await source.changes(inbox, null, always)).cursor;
      const { cursor: end } = await readChanges(source, inbox);
      await deliver('while away');
      world.misbehaves.expireTokens(kind);
      expect((await failure(source.changes(inbox, middle, always))).code).toBe('cursor-lost');
      expect((await failure(source.changes(inbox, end, always))).code).toBe('cursor-lost');
      const { items } = await readChanges(source, inbox);
      expect(namesIn(items)).toEqual([...many(25), 'while away'].sort());
    },
  );

  test('F05: a page that was answered but not stored is answered again', async () => {
    await deliver(...many(15));
    const first = await source.changes(inbox, null, always);
    const once = await source.changes(inbox, first.cursor, always);
    expect(await source.changes(inbox, first.cursor, always)).toEqual(once);
  });

  test('F31: a mail keeps its id when it is moved, and every request asks for such ids', async () => {
    await mailbox.createFolder('Kunden');
    const kunden = await folderNamed(source, 'Kunden');
    await deliver('moves');
    const [{ id }] = (await readChanges(source, inbox)).items as [SourceItem];
    await mailbox.move('<moves@x.example>', 'inbox', 'Kunden');
    const [moved] = (await readChanges(source, kunden)).items;
    expect(moved).toMatchObject({ id, folderId: kunden });
    const reads = mailbox.asked.filter(({ url }) => url.pathname.includes('/messages'));
    expect(reads.every(({ headers }) => headers.get('prefer')?.includes('IdType="ImmutableId"'))).toBe(true);
  });

  test('of a changed mail Graph may say a part only: the rest is asked for', async () => {
    await deliver('one', 'two', 'three');
    const { items, cursor } = await readChanges(source, inbox);
    world.misbehaves.set({ partial: true });
    await mailbox.mark('<one@x.example>', 'inbox', true);
    await mailbox.mark('<two@x.example>', 'inbox', true);
    await mailbox.remove('<two@x.example>', 'inbox');
    const before = items.find(({ internetMessageId }) => internetMessageId === '<one@x.example>')!;
    const after = await readChanges(source, inbox, cursor);
    expect(after.items).toEqual([{ ...before, isMarked: true, version: expect.any(String) }]);
    expect(after.gone).toHaveLength(1);
  });

  test('what a first query with a filter leaves out is listed', async () => {
    await deliver('first');
    const { store } = world;
    // 5,004 more rows of the same mail, one for each second: one more than one page of them at the same second.
    store.run(
      `insert into mail (key, origin, owner, folder, received, sent, message_id, is_read, summary, details)
       with recursive n(i) as (select 1 union all select i + 1 from n where i < 5004)
       select printf('%032d', i), origin, owner, folder, 1700000000000 + 1000 * (i - i % 700), sent,
         '<copy' || i || '@x.example>', 0, json_set(summary, '$.messageId', '<copy' || i || '@x.example>'), details
       from mail, n where owner = ?`,
      mailbox.user,
    );
    source = mailbox.source(500);
    const since = new Date('2020-01-01T00:00:00Z');
    const { items, cursor, pages } = await readChanges(source, inbox, null, since);
    expect(new Set(items.map(({ id }) => id)).size).toBe(5005);
    expect(pages).toBeLessThan(40);
    await deliver('later');
    expect(namesIn((await readChanges(source, inbox, cursor)).items)).toEqual(['later']);
  }, 120_000);

  test('a folder that is read whole has no filter: old mail that is moved into it shows', async () => {
    await mailbox.createFolder('Kunden');
    const kunden = await folderNamed(source, 'Kunden');
    const recent = new Date('2026-01-01T00:00:00Z');
    const [whole, part] = [await readChanges(source, kunden), await readChanges(source, kunden, null, recent)];
    await mailbox.deliver('inbox', sampleMail('<old@x.example>'), new Date('2019-01-01T00:00:00Z'));
    await mailbox.move('<old@x.example>', 'inbox', 'Kunden');
    expect(namesIn((await readChanges(source, kunden, whole.cursor)).items)).toEqual(['old']);
    expect(namesIn((await readChanges(source, kunden, part.cursor)).items)).toEqual([]);
  });

  test('thread headers come with the list, and nothing else of the header', async () => {
    const headers = [
      'In-Reply-To: <parent@x.example>',
      'References: <root@x.example>\r\n <parent@x.example>',
      'X-Secret: no',
    ];
    await mailbox.deliver('inbox', sampleMail('<reply@x.example>', { headers }));
    const { items } = await readChanges(source, inbox);
    expect(items[0]!.headers).toBe(
      'In-Reply-To: <parent@x.example>\r\nReferences: <root@x.example> <parent@x.example>',
    );
  });

  test('a mark keeps all other categories, also one that its owner sets at the same moment', async () => {
    await deliver('one');
    mailbox.setCategories('<one@x.example>', ['Red', 'Customers']);
    const id = mailbox.idOf('<one@x.example>');
    let owners = 1;
    mailbox.network.before = async ({ method }) => {
      if (method === 'PATCH' && owners-- > 0) mailbox.setCategories('<one@x.example>', ['Red', 'Urgent']);
      return null;
    };
    expect(await source.mark(id, true)).toBe(true);
    expect(mailbox.categories('<one@x.example>')).toEqual(['Red', 'Urgent', trackedCategory]);
    expect(await source.mark(id, false)).toBe(true);
    expect(mailbox.categories('<one@x.example>')).toEqual(['Red', 'Urgent']);
    expect(await mailbox.isRead('<one@x.example>', 'inbox')).toBe(false);
  });

  test('an application that may not write marks nothing, and that is no failure', async () => {
    await deliver('one');
    mailbox.network.before = async ({ method }) =>
      method === 'PATCH' ? Response.json({ error: { code: 'ErrorAccessDenied' } }, { status: 403 }) : null;
    expect(await source.mark(mailbox.idOf('<one@x.example>'), true)).toBe(false);
  });

  describe('what goes wrong is said by its code', () => {
    const error = (status: number, code: string, headers: Record<string, string> = {}) =>
      Response.json({ error: { code, message: 'private words' } }, { status, headers });
    const cases: [string, () => Response, string][] = [
      ['signed out', () => error(401, 'InvalidAuthenticationToken'), 'unauthorized'],
      ['F39: licence taken', () => error(404, 'MailboxNotEnabledForRESTAPI'), 'unauthorized'],
      ['F39: mailbox on premises', () => error(404, 'MailboxNotHostedInExchangeOnline'), 'unauthorized'],
      ['not allowed', () => error(403, 'ErrorAccessDenied'), 'forbidden'],
      ['no such folder', () => error(404, 'ErrorItemNotFound'), 'not-found'],
      ['down', () => error(503, 'serviceNotAvailable'), 'unavailable'],
      ['overloaded', () => error(503, 'serviceNotAvailable', { 'retry-after': '3' }), 'throttled'],
      ['bad gateway, in HTML', () => new Response('<h1>502</h1>', { status: 502 }), 'unavailable'],
      ['F46: a page to sign in, with 200', () => new Response('<h1>Welcome</h1>'), 'unavailable'],
      [
        'a redirect',
        () => new Response(null, { status: 302, headers: { location: 'https://evil.example/' } }),
        'unavailable',
      ],
      ['half an answer', () => new Response('{"value": [{"id"'), 'unavailable'],
      ['no value', () => Response.json({ hello: 1 }), 'unavailable'],
      ['no end', () => Response.json({ value: [] }), 'unavailable'],
      ['not understood', () => error(400, 'BadRequest'), 'refused'],
    ];
    test.each(cases)('%s', async (_name, respond, code) => {
      mailbox.network.before = async () => respond();
      const said = await failure(source.changes(inbox, null, always));
      expect(said.code).toBe(code);
      expect(said.message).not.toMatch(/private words|contoso|Bearer/);
      expect(JSON.stringify(said)).not.toContain(world.accessToken);
    });

    test('nobody there', async () => {
      mailbox.network.before = () => Promise.reject(new TypeError('fetch failed'));
      expect((await failure(source.folders())).code).toBe('unavailable');
    });

    test('F13: a wait is believed within bounds', async () => {
      const waits: [string | undefined, number][] = [
        ['7', 7_000],
        [undefined, 10_000],
        ['-5', 1_000],
        ['999999999', 3_600_000],
        ['soon', 10_000],
      ];
      for (const [retryAfter, wait] of waits) {
        world.misbehaves.set({
          answers: { status: 429, times: 1, ...(retryAfter === undefined ? {} : { retryAfter }) },
        });
        expect(await failure(source.changes(inbox, null, always))).toMatchObject({
          code: 'throttled',
          retryAfter: wait,
        });
      }
      const date = new Date(world.now() + 30_000).toUTCString();
      world.misbehaves.set({ answers: { status: 429, times: 1, retryAfter: date } });
      const { retryAfter } = await failure(source.changes(inbox, null, always));
      expect(retryAfter).toBeGreaterThan(20_000);
      expect(retryAfter).toBeLessThanOrEqual(30_000);
    });
  });

  test('four requests at once and not one more, of two sources together', async () => {
    await deliver('one');
    world.misbehaves.set({ slow: 20 });
    const [id, other] = [mailbox.idOf('<one@x.example>'), mailbox.source()];
    const all = Array.from({ length: 12 }, (_, number) => (number % 2 ? source : other).mime(id, 1e6));
    expect((await Promise.all(all)).every((mime) => mime !== null)).toBe(true);
    expect(mailbox.mostAtOnce()).toBe(4);
  });

  test('the token goes to Graph and nowhere else', async () => {
    await deliver(...many(11));
    const page = await source.changes(inbox, null, always);
    const cursor = JSON.parse(page.cursor) as Record<string, string>;
    const link = cursor['link']!;
    const elsewhere = [
      link.replace(/^http:\/\/[^/]+/, 'http://evil.example'),
      link.replace('http://', 'http://user:word@'),
      link.replace('/graph/v1.0/', '/graph/../other/'),
      link.replace('/messages/delta', '/messages'),
      'file:///etc/passwd',
      '',
    ];
    const before = mailbox.asked.length;
    for (const evil of elsewhere) {
      const forged = JSON.stringify({ ...cursor, link: evil });
      expect((await failure(source.changes(inbox, forged, always))).code).toBe('cursor-lost');
    }
    for (const text of ['', 'null', '[]', '{"v":2}', page.cursor.slice(0, -5), 'x'.repeat(1e6)])
      expect((await failure(source.changes(inbox, text, always))).code).toBe('cursor-lost');
    expect((await failure(source.changes('another folder', page.cursor, always))).code).toBe('cursor-lost');
    expect(mailbox.asked).toHaveLength(before);
    mailbox.network.before = async () =>
      Response.json({ value: [], '@odata.nextLink': 'https://evil.example/messages/delta' });
    expect((await failure(source.changes(inbox, null, always))).code).toBe('unavailable');
    expect(mailbox.asked.every(({ url }) => url.host === new URL(world.baseUrl).host)).toBe(true);
  });

  test('a redirect is not followed', async () => {
    const visitors: string[] = [];
    const elsewhere = createServer((request, response) => {
      visitors.push(request.url ?? '');
      if (request.url === '/there') response.end('{"value":[]}');
      else response.writeHead(307, { location: '/there' }).end();
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const { port } = elsewhere.address() as AddressInfo;
    mailbox.network.before = ({ init }) => fetch(`http://127.0.0.1:${String(port)}/here`, init);
    const { code } = await failure(source.changes(inbox, null, always));
    elsewhere.closeAllConnections();
    elsewhere.close();
    expect([code, visitors]).toEqual(['unavailable', ['/here']]);
  });

  test('an answer without end is left after what may be read of it', async () => {
    let [sent, stopped] = [0, false];
    const endless = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            controller.enqueue(new Uint8Array(64 * 1024));
            sent += 64 * 1024;
          },
          cancel: () => {
            stopped = true;
          },
        }),
      );
    mailbox.network.before = async () => endless();
    expect((await failure(source.mime('any', 1e6))).code).toBe('too-large');
    expect(stopped).toBe(true);
    expect(sent).toBeLessThan(2e6);
  });

  test('a page of enormous mails is asked for in smaller steps', async () => {
    await deliver(...many(10));
    const sizes: (string | null)[] = [];
    mailbox.network.before = async ({ url, headers }) => {
      if (!url.pathname.endsWith('/delta')) return null;
      const size = /maxpagesize=(\d+)/.exec(headers.get('prefer') ?? '')![1]!;
      sizes.push(size);
      return Number(size) > 1 ? new Response('x', { headers: { 'content-length': '99999999' } }) : null;
    };
    const page = await source.changes(inbox, null, always);
    expect(sizes).toEqual(['10', '1']);
    expect(page.items).toHaveLength(1);
  });

  describe('sending', () => {
    const letter = (to: string, id = '<sent@contoso.example>') =>
      Buffer.from(
        `From: Ada <${mailbox.user}>\r\nTo: ${to}\r\nBcc: secret@contoso.example\r\nSubject: Offer\r\nMessage-ID: ${id}\r\n\r\nHello\r\n`,
      );
    const mailsOf = (user: string, folder: string) =>
      world.mailboxes.list(user, { folder, order: 'receiveddatetime', skip: 0, top: 100 });

    test('goes out once, whatever was heard of it', async () => {
      const to = world.newUser();
      mailbox.network.before = async (asked) => {
        if (asked.method !== 'POST') return null;
        await fetch(asked.url, { method: 'POST', headers: asked.headers, body: asked.body });
        throw new TypeError('fetch failed', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) });
      };
      expect((await failure(source.send(letter(to)))).code).toBe('unknown-outcome');
      mailbox.network.before = async () => null;
      await source.send(letter(to));
      expect(mailsOf(to, 'inbox')).toHaveLength(1);
      expect(mailsOf(mailbox.user, 'sentitems')).toHaveLength(1);
      const theirs = (await world.mailboxes.raw(mailsOf(to, 'inbox')[0]!.key))!.toString();
      expect(theirs).not.toContain('secret@');
      expect(mailsOf('secret@contoso.example', 'inbox')).not.toHaveLength(0);
    });

    test('what never reached Graph, and what Graph refused, did not go out', async () => {
      const [to, refused] = [world.newUser(), { cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) }];
      mailbox.network.before = async ({ method }) => {
        if (method === 'POST') throw new TypeError('fetch failed', refused);
        return null;
      };
      expect((await failure(source.send(letter(to)))).code).toBe('unavailable');
      mailbox.network.before = async () => null;
      const other = Buffer.from(letter(to).toString().replace(mailbox.user, 'someone@contoso.example'));
      expect((await failure(source.send(other))).code).toBe('forbidden');
      expect((await failure(source.send(letter('', '<nobody@contoso.example>').subarray(0, 40)))).code).toBe('refused');
      expect((await failure(source.send(Buffer.alloc(3.2e6, 'x')))).code).toBe('too-large');
      mailbox.network.before = async ({ method }) => (method === 'POST' ? new Response('', { status: 502 }) : null);
      expect((await failure(source.send(letter(to)))).code).toBe('unknown-outcome');
      expect(mailsOf(to, 'inbox')).toHaveLength(0);
    });
  });

  test('a folder keeps its id when it is renamed and moved, and says where it is', async () => {
    const as = async (method: string, path: string, body: object) => {
      const headers = { authorization: `Bearer ${world.accessToken}`, 'content-type': 'application/json' };
      const url = `${world.baseUrl}/users/${mailbox.user}${path}`;
      const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
      return (await response.json()) as { id: string };
    };
    const top = await as('POST', '/mailFolders', { displayName: 'Customers' });
    const at = (id: string) => `/mailFolders/${encodeURIComponent(id)}`;
    const inner = await as('POST', `${at(top.id)}/childFolders`, { displayName: 'Fabrikam' });
    await as('PATCH', at(inner.id), { displayName: 'Fabrikam AG' });
    const find = async (id: string) => (await source.folders()).find((folder) => folder.id === id);
    expect(await find(inner.id)).toEqual({ id: inner.id, name: 'Fabrikam AG', parentId: top.id, role: null });
    await as('POST', `${at(inner.id)}/move`, { destinationId: inbox });
    expect(await find(inner.id)).toMatchObject({ parentId: inbox });
    expect(await find(inbox)).toMatchObject({ role: 'inbox', parentId: null });
  });
});
