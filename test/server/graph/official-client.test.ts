// Microsoft's own client against the local Graph: what it cannot read is not Graph.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  AuthenticationHandler,
  Client,
  GraphError,
  LargeFileUploadTask,
  PageIterator,
  Range,
  RetryHandler,
  RetryHandlerOptions,
  type Context,
  type Middleware,
  type PageCollection,
} from '@microsoft/microsoft-graph-client';
import { sampleMail } from '../../contracts/mail-source.ts';
import { openGraphMailbox, openGraphWorld, type GraphMailbox, type GraphWorld } from './graph-world.ts';

interface Message {
  id: string;
  subject?: string;
  internetMessageId?: string;
  categories?: string[];
  '@odata.etag'?: string;
  '@removed'?: { reason: string };
}

/** Where Outlook takes the bytes of large files: not Graph, so that Graph's token does not go there. */
const uploads = 'https://outlook.office.com/api/v2.0/';

/** The client speaks to graph.microsoft.com over TLS and nothing else, so it is let do that: here is the line it speaks over. */
const wire = (graph: string): Middleware => ({
  execute: async (context: Context) => {
    const url = typeof context.request === 'string' ? context.request : context.request.url;
    const here = url.replace(uploads, `${graph}/v1.0/`).replace('https://graph.microsoft.com', graph);
    const response = await fetch(here, context.options);
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    const body = isJson
      ? (await response.text())
          .replaceAll(`${graph}/v1.0/AttachmentSessions`, `${uploads}AttachmentSessions`)
          .replaceAll(graph, 'https://graph.microsoft.com')
      : response.body;
    context.response = new Response(body, response);
  },
});

let world: GraphWorld;
let mailbox: GraphMailbox;
let client: Client;
let home: string;

beforeAll(async () => {
  world = await openGraphWorld();
  mailbox = openGraphMailbox(world);
  home = `/users/${mailbox.user}`;
  const sign = new AuthenticationHandler({ getAccessToken: world.token });
  const retry = new RetryHandler(new RetryHandlerOptions());
  sign.setNext(retry);
  retry.setNext(wire(world.baseUrl.replace('/v1.0', '')));
  client = Client.initWithMiddleware({ middleware: sign });
});
afterAll(() => world.close());

/** Every page of a collection, by the client's own iterator; the deltaLink where it ends. */
const readAll = async <Item = Message>(first: PageCollection) => {
  const items: Item[] = [];
  const iterator = new PageIterator(client, first, (item: Item) => items.push(item) > 0);
  await iterator.iterate();
  return { items, deltaLink: iterator.getDeltaLink() };
};

test('its page iterator follows a delta query, and the next one from its link', async () => {
  for (let number = 0; number < 23; number += 1)
    await mailbox.deliver('inbox', sampleMail(`<m${String(number)}@x.example>`, { subject: `Mail ${String(number)}` }));
  const first = (await client
    .api(`${home}/mailFolders/inbox/messages/delta`)
    .header('Prefer', 'odata.maxpagesize=5, IdType="ImmutableId"')
    .select(['subject', 'internetMessageId'])
    .get()) as PageCollection;
  expect(first.value).toHaveLength(5);
  const { items, deltaLink } = await readAll(first);
  // Another test may have delivered something before.
  const told = new Set(items.map(({ subject }) => subject).filter((subject) => subject?.startsWith('Mail ')));
  expect(told.size).toBe(23);
  expect(Object.keys(items[0]!).sort()).toEqual(['@odata.etag', '@odata.type', 'id', 'internetMessageId', 'subject']);
  await mailbox.remove('<m3@x.example>', 'inbox');
  await mailbox.mark('<m4@x.example>', 'inbox', true);
  const next = await readAll((await client.api(deltaLink!).get()) as PageCollection);
  expect(next.items.map((item) => item['@removed']?.reason ?? item.subject).sort()).toEqual(['Mail 4', 'deleted']);
  const quiet = await readAll((await client.api(next.deltaLink!).get()) as PageCollection);
  expect(quiet.items).toEqual([]);
});

test('folders: lists, folders in folders, and their own delta', async () => {
  const made = (await client.api(`${home}/mailFolders`).post({ displayName: 'Customers' })) as { id: string };
  await client.api(`${home}/mailFolders/${encodeURIComponent(made.id)}/childFolders`).post({ displayName: 'Fabrikam' });
  const below = (await client
    .api(`${home}/mailFolders/${encodeURIComponent(made.id)}/childFolders`)
    .get()) as PageCollection;
  expect(below.value).toMatchObject([{ displayName: 'Fabrikam', parentFolderId: made.id, childFolderCount: 0 }]);
  const all = await readAll<{ displayName: string }>(
    (await client.api(`${home}/mailFolders/delta`).get()) as PageCollection,
  );
  const names = all.items.map(({ displayName }) => displayName).sort();
  expect(names).toEqual(['Customers', 'Drafts', 'Fabrikam', 'Inbox', 'Sent Items']);
  await client.api(`${home}/mailFolders/${encodeURIComponent(made.id)}`).patch({ displayName: 'Clients' });
  const changed = await readAll<{ displayName: string }>((await client.api(all.deltaLink!).get()) as PageCollection);
  expect(changed.items).toMatchObject([{ displayName: 'Clients' }]);
  await expect(client.api(`${home}/mailFolders`).post({ displayName: 'Clients' })).rejects.toMatchObject({
    statusCode: 409,
    code: 'ErrorFolderExists',
  });
});

test('a mail as MIME in and out, and its categories', async () => {
  const to = world.newUser();
  const raw = `From: ${mailbox.user}\r\nTo: ${to}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <out@contoso.example>\r\nSubject: Out\r\n\r\nHello\r\n`;
  const encoded = Buffer.from(raw).toString('base64');
  await client.api(`${home}/sendMail`).header('Content-Type', 'text/plain').post(encoded);
  const found = (await client
    .api(`/users/${to}/messages`)
    .filter("internetMessageId eq '<out@contoso.example>'")
    .get()) as PageCollection;
  const [message] = found.value as [Message];
  const value = (await client
    .api(`/users/${to}/messages/${encodeURIComponent(message.id)}/$value`)
    .getStream()) as ReadableStream<Uint8Array>;
  const parts: Uint8Array[] = [];
  for await (const part of value) parts.push(part);
  expect(Buffer.concat(parts).toString()).toBe(raw);
  const api = () => client.api(`/users/${to}/messages/${encodeURIComponent(message.id)}`);
  const patched = (await api()
    .header('If-Match', message['@odata.etag']!)
    .patch({ categories: ['Red'] })) as Message;
  expect(patched.categories).toEqual(['Red']);
  const stale: unknown = await api()
    .header('If-Match', message['@odata.etag']!)
    .patch({ categories: [] })
    .catch((error: unknown) => error);
  expect(stale).toBeInstanceOf(GraphError);
  expect(stale).toMatchObject({ statusCode: 412, code: 'ErrorIrresolvableConflict' });
  await expect(
    client.api(`${home}/sendMail`).header('Content-Type', 'text/plain').post('no base64!'),
  ).rejects.toMatchObject({
    statusCode: 400,
    code: 'ErrorMimeContentInvalidBase64String',
  });
});

describe('large files', () => {
  const bytes = Buffer.alloc(9_000_000, 'A large file. ');
  const raw = () =>
    [
      `From: ${mailbox.user}`,
      'To: kim@contoso.example',
      'Subject: =?UTF-8?Q?Gr=C3=B6=C3=9Fe?=',
      'Message-ID: <large@contoso.example>',
      'In-Reply-To: <before@else.example>',
      'References: <first@else.example> <before@else.example>',
      'X-Alongside-Stamp: 1',
      'Content-Type: text/html; charset=utf-8',
      '',
      '<p>See <img src="cid:plan"></p>',
      '',
    ].join('\r\n');
  const draft = async () =>
    (await client
      .api(`${home}/messages`)
      .header('Content-Type', 'text/plain')
      .post(Buffer.from(raw()).toString('base64'))) as Message & { isDraft: boolean };
  const at = ({ id }: Message) => `${home}/messages/${encodeURIComponent(id)}`;
  const begin = (message: Message, more: object = {}) =>
    LargeFileUploadTask.createUploadSession(client, `${at(message)}/attachments/createUploadSession`, {
      AttachmentItem: { attachmentType: 'file', name: 'plan.pdf', size: bytes.length, ...more },
    });
  const task = (session: Awaited<ReturnType<typeof begin>>, given = bytes) => {
    const sliceFile = ({ minValue, maxValue }: Range) => given.subarray(minValue, maxValue + 1);
    const file = { content: given, name: 'plan.pdf', size: given.length, sliceFile };
    return new LargeFileUploadTask(client, file, session, { rangeSize: 4_000_000 });
  };
  /** The client hands a refused upload on as it was answered. */
  const [missing, denied] = ['ErrorItemNotFound', 'ErrorAccessDenied'].map((code) => ({ error: { code } })) as [
    object,
    object,
  ];
  const attached = async (message: Message) =>
    ((await client.api(`${at(message)}/attachments`).get()) as PageCollection).value as Record<string, unknown>[];

  test('its upload task attaches one to a draft in MIME format, which leaves as it was written', async () => {
    const message = await draft();
    expect(message).toMatchObject({ isDraft: true, internetMessageId: '<large@contoso.example>', subject: 'Größe' });
    for (const capitalRanges of [false, true]) {
      world.misbehaves.set({ capitalRanges });
      const inline = capitalRanges ? { isInline: true, contentId: 'plan', contentType: 'application/pdf' } : {};
      const { location } = await task(await begin(message, inline)).upload();
      expect(location).toContain('Attachments(');
    }
    world.behave();
    expect(await attached(message)).toMatchObject([
      { name: 'plan.pdf', size: bytes.length, isInline: false },
      { name: 'plan.pdf', isInline: true, contentId: 'plan', contentType: 'application/pdf' },
    ]);
    await client.api(`${at(message)}/send`).post({});
    const [sent] = world.mailboxes.list(mailbox.user, {
      ...{ folder: 'sentitems', order: 'receiveddatetime', skip: 0, top: 1 },
      messageId: '<large@contoso.example>',
    });
    const mail = (await world.mailboxes.raw(sent!.key))!.toString('latin1');
    expect(sent!.id).toBe(message.id);
    for (const line of ['In-Reply-To: <before@', 'References: <first@', 'X-Alongside-Stamp: 1', 'Content-ID: <plan>'])
      expect(mail).toContain(line);
  });

  test('a range that was kept in part is continued, and one that does not fit is refused', async () => {
    const session = await begin(await draft());
    world.misbehaves.set({ keptOfRange: 1_000 });
    const upload = task(session);
    const slice = (from: number, to: number) =>
      upload.uploadSlice(bytes.buffer.slice(from, to + 1), new Range(from, to), bytes.length);
    expect(await slice(0, 3_999_999)).toMatchObject({ nextExpectedRanges: ['1000'] });
    await expect(slice(0, 3_999_999)).rejects.toMatchObject({ statusCode: 416 });
    await expect(slice(2_000, 3_999_999)).rejects.toMatchObject({ statusCode: 416 });
    await expect(upload.uploadSlice(bytes.buffer.slice(0, 5), new Range(1_000, 1_004), 7)).rejects.toMatchObject({
      statusCode: 400,
    });
    expect(await upload.resume()).toMatchObject({ location: expect.stringContaining('Attachments(') });
  });

  test('a session ends by its time or by hand, and its address alone opens it', async () => {
    const message = await draft();
    const [ended, cancelled, other] = [await begin(message), await begin(message), await begin(message)];
    await task(cancelled).cancel();
    await expect(task({ ...cancelled, isCancelled: false }).upload()).rejects.toMatchObject(missing);
    await expect(task({ ...other, url: `${other.url}x` }).upload()).rejects.toMatchObject(denied);
    const here = other.url.replace(uploads, `${world.baseUrl}/`);
    expect((await fetch(here, { headers: { authorization: `Bearer ${world.accessToken}` } })).status).toBe(401);
    world.clock.ahead += ended.expiry.getTime() - world.now() + 1;
    await expect(task(ended).upload()).rejects.toMatchObject(missing);
    expect(await attached(message)).toEqual([]);
  });

  test('too small for a session, too large for the mailbox, and no draft any more', async () => {
    const message = await draft();
    const minimum = 'ErrorAttachmentSizeShouldNotBeLessThanMinimumSize';
    await expect(begin(message, { size: 1_000_000 })).rejects.toMatchObject({ statusCode: 400, code: minimum });
    await expect(begin(message, { size: 200 * 2 ** 20 })).rejects.toMatchObject({
      statusCode: 413,
      code: 'ErrorMessageSizeExceeded',
    });
    world.misbehaves.set({ largestMessage: 5_000_000 });
    await expect(begin(message)).rejects.toMatchObject({ statusCode: 413 });
    world.behave();
    const session = await begin(message);
    await client.api(at(message)).delete();
    await expect(task(session).upload()).rejects.toMatchObject(missing);
  });

  test('a draft in MIME format may get a Message-ID of the server’s own, and takes another', async () => {
    world.misbehaves.set({ ownMessageIds: true });
    const message = await draft();
    world.behave();
    expect(message.internetMessageId).not.toBe('<large@contoso.example>');
    await client.api(at(message)).patch({ internetMessageId: '<chosen@contoso.example>' });
    const found = (await client
      .api(`${home}/mailFolders/drafts/messages`)
      .filter("internetMessageId eq '<chosen@contoso.example>'")
      .get()) as PageCollection;
    expect(found.value).toMatchObject([{ id: message.id }]);
  });
});

test('extended properties, as a filter of an expansion names them', async () => {
  const raw = sampleMail('<private@x.example>', { headers: ['Sensitivity: Private'] });
  await mailbox.deliver('inbox', raw);
  const message = (await client
    .api(`${home}/messages/${encodeURIComponent(mailbox.idOf('<private@x.example>'))}`)
    .select('subject')
    .expand("singleValueExtendedProperties($filter=id eq 'Integer 0x36' or id eq 'Integer 0x0E08')")
    .get()) as { singleValueExtendedProperties: unknown };
  expect(message.singleValueExtendedProperties).toEqual([
    { id: 'Integer 0x36', value: '2' },
    { id: 'Integer 0xe08', value: String(raw.length) },
  ]);
});

test('its retry waits as long as Graph says, and then gets through', async () => {
  world.misbehaves.set({ answers: { status: 429, retryAfter: '1', times: 1 } });
  const started = Date.now();
  const folder = (await client.api(`${home}/mailFolders/inbox`).get()) as { displayName: string };
  expect(folder.displayName).toBe('Inbox');
  expect(Date.now() - started).toBeGreaterThanOrEqual(900);
});

test('what is not understood is refused, with its name', async () => {
  const queries = [
    '$search="x"',
    "$filter=subject eq 'x'",
    '$filter=receivedDateTime le 2026-01-01T00:00:00Z',
    '$orderby=subject',
    '$deltatoken=%7B%7D',
  ];
  for (const query of queries) {
    const error: unknown = await client
      .api(`${home}/mailFolders/inbox/messages/delta?${query}`)
      .get()
      .catch((cause: unknown) => cause);
    expect(error).toMatchObject({ statusCode: 400, code: 'ErrorInvalidRequest' });
  }
});
