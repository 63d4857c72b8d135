import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'a worker that wakes up late writes over what others did',
  edits: [
    {
      file: 'src/api/apply.ts',
      find: 'crm.update(addressOf(mail), bind(table, regarding?.id ?? null), mail.etag ?? undefined),\n  );\n  return { ...mail, regarding, etag };',
      replace:
        'crm.update(addressOf(mail), bind(table, regarding?.id ?? null)),\n  );\n  return { ...mail, regarding, etag };',
    },
  ],
  tests: ['test/server/queue-frozen.test.ts'],
} satisfies Mutation;
