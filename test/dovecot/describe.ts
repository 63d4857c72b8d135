import { describe, test } from '@jest/globals';
import { hasDovecot } from './dovecot.ts';

/** Groups tests that need a mail server; without one they are skipped in one sentence, or fail when REQUIRE names dovecot. */
export function describeDovecot(name: string, tests: () => void): void {
  if (hasDovecot) describe(name, tests);
  else if (process.env['REQUIRE']?.includes('dovecot') === true) {
    test(name, () => {
      throw new Error('REQUIRE names dovecot, but /usr/sbin/dovecot is not there (Debian: dovecot-imapd).');
    });
  } else test.skip(`${name} (needs Dovecot: install dovecot-imapd)`, () => undefined);
}
