import { describe, expect, test } from '@jest/globals';
import { createHttp } from '../../src/api/http.ts';
import { sendTogether } from '../../src/api/together.ts';

interface Sent {
  readonly path: string;
  readonly body: string;
}

/** A CRM that answers each request of a batch by its path, and what was sent to it. */
function crm(
  answerTo: (path: string) => { status: number; body?: unknown },
  batch: () => number | undefined = () => 200,
) {
  const sent: Sent[] = [];
  const answer = (path: string) => {
    const { status, body = {} } = answerTo(path);
    return { status, text: JSON.stringify(body) };
  };
  const http = createHttp({
    baseUrl: 'https://crm.example/api/data/v9.2',
    token: async () => 'secret',
    fetch: async (url, init) => {
      const path = (url as string).slice('https://crm.example/api/data/v9.2/'.length);
      const body = (init?.body ?? '') as string;
      sent.push({ path, body });
      if (path !== '$batch') {
        const { status, text } = answer(path);
        return new Response(text, { status });
      }
      const status = batch();
      if (status === undefined) throw new TypeError('fetch failed');
      if (status !== 200) return new Response('{}', { status });
      const parts = [...body.matchAll(/^(?:GET|POST) (\S+) HTTP/gm)].map(([, each = '']) => answer(each));
      const lines = parts.flatMap(({ status, text }) => [
        '--r',
        'Content-Type: application/http',
        '',
        `HTTP/1.1 ${status} -`,
        '',
        text,
      ]);
      return new Response([...lines, '--r--', ''].join('\r\n'), {
        headers: { 'content-type': 'multipart/mixed; boundary=r' },
      });
    },
  });
  return { http: sendTogether(http, { timeout: 30_000, breath: setImmediate }), sent };
}

const ask = (path: string) => ({ method: 'GET', path, headers: { accept: 'application/json' } }) as const;
const act = (path: string) => ({ method: 'POST', path, body: JSON.stringify({ of: path }) }) as const;
const requestsIn = ({ body }: Sent) => [...body.matchAll(/^(?:GET|POST) (\S+) HTTP/gm)].map(([, path]) => path);

describe('what is asked for in the same breath', () => {
  test('goes with one batch, and everybody hears about their own', async () => {
    const { http, sent } = crm((path) => ({ status: path === 'b' ? 412 : path === 'c' ? 404 : 200, body: { path } }));
    const outcomes = await Promise.allSettled([
      http.send(ask('a')),
      http.send(act('b')),
      http.send({ ...ask('c'), accept: [404] }),
      http.send(act('d')),
    ]);
    expect(sent.map(({ path }) => path)).toEqual(['$batch']);
    expect(sent[0]!.body).toContain('POST d HTTP/1.1\r\n\r\n{"of":"d"}');
    expect(
      outcomes.map((one) => (one.status === 'fulfilled' ? one.value.json() : (one.reason as unknown))),
    ).toMatchObject([
      { path: 'a' },
      { code: 'conflict', facts: { status: 412, outcomeUnknown: false } },
      { path: 'c' },
      { path: 'd' },
    ]);
  });

  test('goes alone when nobody else asks, and when it may be called off', async () => {
    const { http, sent } = crm(() => ({ status: 200 }));
    await http.send(ask('a'));
    const { signal } = new AbortController();
    await Promise.all([http.send({ ...ask('b'), signal }), http.send(ask('c'))]);
    expect(sent.map(({ path }) => path).sort()).toEqual(['a', 'b', 'c']);
  });

  test('is split where it is much, in the order asked', async () => {
    const { http, sent } = crm(() => ({ status: 200 }));
    const paths = Array.from({ length: 40 }, (_, number) => `r${number}`);
    await Promise.all(paths.map((path) => http.send(ask(path))));
    expect(sent.map((batch) => requestsIn(batch).length)).toEqual([32, 8]);
    expect(sent.flatMap(requestsIn)).toEqual(paths);
  });

  test('is sent one by one where the batch as a whole is refused', async () => {
    const { http, sent } = crm(
      (path) => ({ status: path === 'bad' ? 400 : 200, body: { path } }),
      () => 413,
    );
    const outcomes = await Promise.allSettled(['a', 'bad', 'c'].map((path) => http.send(act(path))));
    expect(sent.map(({ path }) => path)).toEqual(['$batch', 'a', 'bad', 'c']);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test.each([
    ['the CRM is away', () => undefined, { code: 'offline', facts: { outcomeUnknown: true } }],
    ['the CRM is not well', () => 503, { code: 'unavailable', facts: { outcomeUnknown: true } }],
    ['it is too much for the CRM', () => 429, { code: 'throttled' }],
  ])('fails for everybody, and is not repeated, where %s', async (_, batch, error) => {
    const { http, sent } = crm(() => ({ status: 200 }), batch);
    const outcomes = await Promise.allSettled([http.send(act('a')), http.send(act('b'))]);
    expect(outcomes).toMatchObject([{ reason: error }, { reason: error }]);
    expect(sent).toHaveLength(1);
  });

  test('of a batch that answers less than it was asked nobody believes a word', async () => {
    const { http } = crm(() => ({ status: 200 }));
    const short = sendTogether(
      {
        ...http,
        send: async () => ({
          status: 200,
          headers: new Headers({ 'content-type': 'multipart/mixed; boundary=r' }),
          text: '--r\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n--r--',
          json: () => ({}),
        }),
      },
      { timeout: 30_000, breath: setImmediate },
    );
    const outcomes = await Promise.allSettled([short.send(act('a')), short.send(act('b'))]);
    expect(outcomes).toMatchObject(
      [1, 2].map(() => ({ reason: { code: 'unavailable', facts: { outcomeUnknown: true } } })),
    );
  });
});
