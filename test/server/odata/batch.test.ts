import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HttpError } from '../../../src/server/http/errors.ts';
import { readParts } from '../../../src/server/odata/batch/multipart.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client } from '../world.ts';

interface Request {
  method: string;
  path: string;
  body?: object;
  id?: string;
  headers?: Record<string, string>;
}

function part({ method, path, body, id, headers = {} }: Request): string {
  const lines = Object.entries({ 'Content-Type': 'application/json', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return [
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    ...(id === undefined ? [] : [`Content-ID: ${id}`]),
    '',
    `${method} ${path} HTTP/1.1`,
    ...lines,
    '',
    body === undefined ? '' : JSON.stringify(body),
  ].join('\r\n');
}

const multipart = (boundary: string, parts: string[]) =>
  [...parts.map((text) => `--${boundary}\r\n${text}\r\n`), `--${boundary}--\r\n`].join('');
const changeSet = (requests: Request[]) =>
  `Content-Type: multipart/mixed; boundary=set\r\n\r\n${multipart('set', requests.map(part))}`;

const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => Number(match[1]));

forEachEngine('A batch', (engine) => {
  let client: Client;
  beforeAll(async () => {
    client = (await createWorld(await engine.open())).as(dana);
  });
  const run = (parts: string[], headers: Record<string, string> = {}) =>
    client.send('POST', '$batch', multipart('b', parts), {
      'content-type': 'multipart/mixed; boundary="b"',
      ...headers,
    });
  const countOf = async (name: string) => (await client.get(`accounts/$count?$filter=name eq '${name}'`)).text;

  test('answers its reads in their order, whichever way they are addressed', async () => {
    await client.create('accounts', { name: 'Northwind' });
    const answer = await run([
      part({ method: 'GET', path: "accounts?$select=name&$filter=name%20eq%20'northwind'" }),
      part({ method: 'GET', path: '/api/data/v9.2/WhoAmI' }),
      part({
        method: 'GET',
        path: 'http://localhost/api/data/v9.2/accounts/$count',
        headers: { Prefer: 'odata.include-annotations="*"' },
      }),
    ]);
    expect([answer.status, statuses(answer.text)]).toEqual([200, [200, 200, 200]]);
    expect(answer.text.indexOf('Northwind')).toBeLessThan(answer.text.indexOf('BusinessUnitId'));
    expect(answer.headers['content-type']).toMatch(/^multipart\/mixed; boundary=/);
  });

  test('stores a change set whole, with rows that refer to each other', async () => {
    const answer = await run([
      changeSet([
        { method: 'POST', path: 'accounts', id: '1', body: { name: 'Whole' } },
        {
          method: 'POST',
          path: '/api/data/v9.2/contacts',
          id: '2',
          body: { lastname: 'Member', 'parentcustomerid_account@odata.bind': '$1' },
        },
        { method: 'PATCH', path: '$1', id: '3', body: { telephone1: '555', 'primarycontactid@odata.bind': '$2' } },
      ]),
      part({
        method: 'GET',
        path: "accounts?$select=telephone1&$filter=name%20eq%20'Whole'&$expand=primarycontactid($select=lastname)",
      }),
    ]);
    expect([answer.status, statuses(answer.text)]).toEqual([200, [204, 204, 204, 200]]);
    expect(answer.text).toContain('"lastname":"Member"');
    expect(answer.text).toContain('Content-ID: 2');
  });

  test('stores nothing of a change set that fails anywhere', async () => {
    const answer = await run([
      changeSet([
        { method: 'POST', path: 'accounts', id: '1', body: { name: 'Half' } },
        { method: 'POST', path: 'accounts', id: '2', body: { nonsense: true } },
      ]),
      part({ method: 'GET', path: 'accounts/$count' }),
    ]);
    expect([answer.status, statuses(answer.text)]).toEqual([400, [400]]);
    expect(answer.text).toContain('nonsense');
    expect(await countOf('Half')).toBe('0');
  });

  test('goes on after a failure only when it is told to', async () => {
    const parts = [
      part({ method: 'GET', path: 'nothings' }),
      part({ method: 'POST', path: 'accounts', body: { name: 'After' } }),
    ];
    expect(statuses((await run(parts)).text)).toEqual([404]);
    expect(await countOf('After')).toBe('0');
    const going = await run(parts, { prefer: 'odata.continue-on-error' });
    expect([going.status, statuses(going.text)]).toEqual([200, [404, 204]]);
    expect(await countOf('After')).toBe('1');
  });

  const family = (fail: number) => {
    const bad = { method: 'POST', path: 'accounts', body: { name: 5 } };
    const good: Request[] = [
      { method: 'POST', path: 'accounts', id: '1', body: { name: 'Family' } },
      {
        method: 'POST',
        path: 'contacts',
        id: '2',
        body: { lastname: 'Family', 'parentcustomerid_account@odata.bind': '$1' },
      },
      { method: 'PUT', path: '$1/primarycontactid/$ref', id: '3', body: { '@odata.id': '/$2' } },
      { method: 'PUT', path: '$1/telephone1', id: '4', body: { value: '555' } },
      {
        method: 'POST',
        path: '/api/data/v9.2/leads',
        id: '5',
        body: { subject: 'Family', 'contactleads_association@odata.bind': ['$2'] },
      },
      { method: 'DELETE', path: '$5/contactleads_association/$ref?$id=$2', id: '6' },
      { method: 'POST', path: '$1/contact_customer_accounts', id: '7', body: { lastname: 'Family' } },
    ];
    return fail < 0 ? good : [...good.slice(0, fail), bad, ...good.slice(fail)];
  };
  const families = async () => [
    await countOf('Family'),
    (await client.get("contacts/$count?$filter=lastname eq 'Family'")).text,
    (await client.get("leads/$count?$filter=subject eq 'Family'")).text,
  ];

  test('follows references through every kind of address, and undoes all of it wherever one request fails', async () => {
    for (let fail = 0; fail <= 7; fail += 1) {
      const answer = await run([changeSet(family(fail))]);
      expect([fail, answer.status, statuses(answer.text)]).toEqual([fail, 400, [400]]);
      expect(await families()).toEqual(['0', '0', '0']);
    }
    const answer = await run([changeSet(family(-1))]);
    expect(statuses(answer.text)).toEqual([204, 204, 204, 204, 204, 204, 204]);
    expect(await families()).toEqual(['1', '2', '1']);
    const { body } = await client.get<{ value: object[] }>(
      "accounts?$select=telephone1&$filter=name eq 'Family'&$expand=primarycontactid($select=lastname)",
    );
    expect(body.value).toMatchObject([{ telephone1: '555', primarycontactid: { lastname: 'Family' } }]);
  });

  test('goes on behind a change set that failed, when it is told to', async () => {
    const answer = await run([changeSet(family(2)), part({ method: 'GET', path: 'WhoAmI' })], {
      prefer: 'odata.continue-on-error',
    });
    expect([answer.status, statuses(answer.text)]).toEqual([200, [400, 200]]);
  });

  test.each([
    ['bare line feeds', (body: string) => body.replaceAll('\r\n', '\n')],
    ['text before the first boundary', (body: string) => `This is a batch.\r\n\r\n${body}`],
    ['no line end behind the last boundary', (body: string) => body.trimEnd()],
    ['text behind the last boundary', (body: string) => `${body}That was a batch.`],
  ])('is read with %s', async (_name, change) => {
    const name = `Read ${crypto.randomUUID()}`;
    // The text of a value may look like a boundary.
    const body = multipart('b', [
      changeSet([{ method: 'POST', path: 'accounts', body: { name, description: 'x --b y --set--' } }]),
    ]);
    const answer = await client.send('POST', '$batch', change(body), { 'content-type': 'multipart/mixed; boundary=b' });
    expect(statuses(answer.text)).toEqual([204]);
    expect(await countOf(name)).toBe('1');
  });

  test('may hold an address of 64 KB', async () => {
    const names = Array.from({ length: 90 }, (_, index) => `name%20eq%20'${'x'.repeat(680)}${index}'`).join('%20or%20');
    const answer = await run([part({ method: 'GET', path: `accounts?$select=name&$filter=${names}` })]);
    expect(names.length).toBeGreaterThan(60_000);
    expect(statuses(answer.text)).toEqual([200]);
  });

  test('counts the requests of all its change sets', async () => {
    const half = changeSet(Array.from({ length: 501 }, () => ({ method: 'DELETE', path: 'accounts(0)' })));
    const before = await countOf('Counted');
    const answer = await run([
      changeSet(Array.from({ length: 500 }, () => ({ method: 'POST', path: 'accounts', body: { name: 'Counted' } }))),
      half,
    ]);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('1000');
    expect(await countOf('Counted')).toBe(String(Number(before) + 500));
  });

  test.each([
    ['a read inside a change set', [changeSet([{ method: 'GET', path: 'accounts' }])]],
    ['a reference to nothing', [changeSet([{ method: 'PATCH', path: '$7', body: {} }])]],
    ['a batch in a batch', [part({ method: 'POST', path: '$batch' })]],
    ['a part without a request', ['Content-Type: application/http\r\n\r\nhello']],
    ['more than a thousand requests', Array.from({ length: 1_001 }, () => part({ method: 'GET', path: 'WhoAmI' }))],
  ])('%s is refused', async (_name, parts) => {
    expect((await run(parts)).status).toBe(400);
  });

  test.each([
    ['no boundary', 'multipart/mixed', 415],
    ['the wrong boundary', 'multipart/mixed; boundary=other', 400],
    ['JSON', 'application/json', 415],
  ])('%s is refused', async (_name, type, status) => {
    const answer = await client.send('POST', '$batch', multipart('b', [part({ method: 'GET', path: 'WhoAmI' })]), {
      'content-type': type,
    });
    expect(answer.status).toBe(status);
  });
});

test('whatever bytes come as a multipart body, they are read or refused', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .array(fc.constantFrom('--b', '--b--', '\r\n', '\r\n\r\n', 'Content-Type: application/http', 'x', ':'), {
        maxLength: 30,
      })
      .map((parts) => Buffer.from(parts.join(''))),
  );
  fc.assert(
    fc.property(bytes, (body) => {
      try {
        return Array.isArray(readParts('multipart/mixed; boundary=b', Buffer.from(body)));
      } catch (error) {
        return error instanceof HttpError && error.status === 400;
      }
    }),
    { numRuns: 2_000 },
  );
});
