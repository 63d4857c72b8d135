import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'a Change ends without its event in the same transaction',
  edits: [
    {
      file: 'src/server/queue/settle.ts',
      find: `      nameHeads(engine),\n      eventsOf(scope),`,
      replace: '      nameHeads(engine),',
    },
  ],
  tests: ['test/server/queue-ledger.test.ts'],
} satisfies Mutation;
