import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'a worker that wakes up late writes over what others did',
  edits: [
    {
      file: 'src/api/apply.ts',
      find: '  return crm.update(addressOf(mail), bind(table, regarding?.id ?? null), mail.etag ?? undefined);',
      replace: '  return crm.update(addressOf(mail), bind(table, regarding?.id ?? null));',
    },
  ],
  tests: ['test/server/queue-frozen.test.ts'],
} satisfies Mutation;
