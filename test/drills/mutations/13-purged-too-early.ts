import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'results are forgotten after nine days',
  edits: [
    {
      file: 'src/server/queue/purge.ts',
      find: `changed_at < \${before(90)}`,
      replace: `changed_at < \${before(9)}`,
    },
  ],
  tests: ['test/server/queue-parked.test.ts'],
} satisfies Mutation;
