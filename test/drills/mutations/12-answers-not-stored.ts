import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'a repetition is not answered with the result',
  edits: [
    {
      file: 'src/server/queue/settle.ts',
      find: `new_result: outcome.state === 'done' ? JSON.stringify(outcome.result) : null,`,
      replace: 'new_result: null,',
    },
  ],
  tests: ['test/server/queue-ledger.test.ts'],
} satisfies Mutation;
