import type { Mutation } from '../mutation.ts';

export default {
  breaks: 'after an outage nothing is carried out any more',
  edits: [
    {
      file: 'src/server/queue/breaker.ts',
      find: `    await options.release();\n    open = false;\n`,
      replace: `    await options.release();\n`,
    },
  ],
  tests: ['test/server/queue-worker.test.ts'],
} satisfies Mutation;
