import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'a Change is answered before it is on the disk',
  edits: [
    {
      file: 'src/server/queue/group-commit.ts',
      find: `      await run(group.map(({ step }) => step));\n      for (const { resolve } of group) resolve();`,
      replace: `      for (const { resolve } of group) resolve();\n      await run(group.map(({ step }) => step));`,
    },
  ],
  tests: ['test/server/queue-group-commit.test.ts'],
} satisfies Mutation;
