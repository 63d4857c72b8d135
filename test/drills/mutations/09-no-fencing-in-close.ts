import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'the late write of a worker that lost its lease counts',
  edits: [
    {
      file: 'src/server/queue/settle.ts',
      find: 'and generation = at_generation and ${isQueued}',
      replace: 'and ${isQueued}',
    },
  ],
  tests: ['test/server/queue-ledger.test.ts'],
} satisfies Mutation;
