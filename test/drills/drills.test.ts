import { afterAll, describe, expect, test } from '@jest/globals';
import { places, play } from './places.ts';
import { killAll } from './process.ts';
import { missingFor, openStage } from './stage.ts';

/** They mostly wait, so they wait together. `npm run drills` goes on longer; a failure names the seed to begin with. */
const rounds = 3;
/** Against hanging only: on a machine that is busy with other things, a minute's work has taken five. */
const atMost = 15 * 60_000;
const first = Date.now() % 1_000_000;

describe('what was promised is kept', () => {
  afterAll(killAll);

  for (const [name, place] of places) {
    const { title, cast, slow } = place;
    const missing = missingFor(cast);
    const required = missing?.startsWith('PostgreSQL') && process.env['REQUIRE']?.includes('postgres');
    if (slow || (missing !== undefined && !required)) {
      test.skip(`${name}: ${title} (${missing ?? 'npm run drills has the time for it'})`, () => undefined);
      continue;
    }
    test.concurrent(
      `${name}: ${title}`,
      async () => {
        const stage = await openStage(cast);
        try {
          for (let seed = first; seed < first + rounds; seed += 1) {
            const { problems } = await play(stage, place, seed);
            expect({ name, seed, problems }).toEqual({ name, seed, problems: [] });
          }
        } catch (error) {
          for (const each of stage.processes) console.error(each.said());
          throw error;
        } finally {
          await stage.close();
        }
      },
      atMost,
    );
  }
});
