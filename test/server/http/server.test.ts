import { request as ask } from 'node:http';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AddressInfo } from 'node:net';
import { openDatabase, type Database } from '../../../src/server/db/open.ts';
import { loopbackHosts } from '../../../src/server/http/loopback.ts';
import { createWorld, dana, type World } from '../world.ts';

let database: Database;
let world: World;
const directory = mkdtempSync(join(tmpdir(), 'alongside-web-'));

beforeAll(async () => {
  writeFileSync(
    join(directory, 'taskpane.html'),
    `<html><head><script src="https://cdn/office.js"></script></head>${' '.repeat(2_000)}</html>`,
  );
  writeFileSync(join(directory, 'main.0123456789ab.js'), `// ${'x'.repeat(5_000)}`);
  mkdirSync(join(directory, 'assets'));
  writeFileSync(join(directory, 'assets', 'icon-16.png'), 'png');
  database = await openDatabase({ file: ':memory:' });
  world = await createWorld(database, {
    loopback: { hosts: loopbackHosts, origins: ['http://localhost:3001'] },
    pages: {
      directory,
      config: { crmUrl: 'http://localhost:3000', identity: { kind: 'local' } },
      transformHtml: (html) => html.replace('https://cdn/office.js', '/office-js/office.js'),
      frameAncestors: ['http://localhost:3001'],
    },
  });
});
afterAll(async () => {
  await world.app.close();
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

const get = (url: string, headers: Record<string, string> = {}) =>
  world.app.inject({ method: 'GET', url, headers: { host: 'localhost:3000', ...headers } });

test('a token that is not exactly right opens nothing', async () => {
  const good = await world.token(dana);
  const [head, , signature] = good.split('.');
  const forged = [
    head,
    Buffer.from(
      JSON.stringify({ iss: 'http://localhost:3000/identity', aud: 'api://alongside', oid: dana.objectId, exp: 9e9 }),
    ).toString('base64url'),
    signature,
  ].join('.');
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${good.split('.')[1] ?? ''}.x`;
  const tokens = [
    undefined,
    'Bearer',
    'Bearer x.y.z',
    `Basic ${good}`,
    `Bearer ${forged}`,
    `Bearer ${unsigned}`,
    `Bearer ${await world.token(dana, { exp: 1 })}`,
    `Bearer ${await world.token(dana, { oid: 'nobody' })}`,
    `Bearer ${'x'.repeat(20_000)}`,
  ];
  for (const authorization of tokens) {
    const answer = await get('/api/data/v9.2/WhoAmI', authorization === undefined ? {} : { authorization });
    expect([answer.statusCode, answer.json<{ error: object }>().error]).toEqual([
      401,
      { code: '0x80072560', message: expect.any(String) },
    ]);
    expect(answer.headers['odata-version']).toBe('4.0');
  }
  expect((await get('/api/data/v9.2/WhoAmI', { authorization: `Bearer ${good}` })).statusCode).toBe(200);
});

test('other names and other pages are turned away', async () => {
  expect((await get('/healthz')).statusCode).toBe(200);
  expect((await get('/healthz', { host: 'evil.example:3000' })).statusCode).toBe(403);
  expect((await get('/healthz', { origin: 'https://evil.example' })).statusCode).toBe(403);
  expect((await get('/healthz', { origin: 'null' })).statusCode).toBe(403);
  expect((await get('/healthz', { origin: 'http://localhost:3000' })).statusCode).toBe(200);
  expect((await get('/healthz', { origin: 'http://localhost:3001' })).statusCode).toBe(200);
  expect((await get('/healthz', { host: '[::1]:3000' })).statusCode).toBe(200);
});

test('pages are served with their guards, changed only on their way out', async () => {
  const page = await get('/taskpane.html?et=1', { 'accept-encoding': 'br, gzip' });
  expect(page.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-encoding': 'gzip',
    'x-content-type-options': 'nosniff',
  });
  expect(page.headers['content-security-policy']).toContain("frame-ancestors 'self' http://localhost:3001");
  expect(gunzipSync(page.rawPayload).toString()).toContain('src="/office-js/office.js"');
  expect((await get('/taskpane.html', { 'if-none-match': String(page.headers.etag) })).statusCode).toBe(304);
  expect((await get('/main.0123456789ab.js')).headers['cache-control']).toContain('immutable');
  expect((await get('/assets/icon-16.png')).headers['content-type']).toBe('image/png');
  expect((await get('/config.json')).json()).toEqual({ crmUrl: 'http://localhost:3000', identity: { kind: 'local' } });
});

test.each([
  '/nothing.html',
  '/../package.json',
  '/%2e%2e/package.json',
  '/..%2f..%2fetc/passwd',
  '/assets/',
  '/.env',
  '/assets/../../x.js',
  '/%00.html',
  '/%',
])('%s is nothing', async (url) => {
  const answer = await get(url);
  expect([400, 404]).toContain(answer.statusCode);
  expect(answer.json()).toMatchObject({ error: { message: expect.any(String) } });
});

test('the record page is an empty shell', async () => {
  const page = await get(`/crm/contact/${dana.objectId}`);
  expect(page.statusCode).toBe(200);
  expect(page.body).toContain('"setName":"contacts"');
  expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect((await get(`/crm/constructor/${dana.objectId}`)).statusCode).toBe(404);
  expect((await get('/crm/contact/1')).statusCode).toBe(404);
});

test('a body that is too large is refused before it is read, a long address is understood', async () => {
  const authorization = `Bearer ${await world.token(dana)}`;
  const large = await world.app.inject({
    method: 'POST',
    url: '/api/data/v9.2/contacts',
    headers: { host: 'localhost', authorization },
    payload: 'x'.repeat(3_000_000),
  });
  expect(large.statusCode).toBe(413);
  const filter = Array.from(
    { length: 400 },
    (_, index) => `emailaddress1 eq 'person-${index}-with-a-long-name@somewhere.example'`,
  ).join(' or ');
  await world.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = world.app.server.address() as AddressInfo;
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sent = ask(
      {
        port,
        host: '127.0.0.1',
        path: `/api/data/v9.2/contacts?$filter=${encodeURIComponent(filter)}`,
        headers: { host: 'localhost', authorization },
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      },
    );
    sent.on('error', reject).end();
  });
  expect(status).toBe(200);
});

test('versions other than those spoken are not there', async () => {
  const authorization = `Bearer ${await world.token(dana)}`;
  expect((await get('/api/data/v8.2/WhoAmI', { authorization })).statusCode).toBe(404);
  expect((await get('/api/data/v9.0/WhoAmI', { authorization })).statusCode).toBe(200);
  expect((await get('/nothing/at/all', { authorization })).statusCode).toBe(404);
});
