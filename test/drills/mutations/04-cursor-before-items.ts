import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'a reader goes on after events whose effect it was not told',
  edits: [
    {
      file: 'src/server/queue/routes.ts',
      find: `    const cursor = await ledger.lastCursor();\n    return { items: await readItemStates(services, person.objectId, mails, askCrm), cursor };`,
      replace: `    const items = await readItemStates(services, person.objectId, mails, askCrm);\n    return { items, cursor: await ledger.lastCursor() };`,
    },
  ],
  tests: ['test/server/queue-routes.test.ts'],
  named: 'while the states are read',
} satisfies Mutation;
