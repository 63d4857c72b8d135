import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDatabase, type Database } from '../../../src/server/db/open.ts';
import { createWorld, dana, type World } from '../world.ts';

let database: Database;
let world: World;
let port: number;
let token: string;
/** `TOKEN` stands for Dana's until it is sent. */
const signed = 'Host: localhost\r\nAuthorization: Bearer TOKEN\r\n';
const api = '/api/data/v9.2/';

beforeAll(async () => {
  database = await openDatabase({ file: ':memory:' });
  world = await createWorld(database);
  token = await world.token(dana);
  await world.app.listen({ port: 0, host: '127.0.0.1' });
  port = (world.app.server.address() as AddressInfo).port;
});
afterAll(async () => {
  await world.app.close();
  await database.close();
});

interface Heard {
  status: number;
  body: string;
  milliseconds: number;
  closed: boolean;
}

/** Writes bytes to a socket and hears the first answer, whole; `more` is said after it has been connected. */
function say(request: string | Buffer, more?: (socket: ReturnType<typeof connect>) => void): Promise<Heard> {
  return new Promise((resolve) => {
    const started = performance.now();
    const socket = connect(port, '127.0.0.1');
    const bytes = Buffer.from(Buffer.from(request).toString('latin1').replace('TOKEN', token), 'latin1');
    let heard = '';
    const end = (closed: boolean) => {
      socket.destroy();
      const body = heard.slice(heard.indexOf('\r\n\r\n') + 4);
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(heard)?.[1] ?? 0);
      resolve({ status, body, closed, milliseconds: performance.now() - started });
    };
    socket.on('error', () => undefined).on('close', () => end(true));
    socket.on('data', (data) => {
      heard = (heard + data.toString('utf8')).replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
      const head = heard.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(heard)?.[1] ?? 0);
      const none = bytes.toString('latin1', 0, 4) === 'HEAD';
      if (head >= 0 && (none || Buffer.byteLength(heard.slice(head + 4)) >= length)) end(false);
    });
    socket.write(bytes);
    more?.(socket);
  });
}

const get = (path: string, headers = '') => `GET ${api}${path} HTTP/1.1\r\n${signed}${headers}\r\n`;
const post = (body: string | Buffer, headers = 'Content-Type: application/json\r\n', path = 'contacts') =>
  Buffer.concat([
    Buffer.from(`POST ${api}${path} HTTP/1.1\r\n${signed}${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`),
    Buffer.from(body),
  ]);
const bare = (headers: string, body = '{}') =>
  `POST ${api}contacts HTTP/1.1\r\n${signed}Content-Type: application/json\r\n${headers}\r\n${body}`;
const row = '{"lastname":"x"}';

/** request -> status */
const refused: [name: string, request: string | Buffer, status: number][] = [
  ['a length that is no number', bare('Content-Length: abc\r\n'), 400],
  ['a negative length', bare('Content-Length: -5\r\n'), 400],
  ['two lengths', bare('Content-Length: 2\r\nContent-Length: 3\r\n'), 400],
  ['a length beside chunks', bare('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n'), 400],
  ['chunks that are none', bare('Transfer-Encoding: chunked\r\n', 'ZZ\r\n{}\r\n0\r\n\r\n'), 400],
  ['an unknown transfer encoding', bare('Transfer-Encoding: gzip\r\n'), 400],
  ['a body larger than may be', bare('Content-Length: 99999999999\r\n'), 413],
  ['no Host', `GET ${api}WhoAmI HTTP/1.1\r\n${signed.replace(/^Host.*\r\n/, '')}\r\n`, 400],
  ['two Hosts', get('WhoAmI', 'Host: elsewhere\r\n'), 400],
  ['a Host that is no name', get('WhoAmI').replace('Host: localhost', 'Host: a b"c'), 400],
  ['two Authorizations', get('WhoAmI', 'authorization: Bearer x\r\n'), 400],
  ['two Content-Types', post(row, 'Content-Type: application/json\r\ncontent-type: text/plain\r\n'), 400],
  ['a method in a header', post(row, 'Content-Type: application/json\r\nX-HTTP-Method-Override: DELETE\r\n'), 400],
  ['70 KB of headers', get('WhoAmI', `X-Long: ${'x'.repeat(70_000)}\r\n`), 431],
  ['three thousand headers', get('WhoAmI', 'X-Some: some-value-of-it\r\n'.repeat(3_000)), 431],
  ['a $filter of 33 KB', get(`contacts?$filter=${'a'.repeat(33 * 1024)}`), 400],
  ['an address of 70 KB', get(`contacts?$filter=${'a'.repeat(70 * 1024)}`), 431],
  ['an escape that is no UTF-8', get(`contacts?$filter=fullname%20eq%20'%ff%fe'`), 400],
  ['an escape that is none', get('contacts?$filter=%zz'), 400],
  ['such an escape in a path', get('cont%zzacts'), 400],
  ['raw bytes in an address', Buffer.from(get("contacts?$filter=fullname%20eq%20'\xff'"), 'latin1'), 400],
  ['NUL in an address', get('contacts\0'), 400],
  ['NUL escaped', get("contacts?$filter=fullname%20eq%20'%00'"), 400],
  ['NUL in a header', get('WhoAmI', 'X-Some: a\0b\r\n'), 400],
  ['a way up', get('%2e%2e/%2e%2e/etc/passwd'), 404],
  ['a way up, plain', get('../../../etc/passwd'), 404],
  ['a proxy request', get('WhoAmI').replace('/api', 'http://evil.example/api'), 404],
  ['OPTIONS', get('WhoAmI').replace('GET', 'OPTIONS'), 405],
  ['TRACE', get('WhoAmI').replace('GET', 'TRACE'), 405],
  ['PROPFIND', get('WhoAmI').replace('GET', 'PROPFIND'), 405],
  ['a method that nobody knows', get('WhoAmI').replace('GET', 'BREW'), 400],
  ['XML', post('<a/>', 'Content-Type: application/xml\r\n'), 415],
  ['a form', post('a=b', 'Content-Type: application/x-www-form-urlencoded\r\n'), 415],
  ['a content type that is none', post(row, 'Content-Type: ;;;\r\n'), 415],
  ['another character set', post(row, 'Content-Type: application/json; charset=utf-16\r\n'), 415],
  ['a zipped body', post(row, 'Content-Type: application/json\r\nContent-Encoding: gzip\r\n'), 415],
  ['a batch that is JSON', post('{}', 'Content-Type: application/json\r\n', '$batch'), 415],
  ['bytes that are no UTF-8', post(Buffer.from('{"lastname":"\xff\xfe"}', 'latin1')), 400],
  ['NUL in a body', post('{"lastname":"\0"}'), 400],
  ['a deep body', post('['.repeat(500_000)), 400],
  ['an answer in XML', get('WhoAmI', 'Accept: application/xml, text/html;q=0.9\r\n'), 415],
  ['OData 3', get('WhoAmI', 'OData-Version: 3.0\r\n'), 400],
  ['OData 5', get('WhoAmI', 'OData-Version: 5.0\r\n'), 400],
  ['at most OData 3', get('WhoAmI', 'OData-MaxVersion: 3.0\r\n'), 400],
  ['another expectation', bare('Expect: tea\r\nContent-Length: 2\r\n'), 417],
  ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['HTTP/9', get('WhoAmI').replace('HTTP/1.1', 'HTTP/9.9'), 400],
  ['TLS', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), 400],
  ['anything', 'hello world\r\n\r\n', 400],
];

test.each(refused)('%s', async (_name, request, status) => {
  const heard = await say(request);
  expect([heard.status, heard.body]).toEqual([status, expect.any(String)]);
  expect(JSON.parse(heard.body)).toEqual({
    error: { code: expect.stringMatching(/^0x[0-9a-f]{8}$/), message: expect.stringMatching(/^.{1,400}$/) },
  });
  expect(heard.body).not.toMatch(/ {2}at |\.ts:|node:|select /);
  // Usually 3; a machine that is busy may need longer.
  expect(heard.milliseconds).toBeLessThan(1_000);
  expect((await say(get('WhoAmI'))).status).toBe(200);
});

test.each([
  ['60 KB of headers', get('WhoAmI', `X-Long: ${'x'.repeat(60_000)}\r\n`), 200],
  [
    'what every client sends',
    get('WhoAmI', 'Accept: application/json\r\nOData-Version: 4.0\r\nOData-MaxVersion: 4.0\r\n'),
    200,
  ],
  ['what a browser sends', get('WhoAmI', 'Accept: text/html,application/xml;q=0.9,*/*;q=0.8\r\n'), 200],
  ['levels of metadata', get('contacts', 'Accept: application/json;odata.metadata=none\r\n'), 200],
  ['a number as text', get('contacts/$count', 'Accept: text/plain\r\n'), 200],
  [
    'a body with its character set',
    post(row, 'Content-Type: application/json; charset=UTF-8; odata.metadata=minimal\r\n'),
    204,
  ],
  ['who waits to be told to go on', post(row, 'Content-Type: application/json\r\nExpect: 100-continue\r\n'), 204],
  ['a HEAD', get('WhoAmI').replace('GET', 'HEAD'), 405],
])('%s is answered', async (_name, request, status) => {
  expect((await say(request)).status).toBe(status);
});

test('headers byte by byte, and a body that stops half way, end with 408 and take nobody’s place', async () => {
  const { server } = world.app;
  Object.assign(server, { headersTimeout: 300, requestTimeout: 600 });
  const drip = say('GET ', (socket) => {
    const timer = setInterval(() => socket.write('x'), 50);
    socket.once('close', () => clearInterval(timer));
  });
  const half = say(bare('Content-Length: 100\r\n', '{"lastname":'));
  expect((await say(get('WhoAmI'))).status).toBe(200);
  for (const heard of await Promise.all([drip, half])) {
    expect(heard).toMatchObject({ status: 408, body: expect.stringContaining('"error":{"code"') });
  }
  expect((await say(get('WhoAmI'))).status).toBe(200);
  Object.assign(server, { headersTimeout: 30_000, requestTimeout: 120_000 });
}, 20_000);

test('a client that goes away in the middle of its body leaves nothing behind', async () => {
  const count = async () => (await world.as(dana).get('contacts/$count')).text;
  const before = await count();
  await Promise.all(
    Array.from({ length: 20 }, () =>
      say(bare('Content-Length: 100\r\n', '{"lastname":"half"'), (socket) => setTimeout(() => socket.destroy(), 20)),
    ),
  );
  expect(await count()).toBe(before);
});
