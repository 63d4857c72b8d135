import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'an untrack goes directly while the server still has the track',
  edits: [
    {
      file: 'src/sync/carry.ts',
      find: `  if (server === 'has the lane') return handOver(change, hints, services);\n`,
      replace: '',
    },
  ],
  tests: ['test/sync/corridor.test.ts'],
} satisfies Mutation;
