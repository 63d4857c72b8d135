import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'any Change of a lane may be carried out first',
  edits: [
    {
      file: 'src/server/queue/claim.ts',
      find: `      where head = 1 and due_at <= \${now()} and`,
      replace: `      where state = 'queued' and due_at <= \${now()} and`,
    },
  ],
  tests: ['test/server/queue-ledger.test.ts'],
} satisfies Mutation;
