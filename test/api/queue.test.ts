import { expect, test } from '@jest/globals';
import { createHttp } from '../../src/api/http.ts';
import { createQueue } from '../../src/api/queue.ts';
import { doneStatus } from '../sync/samples.ts';

const done = doneStatus(1);

const answering = (body: string) =>
  createQueue(
    createHttp({
      fetch: async () => new Response(body),
      baseUrl: 'https://pane.example/sync/v1/',
      token: async () => 't',
    }),
  );

test('an event that this version cannot read does not end the log: all is asked for anew', async () => {
  const never = new AbortController().signal;
  const strange = { ...done, state: 'teleported' };
  const stream = [null, strange, done].map((said, index) => `id: ${index}\ndata: ${JSON.stringify(said)}\n\n`);
  const heard: unknown[] = [];
  for await (const event of answering(`: a comment\n\n${stream.join('')}`).events(-1, never)) heard.push(event);
  const expected = [
    { cursor: 0, status: null },
    { cursor: 1, status: null },
    { cursor: 2, status: done },
  ];
  expect(heard).toEqual(expected);

  const events = [strange, done].map((status, index) => ({ cursor: index + 1, status }));
  const page = await answering(JSON.stringify({ events, cursor: 2 })).poll(0, 0, never);
  expect(page).toEqual({ events: expected.slice(1), cursor: 2 });
});

test.each(['<!doctype html><title>Sign in</title>', '{"events":{}}', '{"events":[],"cursor":"1"}', '[]'])(
  'an answer to a poll that makes no sense is no news: %s',
  async (body) => {
    const poll = answering(body).poll(0, 0, new AbortController().signal);
    await expect(poll).rejects.toMatchObject({ code: 'unavailable' });
  },
);
