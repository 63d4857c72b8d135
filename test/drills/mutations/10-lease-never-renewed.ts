import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'a lease is not renewed while its worker is still at work',
  edits: [
    {
      file: 'src/server/queue/carry-out.ts',
      find: `  schedule();\n  return {\n`,
      replace: `  return {\n`,
    },
  ],
  tests: ['test/server/queue-worker.test.ts'],
} satisfies Mutation;
