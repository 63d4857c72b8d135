// npm run drills: real processes, killed at random moments, until everything that was promised is compared.
//   -- --rounds 3         rounds per place (50; of those that take minutes 3 at most)
//   -- --place daemon     only there; several are separated by commas
//   -- --seed 7           the first round's seed; a failure names the seed to begin with
import { parseArgs } from 'node:util';
import { places, play } from './places.ts';
import { killAll } from './process.ts';
import { missingFor, openStage, type Stage } from './stage.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    place: { type: 'string', default: [...places.keys()].join(',') },
    seed: { type: 'string' },
  },
});
const first = Number(values.seed ?? Date.now() % 1_000_000);
let failed = 0;

let opening: Promise<Stage> | undefined;

/** A PostgreSQL is nobody's child: it would outlive us, with its directory and its disk. */
function endWith(code: number): void {
  void Promise.resolve(opening)
    .then((stage) => stage?.close())
    .catch(console.log)
    .finally(() => process.exit(code));
}
process.once('exit', killAll);
process.once('SIGINT', () => endWith(130));
process.once('SIGTERM', () => endWith(143));

for (const name of values.place.split(',')) {
  const place = places.get(name);
  if (place === undefined) throw new Error(`There is no place "${name}"; there are ${[...places.keys()].join(', ')}.`);
  const missing = missingFor(place.cast);
  if (missing !== undefined) {
    console.log(`${name}: left out, ${missing}`);
    continue;
  }
  const rounds = place.slow ? Math.min(Number(values.rounds), 3) : Number(values.rounds);
  opening = openStage(place.cast);
  const stage = await opening;
  try {
    for (let round = 0; round < rounds; round += 1) {
      const began = performance.now();
      const report = await play(stage, place, first + round);
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      const { changes, answers, failures, strikes, problems } = report;
      console.log(
        `${name} ${first + round}: ${changes} changes, ${answers} answers, ${failures} failures, ${strikes} strikes, ${seconds} s: ${problems.length === 0 ? 'fine' : 'BROKEN'}`,
      );
      for (const problem of problems) console.log(`  ${problem}`);
      if (problems.length > 0) for (const process of stage.processes) console.log(process.said());
      failed += problems.length;
    }
  } catch (error) {
    failed += 1;
    console.log(error);
    for (const process of stage.processes) console.log(process.said());
  } finally {
    await stage.close();
  }
}
process.exitCode = failed === 0 ? 0 : 1;
