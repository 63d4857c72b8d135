import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'a CRM that asks for time is not given it',
  edits: [
    {
      file: 'src/model/schedule.ts',
      find: 'return Math.max(jittered, Math.min(retryAfter ?? 0, hour));',
      replace: 'return jittered;',
    },
  ],
  tests: ['test/model/change.test.ts'],
} satisfies Mutation;
