import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'another mail under the same Message-ID is taken for the first',
  edits: [
    {
      file: 'src/api/tracked-mail.ts',
      find: 'const isSame = (row: Row) => sameMail(mail.fingerprint, fingerprintOfRow(row));',
      replace: `const isSame = (row: Row) => text(row, 'messageid') !== null;`,
    },
  ],
  tests: ['test/server/apply.test.ts'],
} satisfies Mutation;
