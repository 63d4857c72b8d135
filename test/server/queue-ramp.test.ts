import { expect, test } from '@jest/globals';
import { createRamp } from '../../src/server/queue/ramp.ts';

/** Everything that is let go in one round succeeds. */
function round(ramp: ReturnType<typeof createRamp>): number {
  const { width } = ramp;
  for (let call = 0; call < width; call += 1) ramp.succeeded();
  return ramp.width;
}

test('is wide at first, begins with one after an outage, doubles by rounds and falls back at a failure', () => {
  const ramp = createRamp(10);
  expect(ramp.width).toBe(10);
  ramp.restart();
  expect(ramp.width).toBe(1);
  expect([round(ramp), round(ramp), round(ramp), round(ramp)]).toEqual([2, 4, 8, 10]);
  ramp.failed();
  expect(ramp.width).toBe(5);
  for (let failure = 0; failure < 9; failure += 1) ramp.failed();
  expect(ramp.width).toBe(1);
});
