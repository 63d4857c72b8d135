import { expect, test } from '@jest/globals';
import { createThrottle } from '../../../src/server/local/graph/throttle.ts';

test('an application may ask a mailbox ten thousand times in ten minutes, and each mailbox has limits of its own', () => {
  let now = 0;
  const throttle = createThrottle(() => now);
  for (let asked = 0; asked < 10_000; asked += 1) {
    now += 1;
    throttle.enter('ada@contoso.example')();
  }
  now = 400_001;
  const refusal = { status: 429, code: 'ApplicationThrottled', headers: { 'retry-after': '200' } };
  expect(() => throttle.enter('ada@contoso.example')).toThrow(expect.objectContaining(refusal));
  throttle.enter('alan@contoso.example')();
  now = 600_001;
  const leave = throttle.enter('ada@contoso.example');
  // Whoever leaves twice frees one place only.
  leave();
  leave();
  for (let open = 0; open < 4; open += 1) throttle.enter('ada@contoso.example');
  expect(() => throttle.enter('ada@contoso.example')).toThrow(expect.objectContaining({ status: 429 }));
});
