// npm run simulate -- --seed N --runs M [--story]: plays M stories from seed N on, each with its own faults, and checks what is left.
// A story that breaks an invariant is told as short as it still breaks it, with the line that plays it again; then it ends with 1.
import { parseArgs } from 'node:util';
import { openDatabase } from '../../src/server/db/open.ts';
import { play, type Run } from './run.ts';
import { drawScenario, type Scenario } from './scenario.ts';
import { partOf, shrink, wholeOf, type Part } from './shrink.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string' },
    story: { type: 'boolean', default: false },
    // Ends with the first broken story and does not shorten it.
    first: { type: 'boolean', default: false },
    // Of one seed: only these, counted from 0.
    gestures: { type: 'string' },
    faults: { type: 'string' },
  },
});
const first = Number(values.seed);
const isPart = values.gestures !== undefined || values.faults !== undefined;
const runs = isPart ? 1 : Number(values.runs ?? '100');
const database = await openDatabase({ file: ':memory:' });
const playOne = (scenario: Scenario): Promise<Run> => play(scenario, database);
const broken: number[] = [];
let events = 0;
const began = performance.now();
for (let seed = first; seed < first + runs; seed += 1) {
  const drawn = drawScenario(seed);
  const scenario = isPart ? partOf(drawn, chosen(drawn)) : drawn;
  const run = await playOne(scenario);
  events += run.events;
  if (run.violations.length > 0) broken.push(seed);
  if (values.story || (run.violations.length > 0 && (isPart || values.first))) tell(seed, run);
  else if (run.violations.length > 0) await tellShortest(seed, scenario, run);
  if (values.first && run.violations.length > 0) break;
}
console.log(`${runs} runs, ${events} events, ${Math.round(performance.now() - began)} ms`);
console.log(broken.length === 0 ? 'nothing broken' : `broken: ${broken.length} (seeds ${broken.join(', ')})`);
process.exitCode = broken.length === 0 ? 0 : 1;

function chosen(scenario: Scenario): Part {
  const whole = wholeOf(scenario);
  return { gestures: places(values.gestures, whole.gestures), faults: places(values.faults, whole.faults) };
}

function places(list: string | undefined, all: readonly number[]): readonly number[] {
  if (list === undefined) return all;
  return list === 'none' ? [] : list.split(',').map(Number);
}

async function tellShortest(seed: number, scenario: Scenario, run: Run): Promise<void> {
  const part = await shrink(scenario, run, playOne);
  tell(seed, await playOne(partOf(scenario, part)));
  const [gestures, faults] = [part.gestures, part.faults].map((list) => list.join(',') || 'none');
  console.log(`  the whole story:   npm run simulate -- --seed ${seed} --runs 1 --story`);
  console.log(`  what is told here: npm run simulate -- --seed ${seed} --gestures ${gestures} --faults ${faults}\n`);
}

function tell(seed: number, { story, violations }: Run): void {
  console.log(story.join('\n'));
  for (const { invariant, sentence } of violations) console.log(`seed ${seed}: ${invariant}: ${sentence}`);
}
