import { expect, test } from '@jest/globals';
import { crmModel } from '../../src/server/odata/tables/crm-model.ts';
import { fuzz } from '../fuzz/run.ts';
import { forEachEngine } from './engines.ts';

/** `npm run fuzz` sends a hundred thousand; a failure here names the seed to begin with. */
forEachEngine('Random requests', ({ engine, open }) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

  test(`never get more than a refusal (seed ${seed})`, async () => {
    const report = await fuzz(await open(), crmModel, seed, engine === 'sqlite' ? 2_500 : 500);
    expect({ seed, faults: report.faults }).toEqual({ seed, faults: [] });
    // Something was understood, and something was refused.
    expect([...report.statuses.keys()]).toEqual(expect.arrayContaining([200, 204, 400, 404]));
  }, 120_000);
});
