// Mails that do not fit into one request: a draft, its files one by one, and only then it leaves.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createGraphSource } from '../../../src/server/mailbox/graph/graph-source.ts';
import { SourceError, type LargeMail, type LetterFile, type PreparedMail } from '../../../src/server/mailbox/source.ts';
import { openGraphMailbox, openGraphWorld, type Asked, type GraphMailbox, type GraphWorld } from './graph-world.ts';

let world: GraphWorld;
let mailbox: GraphMailbox;
let large: LargeMail;
let pauses: number[];
/** Milliseconds by which the source's clock goes before that of Graph. */
let ahead: number;
/** What is asked for, as it comes; may answer in Graph's place. */
let answer: (asked: Asked, nth: number) => Promise<Response | null>;

beforeAll(async () => {
  world = await openGraphWorld();
});
afterAll(() => world.close());

beforeEach(() => {
  world.behave();
  pauses = [];
  ahead = 0;
  mailbox = openGraphMailbox(world);
  answer = async () => null;
  const counts = new Map<string, number>();
  mailbox.network.before = async (asked) => {
    const nth = (counts.get(kindOf(asked)) ?? 0) + 1;
    counts.set(kindOf(asked), nth);
    return answer(asked, nth);
  };
  const network: typeof fetch = async (input, init) => {
    const asked = { method: init?.method ?? 'GET', url: new URL(input as URL), headers: new Headers(init?.headers) };
    const request: Asked = { ...asked, body: '', init: init ?? {} };
    mailbox.asked.push(request);
    return (await mailbox.network.before(request)) ?? fetch(input, init);
  };
  const pause = async (milliseconds: number) => void pauses.push(milliseconds);
  large = createGraphSource({
    ...world,
    user: mailbox.user,
    now: () => Date.now() + ahead,
    fetch: network,
    pause,
  }).large!;
});

/** `POST send`, `PUT session`, `GET attachments` and the like. */
function kindOf({ method, url }: Pick<Asked, 'method' | 'url'>): string {
  if (url.pathname.includes('/AttachmentSessions/')) return `${method} session`;
  return `${method} ${url.pathname.split('/').at(-1)!}`;
}

const asked = (kind: string) => mailbox.asked.filter((each) => kindOf(each) === kind);

/** No two ranges of it are alike. */
const bytesOf = (size: number) => Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 7919) >> 5));

const fileOf = (bytes: Uint8Array, more: Partial<LetterFile> = {}): LetterFile => ({
  ...{ name: 'plan.pdf', contentType: 'application/pdf', contentId: null, size: bytes.byteLength },
  read: async (offset, length) => bytes.subarray(offset, offset + length),
  ...more,
});
const manyBytes = bytesOf(7_900_000);

const letter = (to: string, id: string) =>
  Buffer.from(
    [
      `From: Ada <${mailbox.user}>`,
      `To: ${to}`,
      'Bcc: hidden@contoso.example',
      'Subject: Offer CRM:0001',
      `Message-ID: ${id}`,
      'In-Reply-To: <asked@fabrikam.example>',
      'References: <first@fabrikam.example> <asked@fabrikam.example>',
      'X-Alongside-Stamp: 0192d1f0-0000-7000-8000-000000000001',
      'Importance: high',
      'Disposition-Notification-To: ada@contoso.example',
      'Content-Type: text/html; charset=utf-8',
      '',
      '<p>See <img src="cid:logo"></p>',
      '',
    ].join('\r\n'),
  );

let letters = 0;
const newId = () => `<large${String((letters += 1))}@contoso.example>`;

const mailsOf = (user: string, folder: string) =>
  world.mailboxes.list(user, { folder, order: 'receiveddatetime', skip: 0, top: 100 });
const idsOf = (folder: string) => mailsOf(mailbox.user, folder).map(({ summary }) => summary.messageId);
const filesOf = async (user: string, folder = 'inbox') =>
  Promise.all(mailsOf(user, folder).map(async ({ key }) => (await world.mailboxes.content(key))!.attachments));

const failure = async (work: Promise<unknown>): Promise<SourceError> => {
  const error: unknown = await work.then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(SourceError);
  return error as SourceError;
};

const lost = new TypeError('fetch failed', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) });

/** The request is carried out, and its answer never comes. */
async function loseAnswer({ url, init }: Asked): Promise<never> {
  await (await fetch(url, init)).arrayBuffer();
  throw lost;
}

test('a mail of eleven megabytes leaves as it was written, with its files and pictures, once', async () => {
  const [to, id] = [world.newUser(), newId()];
  const files = [
    fileOf(manyBytes),
    fileOf(bytesOf(3_200_000), { name: 'logo.png', contentType: 'image/png', contentId: 'logo' }),
    fileOf(bytesOf(20), { name: 'Größe.txt', contentType: 'text/plain' }),
    fileOf(new Uint8Array(), { name: 'empty.txt', contentType: 'text/plain' }),
  ];
  const ready = await large.prepare(letter(to, id), files);
  expect([mailsOf(to, 'inbox'), idsOf('sentitems'), idsOf('drafts')]).toEqual([[], [], [id]]);
  await ready.send();
  expect([idsOf('drafts'), idsOf('sentitems'), mailsOf(to, 'inbox')]).toEqual([[], [id], [expect.anything()]]);
  const [received] = await filesOf(to);
  const told = received!.map(({ name, contentType, contentId, inline }) => ({ name, contentType, contentId, inline }));
  expect(told).toEqual(
    expect.arrayContaining(
      files.map(({ name, contentType, contentId }) => ({ name, contentType, contentId, inline: contentId !== null })),
    ),
  );
  expect(Buffer.from(received!.find(({ name }) => name === 'plan.pdf')!.bytes).equals(manyBytes)).toBe(true);
  const mail = (await world.mailboxes.raw(mailsOf(to, 'inbox')[0]!.key))!.toString('latin1', 0, 2_000);
  for (const line of [
    `Message-ID: ${id}`,
    'Subject: Offer CRM:0001',
    'In-Reply-To: <asked@fabrikam.example>',
    'References: <first@fabrikam.example>',
    'X-Alongside-Stamp: 0192d1f0-',
    'Importance: high',
    'Disposition-Notification-To: ada@contoso.example',
  ])
    expect(mail).toContain(line);
  expect(mail).not.toContain('hidden@');
  expect(mailsOf('hidden@contoso.example', 'inbox')).not.toHaveLength(0);
  // What it costs: two sessions, the small ones by themselves, and no range above 4 MB.
  const ranges = asked('PUT session').map(({ headers }) => headers.get('content-range'));
  expect(ranges.slice(0, 3)).toEqual([
    'bytes 0-3932159/7900000',
    'bytes 3932160-7864319/7900000',
    'bytes 7864320-7899999/7900000',
  ]);
  expect(asked('POST createUploadSession')).toHaveLength(2);
  expect(asked('POST attachments')).toHaveLength(2);
  expect(pauses).toEqual([]);
});

test('the address of an upload is told no token for Graph; one that is not safe is told nothing', async () => {
  await large.prepare(letter('kim@contoso.example', newId()), [fileOf(manyBytes)]);
  expect(asked('PUT session').map(({ headers }) => headers.get('authorization'))).toEqual([null, null, null]);
  const foreign = { uploadUrl: 'http://elsewhere.example/?authtoken=1', nextExpectedRanges: ['0-'] };
  answer = async (each) => (kindOf(each) === 'POST createUploadSession' ? Response.json(foreign) : null);
  const error = await failure(large.prepare(letter('kim@contoso.example', newId()), [fileOf(manyBytes)]));
  expect(error.code).toBe('unavailable');
  expect(mailbox.asked.every(({ url }) => url.host !== 'elsewhere.example')).toBe(true);
});

/** What may happen to an upload, in how many sessions it goes then, and after which no file is missing and none is there twice. */
const troubles: [string, number, (asked: Asked, nth: number) => Promise<Response | null> | Response | null][] = [
  [
    'the session ends in between',
    2,
    (each, nth) => {
      if (kindOf(each) === 'PUT session' && nth === 2) world.clock.ahead += 2 * 60 * 60_000;
      return null;
    },
  ],
  [
    'its session is not known any more',
    2,
    (each, nth) =>
      kindOf(each) === 'PUT session' && nth === 2
        ? Response.json({ error: { code: 'ErrorItemNotFound' } }, { status: 404 })
        : null,
  ],
  [
    'its token is not accepted any more',
    2,
    (each, nth) => (kindOf(each) === 'PUT session' && nth === 2 ? new Response('', { status: 401 }) : null),
  ],
  [
    'the answer to a range is lost',
    1,
    (each, nth) => (kindOf(each) === 'PUT session' && nth === 2 ? loseAnswer(each) : null),
  ],
  [
    'the answer to the last range is lost',
    1,
    (each, nth) => (kindOf(each) === 'PUT session' && nth === 3 ? loseAnswer(each) : null),
  ],
  [
    'a range never comes',
    1,
    (each, nth) => {
      if (kindOf(each) === 'PUT session' && nth === 2) throw lost;
      return null;
    },
  ],
  [
    'a range is kept in part',
    1,
    (each, nth) => {
      if (kindOf(each) === 'PUT session' && nth === 2) world.misbehaves.set({ keptOfRange: 1_234 });
      return null;
    },
  ],
  [
    'it is spelled otherwise what is expected',
    1,
    (each) => {
      if (kindOf(each) === 'POST createUploadSession')
        world.misbehaves.set({ capitalRanges: true, keptOfRange: 1_000 });
      return null;
    },
  ],
  [
    'Graph is asked too much',
    1,
    (each, nth) =>
      kindOf(each) === 'PUT session' && nth === 2
        ? new Response('', { status: 429, headers: { 'retry-after': '7' } })
        : null,
  ],
  [
    'Graph is overloaded',
    1,
    (each, nth) =>
      kindOf(each) === 'PUT session' && nth === 1
        ? new Response('', { status: 503, headers: { 'retry-after': '7' } })
        : null,
  ],
  [
    'Graph fails',
    1,
    (each, nth) => (kindOf(each) === 'PUT session' && nth === 3 ? new Response('', { status: 500 }) : null),
  ],
  [
    'the answer to a session is lost',
    2,
    (each, nth) => (kindOf(each) === 'POST createUploadSession' && nth === 1 ? loseAnswer(each) : null),
  ],
  [
    'the answer to a small file is lost',
    1,
    (each, nth) => (kindOf(each) === 'POST attachments' && nth === 1 ? loseAnswer(each) : null),
  ],
  [
    'a session is refused for a file of that size',
    2,
    (each) =>
      kindOf(each) === 'POST createUploadSession' && String(each.init.body as string).includes('3100000')
        ? Response.json({ error: { code: 'ErrorAttachmentSizeShouldNotBeLessThanMinimumSize' } }, { status: 400 })
        : null,
  ],
];

test.each(troubles)('%s', async (title, sessions, trouble) => {
  const [to, id] = [world.newUser(), newId()];
  answer = async (each, nth) => trouble(each, nth);
  const isBorderline = title.includes('size');
  const [borderline, small] = [bytesOf(isBorderline ? 3_100_000 : 500), bytesOf(50)];
  const files = [
    fileOf(manyBytes),
    fileOf(borderline, { name: 'borderline' }),
    // Twice the same is two files.
    ...[1, 2].map(() => fileOf(small, { name: 'small.txt' })),
  ];
  await (await large.prepare(letter(to, id), files)).send();
  const [received] = await filesOf(to);
  expect(received!.map(({ name, bytes }) => `${name} ${String(bytes.byteLength)}`).sort()).toEqual(
    [`borderline ${String(borderline.byteLength)}`, 'plan.pdf 7900000', 'small.txt 50', 'small.txt 50'].sort(),
  );
  expect(Buffer.from(received!.find(({ name }) => name === 'plan.pdf')!.bytes).equals(manyBytes)).toBe(true);
  expect(pauses.every((pause) => pause <= 7_000)).toBe(true);
  expect(asked('POST createUploadSession')).toHaveLength(sessions);
  expect([idsOf('drafts'), idsOf('sentitems')]).toEqual([[], [id]]);
});

test('what does not come to its end leaves no draft, and says whether it is worth another try', async () => {
  const prepare = async () => failure(large.prepare(letter('kim@contoso.example', newId()), [fileOf(manyBytes)]));
  const busy = { 'retry-after': '3600' };
  answer = async (each) => (kindOf(each) === 'PUT session' ? new Response('', { status: 429, headers: busy }) : null);
  expect(await prepare()).toMatchObject({ code: 'throttled', retryAfter: 3_600_000 });
  expect(pauses).toEqual([]);
  answer = async (each) => (kindOf(each) === 'PUT session' ? new Response('', { status: 410 }) : null);
  expect((await prepare()).code).toBe('unavailable');
  answer = async (each) =>
    kindOf(each) === 'PUT session' ? Response.json({ nextExpectedRanges: ['0'] }, { status: 200 }) : null;
  expect((await prepare()).code).toBe('unavailable');
  answer = async (each) => {
    if (kindOf(each) === 'PUT session') ahead += 11 * 60_000;
    return null;
  };
  expect((await prepare()).message).toContain('in time');
  answer = async (each) => {
    if (kindOf(each) === 'PUT session') await byHand('DELETE', draftAt(idsOf('drafts')[0]!));
    return null;
  };
  expect(await prepare()).toMatchObject({ code: 'unavailable', message: expect.stringContaining('took the draft') });
  answer = async () => null;
  world.misbehaves.set({ largestMessage: 7_000_000 });
  expect(await prepare()).toMatchObject({
    code: 'too-large',
    message: expect.stringContaining('larger than this mailbox may send'),
  });
  const unread = fileOf(manyBytes, { read: () => Promise.reject(new RangeError('not there')) });
  world.behave();
  await expect(large.prepare(letter('kim@contoso.example', newId()), [unread])).rejects.toThrow(RangeError);
  expect([idsOf('drafts'), idsOf('sentitems')]).toEqual([[], []]);
});

test('a file that came twice, or not, keeps the mail from leaving', async () => {
  answer = async (each, nth) => {
    if (kindOf(each) === 'POST attachments' && nth === 1) await (await fetch(each.url, each.init)).arrayBuffer();
    return null;
  };
  expect((await failure(large.prepare(letter('kim@contoso.example', newId()), [fileOf(bytesOf(9))]))).code).toBe(
    'unavailable',
  );
  expect(idsOf('drafts')).toEqual([]);
});

const prepared = async (to: string, id: string) => large.prepare(letter(to, id), [fileOf(bytesOf(5_000))]);
const draftAt = (messageId: string) =>
  `${world.baseUrl}/users/${mailbox.user}/messages/${encodeURIComponent(mailbox.idOf(messageId, 'drafts'))}`;
const byHand = async (method: string, url: string) => {
  const { status } = await fetch(url, { method, headers: { authorization: `Bearer ${world.accessToken}` } });
  expect(status).toBeLessThan(300);
};

test.each([
  [
    'never leaves',
    () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })),
    'unknown-outcome',
  ],
  ['leaves, and its answer is lost', loseAnswer, 'unknown-outcome'],
  ['is answered by something else', async () => new Response('', { status: 502 }), 'unknown-outcome'],
] as const)('a request to send that %s is not repeated', async (_, trouble, code) => {
  const [to, id] = [world.newUser(), newId()];
  const ready = await prepared(to, id);
  answer = async (each) => (kindOf(each) === 'POST send' ? trouble(each) : null);
  expect((await failure(ready.send())).code).toBe(code);
  expect(asked('POST send')).toHaveLength(1);
  answer = async () => null;
  await (await prepared(to, id)).send();
  expect(mailsOf(to, 'inbox')).toHaveLength(1);
  expect([idsOf('drafts'), idsOf('sentitems')]).toEqual([[], [id]]);
});

test('a request to send that Graph has no time for is made again; what Graph refuses does not leave', async () => {
  const [to, id] = [world.newUser(), newId()];
  const ready = await prepared(to, id);
  answer = async (each, nth) =>
    kindOf(each) === 'POST send' && nth === 1
      ? new Response('', { status: 429, headers: { 'retry-after': '2' } })
      : null;
  await ready.send();
  expect([mailsOf(to, 'inbox').length, pauses]).toEqual([1, [2_000]]);
  const refused = await large.prepare(
    Buffer.from(letter(to, newId()).toString().replace(mailbox.user, 'someone@contoso.example')),
    [fileOf(bytesOf(5))],
  );
  expect((await failure(refused.send())).code).toBe('forbidden');
  await refused.discard();
  expect(idsOf('drafts')).toEqual([]);
});

test('who slept before a mail could leave lets it stay', async () => {
  const [to, id] = [world.newUser(), newId()];
  const ready = await prepared(to, id);
  answer = async (each) => {
    if (kindOf(each) === 'GET messages') ahead += 3 * 60_000;
    return null;
  };
  expect(await failure(ready.send())).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('in time'),
  });
  await ready.discard();
  expect([idsOf('drafts'), mailsOf(to, 'inbox')]).toEqual([[], []]);
});

test('who finds the draft in Outlook may send it or throw it away: it is not sent twice, nor what was sent thrown away', async () => {
  const [to, id] = [world.newUser(), newId()];
  const sentByHand = await prepared(to, id);
  await byHand('POST', `${draftAt(id)}/send`);
  await sentByHand.send();
  await sentByHand.discard();
  expect(mailbox.asked.filter(({ method }) => method === 'DELETE')).toEqual([]);
  expect([mailsOf(to, 'inbox').length, idsOf('sentitems')]).toEqual([1, [id]]);
  const other = newId();
  const thrownAway = await prepared(to, other);
  await byHand('DELETE', draftAt(other));
  expect((await failure(thrownAway.send())).code).toBe('unavailable');
  const late = newId();
  const raced = await prepared(to, late);
  answer = async (each) => {
    if (kindOf(each) === 'POST send') await byHand('POST', `${draftAt(late)}/send`);
    return kindOf(each) === 'POST send'
      ? Response.json({ error: { code: 'ErrorItemNotFound' } }, { status: 404 })
      : null;
  };
  await raced.send();
  expect(idsOf('sentitems').sort()).toEqual([id, late].sort());
});

test('what an earlier try left is taken away, and nothing else of the mailbox', async () => {
  const [to, id] = [world.newUser(), newId()];
  const mine = world.drafts.create({ name: 'Ada', address: mailbox.user }, { subject: 'Mine' });
  const another = newId();
  await prepared(to, another);
  for (let left = 0; left < 2; left += 1) await prepared(to, id);
  answer = async (each) => (kindOf(each) === 'POST messages' ? loseAnswer(each) : null);
  expect((await failure(prepared(to, id))).code).toBe('unavailable');
  answer = async () => null;
  expect(idsOf('drafts').filter((each) => each === id)).toHaveLength(3);
  const ready = await prepared(to, id);
  await ready.send();
  expect(idsOf('drafts')).toEqual(expect.not.arrayContaining([id]));
  await large.forget(another);
  await large.forget(id);
  expect(mailsOf(mailbox.user, 'drafts').map(({ key }) => key)).toEqual([mine]);
  expect([idsOf('sentitems'), mailsOf(to, 'inbox').length]).toEqual([[id], 1]);
});

test('a mailbox that gives drafts an id of its own is told ours', async () => {
  world.misbehaves.set({ ownMessageIds: true });
  const [to, id] = [world.newUser(), newId()];
  let ready: PreparedMail = await prepared(to, id);
  await ready.send();
  ready = await prepared(to, id);
  await ready.send();
  expect([idsOf('drafts'), idsOf('sentitems'), mailsOf(to, 'inbox').length]).toEqual([[], [id], 1]);
});
