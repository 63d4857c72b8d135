// npm run bench -- mailboxes: how late 10,000 and 100,000 mailboxes are read, in simulated time. One JSON line per figure.
import { atMost, percentile } from './figure.ts';
import { simulate, type Simulated, type Simulation } from './mailbox-simulation.ts';

const hours = Number(process.env['BENCH_HOURS'] ?? 4);
const seed = 1;

const rounded = (value: number) => Math.round(value * 100) / 100;

function conditionsOf({ mailboxes, slots }: Simulation, run: Simulated): Record<string, unknown> {
  return {
    ...{ mailboxes, slots, clock: 'simulated', hours },
    pollsPerSecond: rounded(run.pollsPerSecond),
    mailsPerSecond: rounded(run.mailsPerSecond),
    slotsUsed: rounded(run.used),
    latenessP50: rounded(percentile(run.lateness, 0.5)),
    latenessMost: rounded(percentile(run.lateness, 1)),
  };
}

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
