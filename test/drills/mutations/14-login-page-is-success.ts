import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'the page of a sign-in with status 200 counts as written',
  edits: [
    {
      file: 'src/api/dataverse.ts',
      find: `  if (answer.text.trim() !== '') answer.json();\n  else if (answer.status === 200) throw nonsense(answer.status);\n`,
      replace: '',
    },
  ],
  tests: ['test/sync/scripted-answers.test.ts'],
} satisfies Mutation;
