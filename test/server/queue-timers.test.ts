import { expect, test } from '@jest/globals';
import { steadyClock } from '../../src/server/queue/timers.ts';

const hour = 3_600_000;

test('time goes on while the machine sleeps, and never back', () => {
  const machine = { running: 5, calendar: 1_000_000 };
  const now = steadyClock({ running: () => machine.running, calendar: () => machine.calendar });
  const began = now();
  const after = (ran: number, turned: number): number => {
    machine.running += ran;
    machine.calendar += turned;
    return now() - began;
  };
  expect(after(200, 200)).toBe(200);
  expect(after(0.25, 0)).toBe(200.25);
  expect(after(0.75, 1)).toBe(201);
  // The process is stopped, then its machine sleeps, then somebody sets the calendar back, then it sleeps for longer than that.
  expect(after(hour, hour)).toBe(201 + hour);
  expect(after(10, hour)).toBe(201 + 2 * hour);
  expect(after(10, -hour)).toBe(211 + 2 * hour);
  expect(after(10, 10)).toBe(221 + 2 * hour);
  expect(after(10, 3 * hour)).toBeGreaterThan(221 + 3 * hour);
});
