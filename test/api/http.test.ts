import { describe, expect, test } from '@jest/globals';
import { createDataverse } from '../../src/api/dataverse.ts';
import { containedLiteral, literal, query, readBatch, writeBatch } from '../../src/api/dialect.ts';
import { createHttp, parseRetryAfter } from '../../src/api/http.ts';
import { createQueue } from '../../src/api/queue.ts';
import { recordLink } from '../../src/api/record-link.ts';

type Answer = () => Response | Promise<Response>;

/** An http whose other side answers as told, and the requests that left. */
function speaking(answer: Answer, timeout?: number) {
  const sent: { url: string; init: RequestInit }[] = [];
  const ask: typeof fetch = async (url, init) => {
    init?.signal?.throwIfAborted();
    sent.push({ url: url as string, init: init ?? {} });
    const waits = new Promise<never>((_, reject) =>
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error)),
    );
    return Promise.race([answer(), waits]);
  };
  const http = createHttp({
    fetch: ask,
    baseUrl: 'https://crm.example/api/data/v9.2',
    token: async () => 'secret',
    ...(timeout ? { timeout } : {}),
  });
  return { http, sent };
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });

describe('an answer of the CRM', () => {
  test.each([
    [401, 'unauthorized', false],
    [403, 'forbidden', false],
    [404, 'not-found', false],
    [400, 'refused', false],
    [413, 'refused', false],
    [408, 'unavailable', false],
    [409, 'conflict', false],
    [412, 'conflict', false],
    [429, 'throttled', false],
    [500, 'unavailable', true],
    [503, 'unavailable', true],
  ] as const)('%d is %s', async (status, code, outcomeUnknown) => {
    const body = { error: { code: '0x80040220', message: 'Said by the CRM.' } };
    const { http } = speaking(() => json(status, body, { 'retry-after': '7' }));
    const facts = { status, crmCode: '0x80040220', retryAfter: 7_000, outcomeUnknown };
    await expect(http.send({ method: 'GET', path: 'contacts' })).rejects.toMatchObject({
      code,
      message: 'Said by the CRM.',
      facts,
    });
  });

  test('that never comes is offline; that comes too late is unavailable, and a write may have been done', async () => {
    const gone = speaking(() => Promise.reject(new TypeError('fetch failed')));
    await expect(gone.http.send({ method: 'GET', path: '' })).rejects.toMatchObject({
      code: 'offline',
      facts: { outcomeUnknown: false },
    });
    const late = speaking(() => new Promise<Response>(() => undefined), 1);
    await expect(late.http.send({ method: 'POST', path: '' })).rejects.toMatchObject({
      code: 'unavailable',
      facts: { outcomeUnknown: true },
    });
  });

  test('that nobody wants any more is no error of the CRM', async () => {
    const { http } = speaking(() => new Promise<Response>(() => undefined));
    const ending = new AbortController();
    const asked = http.send({ method: 'GET', path: '', signal: ending.signal });
    ending.abort(new Error('another mail is open'));
    await expect(asked).rejects.toThrow('another mail is open');
  });

  test.each(['<!doctype html><title>Sign in</title>', '{"value":[{"contactid":"1"}', '[]', 'null', '"x"'])(
    'of status 200 that makes no sense is unavailable: %s',
    async (body) => {
      const { http } = speaking(() => new Response(body, { status: 200 }));
      await expect(createDataverse(http).list('contacts')).rejects.toMatchObject({ code: 'unavailable' });
      const queue = createQueue(http);
      await expect(queue.itemStates([])).rejects.toMatchObject({ code: 'unavailable' });
    },
  );

  test('Retry-After may be seconds or a date by the answer’s own clock; nonsense says nothing', () => {
    expect(parseRetryAfter('120', null)).toBe(120_000);
    expect(parseRetryAfter('Sat, 21 Nov 2026 10:00:05 GMT', 'Sat, 21 Nov 2026 10:00:00 GMT')).toBe(5_000);
    for (const nonsense of ['-5', 'soon', '', '1e9', '99999999999'])
      expect(parseRetryAfter(nonsense, null)).toBeUndefined();
    expect(parseRetryAfter('Sat, 21 Nov 2026 09:00:00 GMT', 'Sat, 21 Nov 2026 10:00:00 GMT')).toBeUndefined();
  });
});

describe('what leaves', () => {
  test('carries the token in a header, never in the address, and follows no redirect', async () => {
    const { http, sent } = speaking(() => json(200, { value: [] }));
    await createDataverse(http).list(
      query('contacts', { select: ['fullname'], filter: `fullname eq ${literal("O'Neil & Sons")}` }),
    );
    expect(sent[0]?.url).toBe(
      `https://crm.example/api/data/v9.2/contacts?$select=fullname&$filter=${encodeURIComponent("fullname eq 'O''Neil & Sons'")}`,
    );
    expect(new Headers(sent[0]?.init.headers).get('authorization')).toBe('Bearer secret');
    expect(sent[0]?.init.redirect).toBe('error');
    expect(sent[0]?.url).not.toContain('secret');
  });

  test('what a person types is text and no pattern', () => {
    expect(containedLiteral("50%_[it's]")).toBe("'50[%][_][[]it''s]'");
  });

  test('a record link goes to the organisation’s app or to our own page, and escapes what it is given', () => {
    const record = { table: 'contact', id: '1/../2' };
    expect(recordLink('https://contoso.crm.dynamics.com/', 'dynamics', record)).toBe(
      'https://contoso.crm.dynamics.com/main.aspx?pagetype=entityrecord&etn=contact&id=1%2F..%2F2',
    );
    expect(recordLink('http://localhost:3000', 'built-in', record)).toBe(
      'http://localhost:3000/crm/contact/1%2F..%2F2',
    );
  });
});

describe('a batch', () => {
  const part = (status: number, body: string) =>
    `--r\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 ${status} X\r\nContent-Type: application/json\r\n\r\n${body}\r\n`;

  test('is written with CRLF and read back part by part', () => {
    expect(writeBatch('b', ['contacts'], { accept: 'application/json' })).toContain(
      '\r\nGET contacts HTTP/1.1\r\naccept: application/json\r\n\r\n',
    );
    const parts = readBatch('multipart/mixed; boundary=r', `${part(200, '{"value":[1]}')}${part(404, '{}')}--r--\r\n`);
    expect(parts.map(({ status, body }) => [status, body])).toEqual([
      [200, '{"value":[1]}'],
      [404, '{}'],
    ]);
  });

  test('whose part failed is that part’s error; one cut off in the middle is unavailable', async () => {
    const answering = (text: string) => {
      const { http } = speaking(
        () => new Response(text, { status: 200, headers: { 'content-type': 'multipart/mixed; boundary=r' } }),
      );
      return createDataverse(http).listAll(['contacts', 'leads']);
    };
    const denied = part(403, JSON.stringify({ error: { code: '0x80040220', message: 'No.' } }));
    await expect(answering(`${part(200, '{"value":[]}')}${denied}--r--`)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(answering(`${part(200, '{"value":[]}')}--r--`)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(answering(part(200, '{"value":[]}').slice(0, 80))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(answering('<html>')).rejects.toMatchObject({ code: 'unavailable' });
  });
});
