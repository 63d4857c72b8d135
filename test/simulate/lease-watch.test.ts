import { expect, test } from '@jest/globals';
import type { Claim } from '../../src/server/queue/claim.ts';
import type { Ledger } from '../../src/server/queue/ledger.ts';
import { createLeaseWatch } from './lease-watch.ts';

/** Who does what with the one row of a lane, when it was committed (in seconds), and under which generation; told as it is heard. */
type Step = readonly [
  by: 1 | 2,
  act: 'claims' | 'renews' | 'puts off' | 'gives back',
  committed: number,
  generation: number,
];

async function violationsIn(steps: readonly Step[]): Promise<readonly string[]> {
  const { watch, violations } = createLeaseWatch();
  for (const [by, act, committed, generation] of steps) {
    const claim = { change: { id: 'it', lane: 'lane' }, seq: 1, generation } as Claim;
    const answers: Partial<Ledger> = {
      claim: async () => [claim],
      renew: async () => true,
      putOff: async () => true,
      release: async () => undefined,
    };
    const ledger = watch({ name: `daemon ${by}`, heardFrom: committed * 1_000 }, answers as Ledger);
    if (act === 'claims') await ledger.claim(1);
    else if (act === 'renews') await ledger.renew(claim);
    else if (act === 'gives back') await ledger.release([claim]);
    else await ledger.putOff(claim, 0, { code: 'unavailable', message: '' }, true);
  }
  return violations;
}

test.each<[string, Step[]]>([
  [
    'a claim after a lease that ran out',
    [
      [1, 'claims', 0, 1],
      [2, 'claims', 61, 2],
    ],
  ],
  [
    'a claim heard late, after others took it over and let it go, and the next claim',
    [
      [2, 'claims', 96, 2],
      [2, 'puts off', 97, 2],
      [1, 'claims', 0, 1],
      [1, 'claims', 126, 3],
    ],
  ],
  [
    'a claim heard late, while another has taken it over',
    [
      [2, 'claims', 96, 2],
      [1, 'claims', 0, 1],
      [2, 'renews', 116, 2],
    ],
  ],
  [
    'a claim that was given back, and the next one',
    [
      [1, 'claims', 0, 1],
      [1, 'gives back', 1, 1],
      [2, 'claims', 2, 2],
    ],
  ],
  [
    'a renewal heard late, after which the lease ran out',
    [
      [1, 'claims', 0, 1],
      [1, 'renews', 20, 1],
      [2, 'claims', 121, 2],
    ],
  ],
  [
    'an end heard late, after which another claimed',
    [
      [1, 'claims', 0, 1],
      [2, 'claims', 70, 2],
      [1, 'puts off', 50, 1],
    ],
  ],
])('%s: fine', async (_what, steps) => {
  expect(await violationsIn(steps)).toEqual([]);
});

test.each<[string, Step[], string]>([
  [
    'taken from who has it',
    [
      [1, 'claims', 0, 1],
      [2, 'claims', 59, 2],
    ],
    'daemon 2 claimed it while daemon 1',
  ],
  [
    'taken from who had not heard yet that they have it',
    [
      [2, 'claims', 59, 2],
      [1, 'claims', 0, 1],
    ],
    'daemon 2 claimed it while daemon 1',
  ],
  [
    'taken after a renewal',
    [
      [1, 'claims', 0, 1],
      [1, 'renews', 20, 1],
      [2, 'claims', 79, 2],
    ],
    'daemon 2 claimed it while daemon 1',
  ],
  [
    'ended by who has lost it',
    [
      [1, 'claims', 0, 1],
      [2, 'claims', 61, 2],
      [1, 'puts off', 62, 1],
    ],
    'daemon 1 closed it under a claim that daemon 2',
  ],
])('%s: found', async (_what, steps, words) => {
  expect(await violationsIn(steps)).toEqual([expect.stringContaining(words)]);
});
