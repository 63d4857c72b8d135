// What stands around the product in the local stack: sign-in for our own pages, the genuine office.js, faults on request.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createFaults } from '../../src/server/local/faults.ts';
import { openIdentity } from '../../src/server/local/identity.ts';
import { localTags, officePackage, withLocalOffice } from '../../src/server/local/office.ts';
import { startLocal } from '../../src/server/local/start.ts';
import type { Local } from '../../src/server/local/start.ts';

let dataDir: string;
let local: Local;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'alongside-doors-'));
  local = await startLocal({ port: 0, hostPort: 0, dataDir, log: () => {} });
});

afterEach(() => local.fault('none'));

afterAll(async () => {
  await local.stop();
  rmSync(dataDir, { recursive: true });
});

/** As a browser or somebody else may ask: fetch does not let a test choose Host and Origin. */
const ask = (url: string, headers: Record<string, string>, method = 'POST') =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sent = httpRequest(url, { method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on('error', reject);
    sent.end();
  });

test.each(['addinUrl', 'hostUrl'] as const)(
  'a connection to %s is kept for whoever clicks again after a while',
  async (door) => {
    const answer = await fetch(local[door], { headers: { connection: 'keep-alive' } });
    await answer.arrayBuffer();
    expect(answer.headers.get('keep-alive')).toBe('timeout=72');
  },
);

describe('sign-in', () => {
  test('our own pages get a token for Dana, on both doors', async () => {
    for (const door of [local.addinUrl, local.hostUrl]) {
      const { status, body } = await ask(`${door}/identity/token`, { origin: door });
      expect(status).toBe(200);
      const { accessToken, expiresOn } = JSON.parse(body) as { accessToken: string; expiresOn: number };
      expect(expiresOn * 1000 - Date.now()).toBeGreaterThan(59 * 60 * 1000);
      const me = await fetch(`${local.hostUrl}/graph/v1.0/me`, { headers: { authorization: `Bearer ${accessToken}` } });
      expect(((await me.json()) as { mail: string }).mail).toBe('dana@contoso.example');
    }
  });

  test.each([
    ['a page of somebody else', { origin: 'https://evil.example' }],
    ['the other door of ours', { origin: 'http://localhost:1' }],
    ['a name that was made to point here', { host: 'evil.example', origin: 'http://evil.example' }],
    ['a page in a frame without origin', { origin: 'null' }],
    ['a program that names no page', {}],
    ['a page of another site, as the browser says', { 'sec-fetch-site': 'cross-site' }],
  ])('%s gets none', async (_who, headers) => {
    const { status, body } = await ask(`${local.addinUrl}/identity/token`, headers);
    expect(status).toBe(403);
    expect(body).not.toContain('accessToken');
  });

  test('a foreign page may not call the mailbox or the switches either', async () => {
    const origin = 'https://evil.example';
    expect((await ask(`${local.hostUrl}/local/faults`, { origin }, 'GET')).status).toBe(403);
    expect((await ask(`${local.hostUrl}/graph/v1.0/me`, { origin }, 'GET')).status).toBe(403);
    expect((await ask(`${local.addinUrl}/api/data/v9.2/WhoAmI`, { host: 'evil.example' }, 'GET')).status).toBe(403);
  });

  test('the key is its owner’s alone, and a script that may read it can sign', async () => {
    const file = join(dataDir, 'identity.json');
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
    const script = await openIdentity(dataDir);
    const { accessToken } = await script.token('zoe@contoso.example');
    const answer = await fetch(`${local.addinUrl}/api/data/v9.2/WhoAmI`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(answer.status).toBe(200);
    await expect(script.token('nobody')).rejects.toThrow('is not a mail address');
  });

  test('Dana administrates, Miguel sells: he may not read what only administrators may write', async () => {
    const create = async (user: string) => {
      const headers = { authorization: `Bearer ${await local.token(user)}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ firstname: 'Test', lastname: 'User', internalemailaddress: `${user}.copy` });
      return (await fetch(`${local.addinUrl}/api/data/v9.2/systemusers`, { method: 'POST', headers, body })).status;
    };
    expect(await create('dana@contoso.example')).toBe(204);
    expect(await create('miguel@contoso.example')).toBe(403);
  });
});

describe('office.js', () => {
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

  test('is the package’s own, byte for byte', async () => {
    const names = [
      'office.js',
      'office.debug.js',
      'outlook-web-16.01.js',
      'outlook-web-16.01.debug.js',
      'en-us/office_strings.js',
      'de-de/outlook_strings.js',
    ];
    for (const name of names) {
      const served = await fetch(`${local.addinUrl}/office-js/${name}`);
      expect(served.headers.get('access-control-allow-origin')).toBe('*');
      expect([name, hash(Buffer.from(await served.arrayBuffer()))]).toEqual([
        name,
        hash(readFileSync(join(officePackage, name))),
      ]);
    }
  });

  test('may be loaded by any page, as from its public address', async () => {
    expect((await ask(`${local.addinUrl}/office-js/office.js`, { origin: 'https://evil.example' }, 'GET')).status).toBe(
      200,
    );
    expect((await fetch(`${local.addinUrl}/office-js/../../package.json`)).status).toBe(404);
    expect((await fetch(`${local.addinUrl}/office-js/%2e%2e/package.json`)).status).not.toBe(200);
  });

  test('a page differs from the production page in one tag', () => {
    const tag = '<script src="https://officeapis.public.onecdn.static.microsoft/1/office.js"></script>';
    const templates = ['taskpane/taskpane.html', 'commands/commands.html'].map(
      (name) => new URL(`../../src/${name}`, import.meta.url),
    );
    for (const page of templates.map((url) => readFileSync(url, 'utf8'))) {
      expect(page.split(tag)).toHaveLength(2);
      expect(withLocalOffice(page)).toBe(page.replace(tag, localTags));
      expect(withLocalOffice(page.replaceAll('"', ''))).toContain(localTags);
    }
  });

  test('the answer page vouches for this machine and for nobody else', async () => {
    const page = await (await fetch(`${local.addinUrl}/office-js/AgaveErrorUX/index.html`)).text();
    const script = /<script>([^]*)<\/script>/.exec(page)?.[1] ?? '';
    const answerTo = (hostname: string, origin = 'http://localhost:3000') => {
      const said: string[] = [];
      let listener: (event: object) => void = () => {};
      const parent = { postMessage: (text: string) => said.push(text) };
      const listen = (_name: string, heard: typeof listener) => (listener = heard);
      // The page's own script, in a window that is made of these three names.
      runInNewContext(script, { addEventListener: listen, parent, location: { origin: 'http://localhost:3000' } });
      listener({ source: parent, origin, data: JSON.stringify({ hostname, noHttps: true }) });
      return said;
    };
    for (const name of ['localhost', '127.0.0.1', 'outlook.localhost'])
      expect(answerTo(name)).toEqual(['{"hostUserTrusted":true}']);
    expect(answerTo('evil.example')).toEqual(['{"hostUserTrusted":false}']);
    expect(answerTo('localhost', 'https://evil.example')).toEqual([]);
  });

  test('the stand-in for MicrosoftAjax has what office.js looks for', async () => {
    const source = await (await fetch(`${local.addinUrl}/local/ajax.js`)).text();
    const names = [
      'registerNamespace',
      'registerClass',
      '_validateParams',
      '_validateParameter',
      'StringBuilder',
      'JavaScriptSerializer',
      'parameterCount',
    ];
    for (const name of names) expect(source).toContain(name);
    const window: { Sys?: object; Type?: object } = {};
    runInNewContext(source, { window, navigator: { appName: '', appVersion: '1' } });
    expect(Object.keys(window)).toEqual(['Type', 'Sys']);
  });
});

describe('faults', () => {
  const crm = async () =>
    fetch(`${local.addinUrl}/api/data/v9.2/WhoAmI`, { headers: { authorization: `Bearer ${await local.token()}` } });
  const sync = () => fetch(`${local.addinUrl}/sync/v1/items/state`);
  const asset = () => fetch(`${local.addinUrl}/config.json`);
  const switchTo = (fault: unknown) =>
    fetch(`${local.hostUrl}/local/faults`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ fault }),
    });

  test.each([
    ['crm-429', 429, '0x80072322'],
    ['crm-500', 500, '0x80040216'],
    ['crm-403', 403, '0x80040220'],
  ])('%s answers as Dataverse would', async (fault, status, code) => {
    expect((await switchTo(fault)).status).toBe(200);
    const answer = await crm();
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([status, code]);
    expect(answer.headers.get('retry-after')).toBe(status === 429 ? '5' : null);
    expect((await asset()).status).toBe(200);
    await switchTo('none');
    expect((await crm()).status).toBe(200);
  });

  test('crm-garbage is a page where JSON was promised', async () => {
    await switchTo('crm-garbage');
    const answer = await crm();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html']);
  });

  test('crm-down cuts the CRM alone; an unreachable server still has its pages; offline has nothing', async () => {
    await switchTo('crm-down');
    await expect(crm()).rejects.toThrow();
    expect((await sync()).status).not.toBe(0);
    await switchTo('server-unreachable');
    await expect(crm()).rejects.toThrow();
    await expect(sync()).rejects.toThrow();
    expect((await asset()).status).toBe(200);
    await switchTo('offline');
    await expect(asset()).rejects.toThrow();
    expect(await (await fetch(`${local.hostUrl}/local/faults`)).json()).toEqual({ fault: 'offline' });
  });

  test('an unknown fault is refused', async () => {
    expect((await switchTo('crm-on-fire')).status).toBe(400);
  });

  test('crm-slow: the request goes through at once, the answer comes late', async () => {
    let reached: () => void = () => {};
    const arrived = new Promise<void>((resolve) => (reached = resolve));
    const faults = createFaults(() => {}, 150);
    const server = createServer((request, response) =>
      faults.handle(request, response, 'outside', () => {
        reached();
        response.writeHead(201, { 'x-kept': 'yes' });
        response.write('a');
        response.end('b');
      }),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    faults.set('crm-slow');
    const began = performance.now();
    const answer = fetch(`http://127.0.0.1:${(server.address() as { port: number }).port}/api/data/v9.2/contacts`);
    await arrived;
    const { status, headers } = await answer;
    expect(performance.now() - began).toBeGreaterThan(140);
    expect([status, headers.get('x-kept'), await (await answer).text()]).toEqual([201, 'yes', 'ab']);
    server.close();
    server.closeAllConnections();
  });

  test('a request that is on its way when the network goes is cut', async () => {
    local.fault('crm-slow');
    const answer = crm().then(
      ({ status }) => status,
      () => 'cut',
    );
    while ((await Promise.race([answer, cutNow()])) === 'not yet') local.fault('offline');
    expect(await answer).toBe('cut');
  });

  const cutNow = () => new Promise((resolve) => setImmediate(() => resolve('not yet')));
});

describe('the developer bar', () => {
  test('knows the users and where the add-in is, and hears of every change', async () => {
    expect(await (await fetch(`${local.hostUrl}/local/users`)).json()).toEqual([
      { name: 'Dana Whitfield', address: 'dana@contoso.example' },
      { name: 'Miguel Santos', address: 'miguel@contoso.example' },
    ]);
    expect(await (await fetch(`${local.hostUrl}/local/addin`)).json()).toEqual({ addinUrl: local.addinUrl });
    const stream = await fetch(`${local.hostUrl}/local/events`);
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    const until = async (text: string) => {
      while (!heard.includes(text)) heard += (await reader.read()).value ?? '';
    };
    await until('hello');
    local.fault('crm-slow');
    await until('event: faults\ndata: {"fault":"crm-slow"}');
    await reader.cancel();
  });

  test('is told how to start when a port is taken, and nothing is left open', async () => {
    const port = Number(new URL(local.addinUrl).port);
    const start = startLocal({ port, hostPort: 0, dataDir: join(dataDir, 'other'), log: () => {} });
    await expect(start).rejects.toThrow(new RegExp(`Port ${port} \\(PORT\\) is in use[^]*PORT=${port + 100}`));
    const second = startLocal({ port: 0, hostPort: 0, dataDir, log: () => {} });
    await expect(second).rejects.toThrow(/in use by another process/);
    expect((await fetch(`${local.addinUrl}/healthz`)).status).toBe(200);
    const { accessToken } = await (await openIdentity(dataDir)).token(); // a script still signs for the one that runs
    const who = await fetch(`${local.addinUrl}/api/data/v9.2/WhoAmI`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(who.status).toBe(200);
    expect(readdirSync(dataDir)).toContain('mailbox.sqlite');
  });
});
