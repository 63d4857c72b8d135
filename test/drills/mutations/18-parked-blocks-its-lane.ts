import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'what is parked holds up its lane',
  edits: [
    {
      file: 'src/server/queue/settle.ts',
      find: `rows.filter(({ state }) => state !== 'queued')`,
      replace: `rows.filter(({ state }) => state === 'done')`,
    },
  ],
  tests: ['test/server/queue-parked.test.ts'],
} satisfies Mutation;
