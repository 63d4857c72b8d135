import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'an end that our database did not take is forgotten, and its Change suspected',
  edits: [
    {
      file: 'src/server/queue/carry-out.ts',
      find: 'const written = persist(options, claim, outcome);',
      replace: 'const written = write(options, claim, outcome);',
    },
  ],
  tests: ['test/server/queue-worker.test.ts'],
} satisfies Mutation;
