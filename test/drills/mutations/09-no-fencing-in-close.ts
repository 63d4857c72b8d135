import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'the late write of a worker that lost its lease counts',
  edits: [
    {
      file: 'src/server/queue/ledger.ts',
      find: `        .where('generation', '=', claim.generation)
        .where('state', '=', 'queued')`,
      replace: `        .where('state', '=', 'queued')`,
    },
  ],
  tests: ['test/server/queue-ledger.test.ts'],
} satisfies Mutation;
