import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'a try whose worker dies is not counted',
  edits: [
    {
      file: 'src/server/queue/claim.ts',
      find: 'attempts = attempts + 1, generation',
      replace: 'generation',
    },
    {
      file: 'src/server/queue/settle.ts',
      find: 'attempts = attempts - is_outage',
      replace: 'attempts = attempts + 1 - is_outage',
    },
  ],
  tests: ['test/server/queue-ledger.test.ts'],
} satisfies Mutation;
