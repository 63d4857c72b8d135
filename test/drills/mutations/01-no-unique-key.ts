import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'a Change is stored twice',
  edits: [
    {
      file: 'src/server/db/migrations/0002-ledger.ts',
      find: 'id text not null unique',
      replace: 'id text not null',
    },
  ],
  tests: ['test/server/queue-ledger.test.ts'],
  named: 'nor does the database',
} satisfies Mutation;
