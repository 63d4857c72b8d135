// IMAP without a password: an administrator says where tokens come from, and the mailbox is read by them.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { createDataverse } from '../../../src/api/dataverse.ts';
import { createHttp } from '../../../src/api/http.ts';
import type { MailboxReport } from '../../../src/model/mailbox-report.ts';
import { replaceSecret } from '../../../src/server/mailbox/accounts.ts';
import { createAdministrators } from '../../../src/server/mailbox/administrators.ts';
import { readOAuthCredentials } from '../../../src/server/mailbox/credentials.ts';
import { createOAuthToken } from '../../../src/server/mailbox/oauth-token.ts';
import { registerMailboxRoutes } from '../../../src/server/mailbox/routes.ts';
import { createSecrets } from '../../../src/server/mailbox/secrets.ts';
import { SourceError } from '../../../src/server/mailbox/source.ts';
import { createSources, type OpenedBy } from '../../../src/server/mailbox/sources.ts';
import { describeDovecot } from '../../dovecot/describe.ts';
import { startDovecot } from '../../dovecot/dovecot.ts';
import { forEachEngine } from '../engines.ts';
import { fetchInto } from '../fetch-into.ts';
import { daemon, dana, miguel, type Person } from '../world.ts';
import { closeWorlds, createMailboxWorld, type MailboxWorld } from './mailbox-world.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of undo.splice(0).reverse()) await close();
  await closeWorlds();
});

const exchange = {
  tokenEndpoint: 'https://login.example/tenant/oauth2/v2.0/token',
  clientId: 'app-1',
  scope: 'https://outlook.office365.com/.default',
};
const app = { kind: 'oauth', clientSecret: 'a+b/c=', refreshToken: null } as const;

interface Said {
  readonly status?: number;
  readonly body?: unknown;
  /** Where it is no JSON. */
  readonly page?: string;
  readonly headers?: Record<string, string>;
}

/** A sign-in service that says these things one after the other, and what it was asked. */
function signIn(...says: (Said | Error)[]) {
  const asked: { url: string; form: Record<string, string>; init: RequestInit | undefined }[] = [];
  const answer: typeof fetch = async (url, init) => {
    asked.push({
      url: url instanceof Request ? url.url : url.toString(),
      form: Object.fromEntries(init?.body as URLSearchParams),
      init,
    });
    const next = says.length > 1 ? says.shift()! : says[0]!;
    if (next instanceof Error) throw next;
    return new Response(next.page ?? JSON.stringify(next.body ?? {}), {
      status: next.status ?? 200,
      headers: next.headers ?? {},
    });
  };
  return { asked, answer };
}

const token = (name: string, more = {}) => ({ body: { access_token: name, expires_in: 3600, ...more } });

test('an application asks with its secret, and a token is kept until shortly before its end', async () => {
  const { asked, answer } = signIn(token('one'), token('two'));
  let now = 0;
  const ask = createOAuthToken(exchange, app, { fetch: answer, now: () => now, renewed: async () => undefined });
  expect(await Promise.all([ask(), ask()])).toEqual(['one', 'one']);
  expect(asked).toMatchObject([
    {
      url: exchange.tokenEndpoint,
      form: { grant_type: 'client_credentials', client_id: 'app-1', client_secret: 'a+b/c=', scope: exchange.scope },
      init: { method: 'POST', redirect: 'manual', headers: { accept: 'application/json' } },
    },
  ]);
  // A service that never answers keeps nobody waiting for ever.
  expect(asked[0]!.init!.signal).toBeInstanceOf(AbortSignal);
  now = 3_500_000;
  expect(await ask()).toBe('one');
  now = 3_541_000;
  expect(await ask()).toBe('two');
});

test('a person’s consent is a refresh token; one that the service replaces is used from then on, and stored', async () => {
  const { asked, answer } = signIn(token('one', { refresh_token: 'r2' }), token('two'));
  const stored: string[] = [];
  let now = 0;
  const google = { tokenEndpoint: 'https://oauth2.example/token', clientId: 'g', scope: null };
  const ask = createOAuthToken(
    google,
    { kind: 'oauth', clientSecret: 's', refreshToken: 'r1' },
    { fetch: answer, now: () => now, renewed: async (fresh) => void stored.push(fresh) },
  );
  await ask();
  now = 3_600_000;
  expect(await ask()).toBe('two');
  const usual = { grant_type: 'refresh_token', client_id: 'g', client_secret: 's' };
  expect(asked.map(({ form }) => form)).toEqual([
    { ...usual, refresh_token: 'r1' },
    { ...usual, refresh_token: 'r2' },
  ]);
  expect(stored).toEqual(['r2']);
});

test('a public client has no secret to send', async () => {
  const { asked, answer } = signIn(token('one'));
  const services = { fetch: answer, now: () => 0, renewed: async () => undefined };
  await createOAuthToken(exchange, { kind: 'oauth', clientSecret: null, refreshToken: 'r1' }, services)();
  const usual = { grant_type: 'refresh_token', client_id: 'app-1', scope: exchange.scope };
  expect(asked.map(({ form }) => form)).toEqual([{ ...usual, refresh_token: 'r1' }]);
});

test.each<[string, string | null, unknown]>([
  ['is the one in use', 'r1', 'r1'],
  ['is empty', 'r1', ''],
  ['is no text', 'r1', 5],
  ['nobody asked for', null, 'r2'],
])('a refresh token that %s is not stored, and not sent', async (_what, refreshToken, said) => {
  const { asked, answer } = signIn(token('one', { refresh_token: said }));
  const stored: string[] = [];
  let now = 0;
  const services = { fetch: answer, now: () => now, renewed: async (fresh: string) => void stored.push(fresh) };
  const ask = createOAuthToken(exchange, { kind: 'oauth', clientSecret: 's', refreshToken }, services);
  await ask();
  now = 3_600_000;
  await ask();
  expect([asked.map(({ form }) => form['refresh_token'] ?? null), stored]).toEqual([[refreshToken, refreshToken], []]);
});

test.each<[string, unknown, number]>([
  ['seconds', 3600, 3_600],
  ['seconds as text', '3600', 3_600],
  ['nothing', undefined, 300],
  ['null', null, 300],
  ['nonsense', 'soon', 300],
])('a token lives from when it was asked for; of how long the service says %s', async (_what, said, seconds) => {
  let [now, asked] = [0, 0];
  const answer: typeof fetch = async () => {
    asked += 1;
    now += 100_000;
    return new Response(JSON.stringify({ access_token: 'one', expires_in: said }));
  };
  const ask = createOAuthToken(exchange, app, { fetch: answer, now: () => now, renewed: async () => undefined });
  await ask();
  now = (seconds - 61) * 1_000;
  await ask();
  expect(asked).toBe(1);
  now = (seconds - 59) * 1_000;
  await ask();
  expect(asked).toBe(2);
});

test('what a service refuses is told by its code alone, and shortly', async () => {
  const error = `${'long_'.repeat(50)}<script>\r\n`;
  const { answer } = signIn({ status: 400, body: { error } }, { status: 400, body: { error: ' invalid\ngrant!' } });
  const ask = createOAuthToken(exchange, app, { fetch: answer, now: () => 0, renewed: async () => undefined });
  for (const code of ['long_'.repeat(12), 'invalidgrant'])
    await expect(ask()).rejects.toMatchObject({ message: expect.stringContaining(`refused (${code}):`) });
});

test.each([
  ['a secret that expired', { status: 401, body: { error: 'invalid_client' } }, 'unauthorized'],
  ['a consent that was withdrawn', { status: 400, body: { error: 'invalid_grant' } }, 'unauthorized'],
  ['another address', { status: 404 }, 'refused'],
  ['a redirect', { status: 302, headers: { location: 'https://evil.example/' } }, 'refused'],
  ['too many questions', { status: 429, headers: { 'retry-after': '120' } }, 'throttled'],
  ['a service in trouble', { status: 503 }, 'unavailable'],
  ['a service that says so', { status: 400, body: { error: 'temporarily_unavailable' } }, 'unavailable'],
  ['a service at fault', { status: 400, body: { error: 'server_error' } }, 'unavailable'],
  ['a service that waited too long', { status: 408 }, 'unavailable'],
  ['a token that is none', { body: { access_token: 5 } }, 'unavailable'],
  ['an error that is none', { status: 400, body: { error: { message: 'No.' } } }, 'refused'],
  ['a page', { status: 200, page: '<p>Welcome</p>' }, 'unavailable'],
  ['a page that refuses', { status: 403, page: '<p>No</p>' }, 'refused'],
  ['a page of a network', { body: 'Please accept our terms' }, 'unavailable'],
  ['nobody', new TypeError('fetch failed'), 'unavailable'],
] as const)('%s is told apart (%#)', async (_name, says, code) => {
  const { answer } = signIn(says);
  const ask = createOAuthToken(exchange, app, { fetch: answer, now: () => 0, renewed: async () => undefined });
  const error = await ask().then(() => undefined, (cause: unknown) => cause); // prettier-ignore
  expect(error).toBeInstanceOf(SourceError);
  expect(error).toMatchObject({ code, ...(code === 'throttled' ? { retryAfter: 120_000 } : {}) });
  expect(String((error as Error).message)).not.toContain(app.clientSecret);
});

test('a service that is asked too often and does not say for how long says nothing of it', async () => {
  const { answer } = signIn({ status: 429 });
  const ask = createOAuthToken(exchange, app, { fetch: answer, now: () => 0, renewed: async () => undefined });
  await expect(ask()).rejects.toMatchObject({ code: 'throttled', retryAfter: undefined });
});

const key = Buffer.alloc(32, 7).toString('base64');

function register(at: MailboxWorld): void {
  const door = {
    fetch: fetchInto(at.world),
    baseUrl: 'http://localhost/api/data/v9.2/',
    token: () => at.world.token(daemon),
  };
  const crm = createDataverse(createHttp(door));
  registerMailboxRoutes(at.world.app, {
    ...{ store: at.store, ledger: at.ledger, secrets: createSecrets(key), newId: at.services.newId, folders: false },
    isAdministrator: createAdministrators(crm, () => at.now()),
    crmFor: () => crm,
  });
}

function client(at: MailboxWorld, person: Person) {
  return async (method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown) => {
    const answer = await at.world.app.inject({
      ...{ method, url: `/sync/v1/${path}` },
      headers: { authorization: `Bearer ${await at.world.token(person)}` },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    return { status: answer.statusCode, text: answer.body, body: JSON.parse(answer.body) as MailboxReport };
  };
}

const imap = { kind: 'imap', host: 'mail.example', port: 993, secure: true, user: 'miguel@contoso.example' };
const wanted = { address: miguel.address, owner: miguel.objectId, source: { ...imap, oauth: exchange } };

forEachEngine('a mailbox with OAuth over HTTP', ({ open }) => {
  test('is entered by administrators only, and nobody is ever told its secrets', async () => {
    const at = await createMailboxWorld(await open(), register);
    const [hers, his] = [client(at, dana), client(at, miguel)];
    const secrets = { clientSecret: 'open sesame', refreshToken: 'for ever' };
    expect((await his('POST', 'mailboxes', { ...wanted, ...secrets })).status).toBe(403);
    const made = await hers('POST', 'mailboxes', { ...wanted, ...secrets });
    expect(made).toMatchObject({ status: 201, body: { source: 'imap', connection: { oauth: exchange } } });
    const { id } = made.body;
    const row = await at.account(id);
    expect(readOAuthCredentials(createSecrets(key)!.open(row.secret!, id))).toMatchObject(secrets);
    for (const text of [made.text, JSON.stringify(row), (await hers('GET', 'mailboxes?all=true')).text])
      expect(text).not.toMatch(/sesame|for ever/);
    expect((await his('PATCH', `mailboxes/${id}`, { clientSecret: 'mine' })).status).toBe(403);
    expect((await hers('PATCH', `mailboxes/${id}`, { clientSecret: 'another' })).status).toBe(200);
  });

  test('what was stored for one server is not sent to another', async () => {
    const at = await createMailboxWorld(await open(), register);
    const hers = client(at, dana);
    const { body } = await hers('POST', 'mailboxes', { ...wanted, clientSecret: 'open sesame' });
    const moved = { ...imap, oauth: { ...exchange, tokenEndpoint: 'https://evil.example/token' } };
    expect((await hers('PATCH', `mailboxes/${body.id}`, { source: wanted.source })).status).toBe(200);
    expect((await at.account(body.id)).secret).not.toBeNull();
    expect((await hers('PATCH', `mailboxes/${body.id}`, { source: moved })).status).toBe(200);
    expect((await at.account(body.id)).secret).toBeNull();
  });

  test.each([
    [{ source: { ...imap, oauth: 'yes' }, clientSecret: 's' }, 'source.oauth'],
    [{ source: { ...imap, oauth: { ...exchange, tokenEndpoint: 'http://x.example/' } } }, 'tokenEndpoint'],
    [{ source: { ...imap, oauth: { ...exchange, tokenEndpoint: 'https://x.example/<tenant>/' } } }, 'placeholders'],
    [{ source: { ...imap, oauth: { ...exchange, tokenEndpoint: 'https://a:b@x.example/' } } }, 'tokenEndpoint'],
    [{ source: { ...imap, oauth: { ...exchange, clientId: '' } } }, 'clientId'],
    [{ source: { ...imap, oauth: { ...exchange, scope: 7 } } }, 'scope'],
    [{}, 'clientSecret'],
    [{ password: 'p' }, 'password'],
    [{ clientSecret: 7 }, 'clientSecret'],
    [{ source: imap, refreshToken: 'r' }, 'refreshToken'],
  ] as const)('what is not right is refused, naming it (%#)', async (more, named) => {
    const at = await createMailboxWorld(await open(), register);
    const answer = await client(at, dana)('POST', 'mailboxes', { ...wanted, ...more });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(named)]);
  });
});

/** Issues tokens to one application, and tells the mail server whose they are. */
async function startSignInService(user: string) {
  const service = { secret: 'right', tokens: new Set<string>(), isAway: false, url: '' };
  const answer = (response: ServerResponse, status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  const listen = async (request: IncomingMessage, response: ServerResponse) => {
    const asked = new URL(request.url ?? '/', 'http://x.example').searchParams.get('token');
    if (asked !== null) {
      const isKnown = service.tokens.has(asked);
      return answer(response, isKnown ? 200 : 401, isKnown ? { email: user } : { error: 'invalid_token' });
    }
    if (service.isAway) return answer(response, 503, {});
    const form = new URLSearchParams(Buffer.concat((await request.toArray()) as Buffer[]).toString());
    if (form.get('client_secret') !== service.secret) return answer(response, 401, { error: 'invalid_client' });
    const fresh = `token-${String(service.tokens.size + 1)}`;
    service.tokens.add(fresh);
    return answer(response, 200, { access_token: fresh, expires_in: 3600, token_type: 'Bearer' });
  };
  const server = createServer((request, response) => void listen(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  service.url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  return service;
}

describeDovecot('a real mail server that takes tokens', () => {
  forEachEngine('a mailbox with OAuth', ({ open }) => {
    test('is read; a secret that is taken back stops it, a service that is away does not; a new secret is the way back', async () => {
      const service = await startSignInService(miguel.address);
      const dovecot = await startDovecot({ tokenUrl: `${service.url}?token=` });
      undo.push(() => dovecot.close());
      const at = await createMailboxWorld(await open(), register);
      const hers = client(at, dana);
      const sources = createSources({
        ...{ graph: null, fetch, secrets: createSecrets(key), now: () => at.now(), report: () => undefined },
        keepSecret: (id, old, fresh) => replaceSecret(at.store, id, old, fresh),
      });
      undo.push(() => sources.close());

      Object.assign(at.services, {
        open: (claim: OpenedBy) => sources.open(claim),
        drop: (claim: OpenedBy) => sources.drop(claim),
      });
      const source = {
        ...{ kind: 'imap', host: '127.0.0.1', port: dovecot.port, secure: false, user: miguel.address },
        oauth: { ...exchange, tokenEndpoint: service.url },
      };
      const made = await hers('POST', 'mailboxes', { ...wanted, source, clientSecret: 'right' });
      const { id } = made.body;
      await hers('PATCH', `mailboxes/${id}`, { enabled: true });
      await at.poll();
      expect(await at.account(id)).toMatchObject({ state: 'ready', code: null });
      await sources.drop({ id });
      service.isAway = true;
      at.later(12 * 60_000);
      await at.poll();
      expect(await at.account(id)).toMatchObject({ state: 'ready', code: 'unavailable' });
      service.isAway = false;
      service.secret = 'another';
      at.later(60_000);
      await at.poll();
      expect(await at.account(id)).toMatchObject({ state: 'stopped', code: 'unauthorized' });
      expect(await at.alerts()).toEqual(['error mailbox unauthorized']);
      expect((await at.account(id)).message).toContain('invalid_client');
      await hers('PATCH', `mailboxes/${id}`, { clientSecret: 'another' });
      await at.poll();
      expect(await at.account(id)).toMatchObject({ state: 'ready', code: null });
      expect(await at.alerts()).toEqual([]);
      expect(at.errors).toEqual([]);
    });
  });
});
