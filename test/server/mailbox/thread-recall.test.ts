import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { measureRecall, readCorpus } from '../../../bench/thread-recall.ts';

const mails = fileURLToPath(new URL('threads', import.meta.url));
const truth = join(mails, 'truth.jsonl');
const program = fileURLToPath(new URL('../../../bench/threads.ts', import.meta.url));

test('threads with gaps, rings, re-used ids and equal subjects are the same in every order of arrival', async () => {
  const corpus = await readCorpus(mails, truth);
  expect(corpus.mails.size).toBe(15);
  for (let seed = 1; seed <= 10; seed += 1) {
    const { perSecond, ...recall } = await measureRecall(corpus, seed);
    expect(perSecond).toBeGreaterThan(0);
    expect({ seed, ...recall }).toEqual({
      seed,
      replies: 6,
      found: 6,
      nearest: expect.any(Number),
      wrong: 0,
      threads: 9,
    });
  }
}, 120_000);

test('the measuring notices an answer that was not found, and a mail that was joined wrongly', async () => {
  const corpus = await readCorpus(mails, truth);
  const say = (at: string, differs: object) =>
    corpus.truth.map((mail) => (mail.at === at ? { ...mail, ...differs } : mail));
  const missed = say('bill-3.eml', { thread: 'bill', parent: '<bill-1@fabrikam.example>' });
  expect(await measureRecall({ ...corpus, truth: missed }, 1)).toMatchObject({ replies: 7, found: 6 });
  const wrong = say('plan-3.eml', { thread: 'else', parent: null });
  expect(await measureRecall({ ...corpus, truth: wrong }, 1)).toMatchObject({ replies: 5, found: 5, wrong: 1 });
});

test('npm run measure:threads prints a line per order, and ends with 1 where the goal is missed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'alongside-threads-'));
  const run = (file: string) =>
    spawnSync(process.execPath, ['--no-warnings', program, mails, file, '--orders', '2', '--seed', '7'], {
      encoding: 'utf8',
    });
  try {
    const good = run(truth);
    expect([good.status, good.stdout.match(/^ +[78] +6 +100\.00 .* 0 +9 +\d+$/gm)?.length]).toEqual([0, 2]);
    writeFileSync(
      join(directory, 'truth.jsonl'),
      '{"id":"1","at":"plan-1.eml","thread":1,"parent":null}\n{"id":"2","at":"bill-1.eml","thread":1,"parent":"1"}\n',
    );
    const bad = run(join(directory, 'truth.jsonl'));
    expect([bad.status, bad.stdout]).toEqual([1, expect.stringContaining('missed')]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}, 120_000);
