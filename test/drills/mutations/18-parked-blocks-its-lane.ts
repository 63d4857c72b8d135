import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'what is parked holds up its lane',
  edits: [
    {
      file: 'src/server/queue/lanes.ts',
      find: `where changed.state <> 'queued'`,
      replace: `where changed.state = 'done'`,
    },
  ],
  tests: ['test/server/queue-parked.test.ts'],
} satisfies Mutation;
