import { describe, jest, test } from '@jest/globals';
import { chromiumPath } from './outlook.ts';

/** A browser starts slowly on a busy machine; what hangs still ends. */
jest.setTimeout(60_000);

/** Groups browser tests; without a browser they are skipped with the way to get one, or fail when REQUIRE names chromium. */
export function describeInBrowser(name: string, body: () => void): void {
  if (chromiumPath !== undefined) describe(name, body);
  else if (process.env['REQUIRE']?.includes('chromium') === true) {
    test(name, () => {
      throw new Error('REQUIRE names chromium, but none was found; set CHROMIUM to its path.');
    });
  } else
    test.skip(`${name}: no Chromium here; "apt-get install chromium" brings one, or set CHROMIUM to its path`, () =>
      undefined);
}
