import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'whatever the CRM answers counts as success',
  edits: [
    {
      file: 'src/api/http.ts',
      find: 'if (!response.ok && !(request.accept ?? []).includes(response.status)) throw',
      replace: 'if (response.status === 0) throw',
    },
  ],
  tests: ['test/api/http.test.ts'],
} satisfies Mutation;
