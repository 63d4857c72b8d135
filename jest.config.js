// Tests run as native ES modules (node --experimental-vm-modules, see scripts/test.js), transpiled by SWC.
const base = {
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', tsx: true },
          transform: { react: { runtime: 'automatic' } },
        },
        module: { type: 'es6' },
      },
    ],
  },
  testEnvironment: 'node',
};

const project = (displayName, folders, more = {}) => ({
  ...base,
  displayName,
  testMatch: folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.{ts,tsx}`),
  ...more,
});

export default {
  randomize: true,
  // What hangs should fail; a machine that is busy should not.
  testTimeout: 30_000,
  projects: [
    project('unit', ['model', 'api', 'sync', 'host', 'identity', 'outlook', 'taskpane', 'manifest']),
    project('server', ['server'], {
      globalSetup: '<rootDir>/test/server/postgres.setup.js',
      globalTeardown: '<rootDir>/test/server/postgres.teardown.js',
    }),
    project('drills', ['drills']),
    project('simulate', ['simulate']),
    project('browser', ['browser']),
  ],
};
