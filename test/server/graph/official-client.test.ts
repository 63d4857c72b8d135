// Microsoft's own client against the local Graph: what it cannot read is not Graph.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  AuthenticationHandler,
  Client,
  GraphError,
  PageIterator,
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

/** The client speaks to graph.microsoft.com over TLS and nothing else, so it is let do that: here is the line it speaks over. */
const wire = (graph: string): Middleware => ({
  execute: async (context: Context) => {
    const url = typeof context.request === 'string' ? context.request : context.request.url;
    const response = await fetch(url.replace('https://graph.microsoft.com', graph), context.options);
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    const body = isJson ? (await response.text()).replaceAll(graph, 'https://graph.microsoft.com') : response.body;
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
