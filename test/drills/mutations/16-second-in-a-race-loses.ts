import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'who comes second in a race loses the regarding record',
  edits: [
    {
      file: 'src/api/apply.ts',
      find: `  if (!own && regarding !== null && promoted.regarding?.id !== regarding.id) return join(change, promoted, services);\n`,
      replace: '',
    },
  ],
  tests: ['test/server/apply.test.ts'],
} satisfies Mutation;
