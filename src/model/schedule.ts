const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Delays between tries in the server's ledger, then hourly to 24 h and six-hourly to five days (sync-and-reliability 3.9). */
const ledgerSteps = [
  2 * second,
  5 * second,
  15 * second,
  45 * second,
  2 * minute,
  5 * minute,
  10 * minute,
  20 * minute,
  30 * minute,
];

/** After this a Change is handed back to its user as refused ("expired"), never dropped. */
export const ledgerLife = 5 * 24 * hour;

/**
 * Milliseconds until the next try of a Change in the ledger.
 * @param attempt tries so far, 1 after the first
 * @param age milliseconds since the Change was accepted
 * @param random 0 <= random < 1: full jitter, so that a thousand Changes that failed together do not come back together
 * @param retryAfter what the CRM asked for, in milliseconds; believed up to an hour
 */
export function ledgerDelay(attempt: number, age: number, random: number, retryAfter?: number): number {
  const step = ledgerSteps[attempt - 1] ?? (age < 24 * hour ? hour : 6 * hour);
  const jittered = Math.max(second, Math.round(step * random));
  return Math.max(jittered, Math.min(retryAfter ?? 0, hour));
}

/** The same on a device, whose person may be looking: 1 s doubling to 30 s. */
export function deviceDelay(attempt: number, random: number, retryAfter?: number): number {
  const step = Math.min(second * 2 ** Math.max(0, attempt - 1), 30 * second);
  return Math.max(Math.round(step * (0.5 + random / 2)), Math.min(retryAfter ?? 0, 5 * minute));
}
