import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'an untrack goes directly while the server still has the track',
  edits: [
    {
      file: 'src/sync/carry.ts',
      find: `    return item !== undefined && (item.kept || item.pending.length > 0) ? 'has the lane' : 'free';`,
      replace: `    return item?.kept === true ? 'has the lane' : 'free';`,
    },
  ],
  tests: ['test/sync/corridor.test.ts'],
} satisfies Mutation;
