import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'the late write of a worker that lost its lease counts',
  edits: [
    {
      file: 'src/server/queue/settle.ts',
      find: `where seq = at_seq and generation = at_generation and state = 'queued'`,
      replace: `where seq = at_seq and state = 'queued'`,
    },
  ],
  tests: ['test/server/queue-ledger.test.ts'],
} satisfies Mutation;
