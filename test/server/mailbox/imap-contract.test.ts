import { afterAll, beforeAll } from '@jest/globals';
import { mailSourceContract } from '../../contracts/mail-source.ts';
import { dialects, startDovecot, type Dialect, type Dovecot } from '../../dovecot/dovecot.ts';
import { describeDovecot } from '../../dovecot/describe.ts';
import { openTestMailbox } from '../../dovecot/test-mailbox.ts';

for (const dialect of Object.keys(dialects) as Dialect[]) {
  describeDovecot(`IMAP with ${dialect}`, () => {
    let dovecot: Dovecot;
    beforeAll(async () => {
      dovecot = await startDovecot({ dialect });
    });
    afterAll(() => dovecot.close());
    mailSourceContract('IMAP', () => openTestMailbox(dovecot));
  });
}
