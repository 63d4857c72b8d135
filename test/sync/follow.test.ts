import { expect, test } from '@jest/globals';
import type { Queue, QueueEvent } from '../../src/api/queue.ts';
import type { ChangeStatus } from '../../src/model/change.ts';
import { CrmError } from '../../src/model/errors.ts';
import { follow } from '../../src/sync/follow.ts';
import { createPageLocks } from './page-locks.ts';
import { doneStatus } from './samples.ts';
import { createTime, type Time } from './time.ts';

/** An event log that a test writes, and what lies between it and the pane. */
interface Server {
  line: 'open' | 'streams are held up' | 'streams are refused' | 'down' | 'a page answers at once';
  readonly log: ChangeStatus[];
  readonly streams: number;
  readonly polls: number;
  write(number: number): void;
  cut(): void;
}

function createServer(time: Time): Server & Pick<Queue, 'events' | 'poll'> {
  let wake = new Set<() => void>();
  let cuts = 0;
  let [streams, polls] = [0, 0];
  const news = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      wake.add(resolve);
      signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
    });
  const tell = (): void => {
    const woken = wake;
    wake = new Set();
    for (const ring of woken) ring();
  };
  const away = () => new CrmError('offline', 'No connection.');
  const server: Server & Pick<Queue, 'events' | 'poll'> = {
    line: 'open',
    log: [],
    get streams() {
      return streams;
    },
    get polls() {
      return polls;
    },
    write(number) {
      server.log.push(doneStatus(number));
      tell();
    },
    cut() {
      cuts += 1;
      tell();
    },
    async *events(after, signal): AsyncGenerator<QueueEvent, void> {
      streams += 1;
      const opened = cuts;
      let cursor = after < 0 ? server.log.length : after;
      if (server.line === 'down' || server.line === 'streams are refused') throw away();
      while (server.line === 'streams are held up') await news(signal);
      yield { cursor, status: null };
      for (;;) {
        if (cuts > opened) throw away();
        for (const status of server.log.slice(cursor)) yield { cursor: (cursor += 1), status };
        await news(signal);
      }
    },
    async poll(after, wait, signal) {
      polls += 1;
      const from = after < 0 ? server.log.length : after;
      if (server.line === 'down') throw away();
      if (server.line === 'a page answers at once') return { events: [], cursor: from };
      const opened = cuts;
      let over = wait === 0;
      time.wake(wait * 1_000, () => {
        over = true;
        tell();
      });
      while (!over && server.log.length <= from) {
        await news(signal);
        if (cuts > opened) throw away();
      }
      const events = server.log.slice(from).map((status, index) => ({ cursor: from + index + 1, status }));
      return { events, cursor: from + events.length };
    },
  };
  return server;
}

async function openPane(line: Server['line']) {
  const time = createTime();
  const server = createServer(time);
  server.line = line;
  const heard: number[] = [];
  let greetings = 0;
  const closing = new AbortController();
  const following = follow(
    {
      queue: server as unknown as Queue,
      locks: createPageLocks(),
      name: 'dana',
      now: () => time.now(),
      random: () => 0.5,
      sleep: (delay, signal) =>
        new Promise((resolve) => {
          time.wake(delay, resolve);
          signal.addEventListener('abort', () => resolve());
        }),
      wake: time.wake,
      channel: null,
      hear: async ({ id }) => void heard.push(Number(id.slice(-12))),
      connected: () => void (greetings += 1),
    },
    closing.signal,
  );
  await time.settle();
  const close = async () => {
    closing.abort();
    await following;
  };
  /** In steps, as time passes: what a step wakes is through before the next. */
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) await time.pass(1_000);
  };
  return { time, server, heard, pass, close, greetings: () => greetings };
}

test.each(['streams are held up', 'streams are refused'] as const)(
  'where %s the news are asked for, each is heard once and in order, and a stream is read again when one comes through',
  async (line) => {
    const { server, heard, pass, close, greetings } = await openPane(line);
    server.write(1); // before anybody could listen: begins at the present, what was before is asked for by key
    await pass(8);
    expect(server.polls).toBeGreaterThan(0);
    expect(greetings()).toBe(1);
    const before = heard.length;
    for (const number of [2, 3]) server.write(number);
    await pass(1);
    expect(heard.slice(before)).toEqual([2, 3]);

    server.line = 'open';
    await pass(90); // a minute of asking, and the answer that is being waited for
    const { polls, streams } = server;
    expect(greetings()).toBe(2);
    server.write(4);
    await pass(60);
    expect(heard.slice(before)).toEqual([2, 3, 4]);
    expect(server).toMatchObject({ polls, streams });
    await close();
  },
);

test('the longer no stream comes through, the more seldom one is tried', async () => {
  const { server, pass, close } = await openPane('streams are held up');
  await pass(5 * 60);
  const early = server.streams;
  await pass(55 * 60);
  expect(early).toBeLessThanOrEqual(4);
  expect(server.streams - early).toBeLessThanOrEqual(4);
  await close();
});

test('a stream that breaks after its greeting is opened again at the same place, and nothing is asked for', async () => {
  const { server, heard, pass, close } = await openPane('open');
  server.write(1);
  await pass(1);
  server.log.push(doneStatus(2)); // written while the line is down
  server.cut();
  await pass(3);
  server.write(3);
  await pass(1);
  expect(heard).toEqual([1, 2, 3]);
  expect(server).toMatchObject({ streams: 2, polls: 0 });
  await close();
});

test('a server that is away is tried ever more seldom, both ways, and heard from when it is back', async () => {
  const { server, heard, pass, close } = await openPane('down');
  await pass(10 * 60);
  expect(server.streams).toBeLessThan(35);
  expect(server.polls).toBeLessThanOrEqual(server.streams);
  server.line = 'open';
  await pass(31);
  server.write(1);
  await pass(1);
  expect(heard).toEqual([1]);
  await close();
});

test('something that answers for the server at once is not asked a thousand times', async () => {
  const { server, pass, close } = await openPane('streams are refused');
  server.line = 'a page answers at once';
  await pass(100);
  expect(server.polls).toBeLessThan(210);
  await close();
});
