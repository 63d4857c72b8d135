import { connect, type AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { readConfig } from '../../../src/server/config.ts';
import { openDatabase } from '../../../src/server/db/open.ts';
import { HttpError } from '../../../src/server/http/errors.ts';
import { createRequestLimits, documentedLimits } from '../../../src/server/http/request-limits.ts';
import { createWorld, dana, miguel } from '../world.ts';

/** A limiter with a clock of its own; `ask` is the code of the refusal, or the requests that are left. */
function limited(limits = documentedLimits) {
  const clock = { now: Date.parse('2026-11-21T09:00:00Z') };
  const enter = createRequestLimits(limits, () => clock.now);
  const refusal = (user = 'a') => {
    try {
      enter(user).leave(0);
      return undefined;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return {
        status: error.status,
        code: error.code,
        wait: Number(error.headers['retry-after']),
        text: error.message,
      };
    }
  };
  return { clock, enter, refusal };
}

test('six thousand requests in five minutes, then none until the window has moved on; others are not touched', () => {
  const { clock, enter, refusal } = limited();
  for (let sent = 1; sent <= 6_000; sent += 1) {
    const admission = enter('a');
    expect(admission.remainingRequests).toBe(6_000 - sent);
    admission.leave(1);
    clock.now += 20;
  }
  expect(refusal()).toMatchObject({
    status: 429,
    code: '0x80072322',
    text: 'Number of requests exceeded the limit of 6000 over time window of 300 seconds.',
  });
  expect(refusal('b')).toBeUndefined();
  clock.now += refusal()!.wait * 1_000;
  expect(refusal()).toBeUndefined();
  clock.now += 300_000;
  expect(enter('a').remainingRequests).toBe(5_999);
});

test('the time of all requests counts together', () => {
  const { clock, enter, refusal } = limited();
  const four = [1, 2, 3, 4].map(() => enter('a'));
  clock.now += 150_000;
  four.forEach((admission) => admission.leave(150_000));
  expect(enter('a').remainingMilliseconds).toBe(600_000);
  enter('a').leave(600_000);
  expect(refusal()).toMatchObject({
    code: '0x80072321',
    text: 'Combined execution time of incoming requests exceeded limit of 1,200,000 milliseconds over time window of 300 seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.',
  });
  clock.now += 301_000;
  expect(refusal()).toBeUndefined();
});

test('the fifty-third request at the same time is refused at once, and only that one', () => {
  const { enter, refusal } = limited();
  const open = Array.from({ length: 52 }, () => enter('a'));
  expect(refusal()).toMatchObject({
    code: '0x80072326',
    wait: 1,
    text: 'Number of concurrent requests exceeded the limit of 52.',
  });
  open[0]!.leave(5);
  // A request that is over twice frees one place.
  open[0]!.leave(5);
  const again = enter('a');
  expect(refusal()?.code).toBe('0x80072326');
  again.leave(0);
  expect(refusal()).toBeUndefined();
});

test('who keeps pushing waits longer each time, never longer than the window; a burst is one push', () => {
  const { clock, enter, refusal } = limited({ requests: 10, executionSeconds: 100, concurrent: 5 });
  for (let sent = 0; sent < 10; sent += 1) {
    enter('a').leave(0);
    clock.now += 29_000;
  }
  const waits = Array.from({ length: 6 }, () => {
    const first = refusal()!.wait;
    expect(refusal()!.wait).toBe(first);
    clock.now += 2_000;
    return first;
  });
  expect(waits[0]).toBeLessThanOrEqual(15);
  for (const [index, wait] of waits.slice(1).entries()) expect(wait).toBe(Math.min(300, waits[index]! * 2));
  clock.now += 300_000;
  expect(refusal()).toBeUndefined();
});

test('many users cost little memory, and one request costs next to nothing', () => {
  const { clock, enter } = limited();
  for (let user = 0; user < 30_000; user += 1) {
    enter(String(user)).leave(1);
    clock.now += 1;
  }
  const best = Math.min(
    ...Array.from({ length: 5 }, () => {
      const fresh = limited({ ...documentedLimits, requests: 1e9 });
      const started = performance.now();
      for (let sent = 0; sent < 20_000; sent += 1) fresh.enter('a').leave(1);
      return (performance.now() - started) / 20;
    }),
  );
  // Microseconds; 0.3 on a machine that is free.
  expect(best).toBeLessThan(20);
});

test('the Web API says what is left, charges a batch once, and refuses as documented', async () => {
  const database = await openDatabase({ file: ':memory:' });
  const world = await createWorld(database, { limits: { requests: 3, executionSeconds: 1_200, concurrent: 52 } });
  const first = await world.as(dana).get('WhoAmI');
  expect(first.headers).toMatchObject({
    'x-ms-ratelimit-burst-remaining-xrm-requests': '2',
    'x-ms-ratelimit-time-remaining-xrm-requests': expect.stringMatching(/^1,(?:199\.\d\d|200\.00)$/),
  });
  const part = '--b\r\nContent-Type: application/http\r\n\r\nGET WhoAmI HTTP/1.1\r\n\r\n\r\n';
  const batch = await world
    .as(dana)
    .send('POST', '$batch', `${part.repeat(5)}--b--`, { 'content-type': 'multipart/mixed; boundary=b' });
  expect([batch.status, batch.headers['x-ms-ratelimit-burst-remaining-xrm-requests']]).toEqual([200, '1']);
  expect((await world.as(dana).get('nothing')).status).toBe(404);
  const refused = await world.as(dana).get('WhoAmI');
  expect(refused).toMatchObject({
    status: 429,
    headers: { 'retry-after': expect.stringMatching(/^\d+$/) },
    body: { error: { code: '0x80072322', message: expect.stringContaining('limit of 3 ') } },
  });
  expect((await world.as(miguel).get('WhoAmI')).status).toBe(200);
  await world.app.close();
  await database.close();
});

test('a body that breaks off gives its place back', async () => {
  const database = await openDatabase({ file: ':memory:' });
  const world = await createWorld(database, { limits: { requests: 100, executionSeconds: 1_200, concurrent: 1 } });
  const token = await world.token(dana);
  await world.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = world.app.server.address() as AddressInfo;
  const half = connect(port, '127.0.0.1');
  half.write(
    `POST /api/data/v9.2/contacts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Length: 100\r\n\r\n{"first`,
  );
  const status = async () => (await world.as(dana).get('WhoAmI')).status;
  const becomes = async (wanted: number) => {
    while ((await status()) !== wanted) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await becomes(429);
  half.destroy();
  await becomes(200);
  await world.app.close();
  await database.close();
});

test('limits are read from the environment', () => {
  const environment = { TENANT_ID: 't', CLIENT_ID: 'c', PUBLIC_URL: 'https://crm.example' };
  expect(readConfig(environment, 'all').limits).toEqual(documentedLimits);
  expect(readConfig({ ...environment, LIMIT_CONCURRENT: '100' }, 'all').limits).toEqual({
    ...documentedLimits,
    concurrent: 100,
  });
  expect(readConfig({ ...environment, REQUEST_LIMITS: 'off' }, 'all').limits).toBeNull();
  expect(() => readConfig({ ...environment, LIMIT_REQUESTS: '-1' }, 'all')).toThrow('LIMIT_REQUESTS');
});
