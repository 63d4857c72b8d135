// npm run bench -- mailboxes: how late 10,000 and 100,000 mailboxes are read, in simulated time, and what a poll costs the daemon
// itself on an SQLite file. One JSON line per figure.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../src/server/db/open.ts';
import { atMost, percentile } from './figure.ts';
import { simulate, type Simulated, type Simulation } from './mailbox-simulation.ts';
import { measurePolls } from './poll-cost.ts';

const hours = Number(process.env['BENCH_HOURS'] ?? 4);
const seed = 1;

const rounded = (value: number) => Math.round(value * 100) / 100;

function conditionsOf({ mailboxes, slots }: Simulation, run: Simulated): Record<string, unknown> {
  return {
    ...{ mailboxes, slots, clock: 'simulated', hours },
    pollsPerSecond: rounded(run.pollsPerSecond),
    mailsPerSecond: rounded(run.mailsPerSecond),
    slotsUsed: rounded(run.used),
    coresForPolls: rounded((run.pollsPerSecond * perPoll) / 1_000),
    latenessP50: rounded(percentile(run.lateness, 0.5)),
    latenessMost: rounded(percentile(run.lateness, 1)),
  };
}

const directory = mkdtempSync(join(tmpdir(), 'alongside-bench-mailboxes-'));
const database = await openDatabase({ file: join(directory, 'mailboxes.sqlite') });
const { perPoll, pollsPerSecond } = await measurePolls(database, 2_000).finally(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});
// A day's polls of 100,000 mailboxes are at most 232 in a second: two cores give each of them 8.6 ms.
atMost('mailboxes: CPU of a poll without news, two folders', perPoll, 'ms', 3, { engine: 'sqlite', pollsPerSecond });

for (const [mailboxes, slots, goal] of [
  [10_000, 32, 5],
  [100_000, 128, 10],
] as const) {
  const calm = { mailboxes, slots, hours, seed, isRestart: false };
  const run = simulate(calm);
  const conditions = conditionsOf(calm, run);
  atMost('mailboxes: lateness of a poll, p99', percentile(run.lateness, 0.99), 's', goal, conditions);
  atMost('mailboxes: longest time alone', run.longestGap, 's', 720 + goal, conditions);
  const storm = { ...calm, hours: 2, isRestart: true };
  const after = simulate(storm);
  const peak = { ...conditionsOf(storm, after), pollsInBusiestSecond: after.peak };
  atMost('mailboxes: all read after a restart with all overdue', after.allReadAfter, 's', 720, peak);
}
