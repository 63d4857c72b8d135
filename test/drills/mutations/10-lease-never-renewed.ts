import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'a lease is not renewed while its worker is still at work',
  edits: [
    {
      file: 'src/server/queue/carry-out.ts',
      find: `  const stopRenewing = keepLease(options, claim);`,
      replace: `  const stopRenewing = () => void keepLease;`,
    },
  ],
  tests: ['test/server/queue-worker.test.ts'],
} satisfies Mutation;
