// npm run simulate -- --seed N --runs M [--story]: plays M stories from seed N on, each with its own faults, and checks what is left.
import { parseArgs } from 'node:util';
import { openDatabase } from '../../src/server/db/open.ts';
import { play } from './run.ts';
import { drawScenario } from './scenario.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '100' },
    story: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
const runs = Number(values.runs);
const database = await openDatabase({ file: ':memory:' });
let events = 0;
const began = performance.now();
for (let seed = first; seed < first + runs; seed += 1) {
  const run = await play(drawScenario(seed), database);
  events += run.events;
  if (values.story || run.violations.length > 0) console.log(run.story.join('\n'));
  for (const { invariant, sentence } of run.violations) console.log(`seed ${seed}: ${invariant}: ${sentence}`);
}
console.log(`${runs} runs, ${events} events, ${Math.round(performance.now() - began)} ms`);
