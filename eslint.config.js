// Style belongs to prettier; this file holds what a formatter cannot see: the types' promises and the walls of the house.
// Each wall's message says where the thing belongs. The table behind it is in ARCHITECTURE.md.
import js from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const rooms = ['model', 'api', 'sync', 'identity', 'outlook', 'taskpane', 'commands', 'admin', 'host', 'server'];

/** room -> the rooms it may import, and what to do instead of importing another. */
const mayImport = {
  model: [[], 'model is words and pure rules: pass what you need as an argument.'],
  api: [
    ['model'],
    'api speaks to the CRM and the queue with the fetch it is given: a rule belongs in model, a program above.',
  ],
  sync: [['model', 'api'], 'sync carries Changes: it knows neither Office nor React; hand it plain data.'],
  identity: [['model'], 'identity hands out tokens behind TokenSource and knows nothing else of us.'],
  outlook: [
    ['model', 'identity'],
    'outlook turns Office.js into plain data: callers above combine it with api and sync.',
  ],
  taskpane: [
    ['model', 'api', 'identity', 'sync', 'outlook'],
    'The pane is a program: move what two programs share down to sync, api or model.',
  ],
  commands: [
    ['model', 'api', 'identity', 'sync', 'outlook'],
    'A ribbon command is a program: move what it shares with the pane down to sync, api or model.',
  ],
  admin: [['model', 'api', 'identity'], 'The admin page asks the server; it has no Outlook and no outbox.'],
  host: [
    ['model'],
    'The local Outlook knows no product code but the words in model; the pane reaches it through office.js only.',
  ],
  server: [['model', 'api'], 'The server shares model and api with the browser and nothing else.'],
};

const walls = rooms.map((room) => ({
  target: `./src/${room}`,
  from: './src',
  except: [room, ...mayImport[room][0]].map((name) => `./${name}`),
  message: mayImport[room][1],
}));

/** server floors: main -> app -> { admin, mailbox, odata, crm, queue } -> http -> db; local -> app. */
const serverWalls = [
  ['db', ['db'], 'db is the ground floor of the server.'],
  ['http', ['http', 'db'], 'http knows no feature: a feature registers its own routes.'],
  ['odata', ['odata', 'http', 'db'], 'odata is the dialect; what a CRM does with a mail belongs in crm.'],
  ['crm', ['crm', 'odata', 'http', 'db'], 'crm builds on odata; the ledger reaches the CRM through api/apply only.'],
  [
    'queue',
    ['queue', 'http', 'db'],
    'The ledger reaches the CRM through api/apply only: it must work the same against a real organisation.',
  ],
  [
    'mailbox',
    ['mailbox', 'queue', 'http', 'db'],
    'The daemon writes into the ledger and asks the CRM over the Web API only: it must work the same against a real organisation.',
  ],
].map(([room, except, message]) => ({
  target: `./src/server/${room}`,
  from: './src/server',
  except: except.map((name) => `./${name}`),
  message,
}));

const noClock = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Time is an argument in model.',
  },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time is an argument in model.' },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'Randomness is an argument in model.',
  },
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.data/', '.cache/', 'coverage/', 'test-results/'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.web.json', './tsconfig.server.json', './tsconfig.test.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { 'import-x': importX, 'react-hooks': reactHooks },
    settings: {
      'import-x/resolver-next': [
        createTypeScriptImportResolver({
          project: ['tsconfig.web.json', 'tsconfig.server.json', 'tsconfig.test.json'],
        }),
      ],
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/require-await': 'off',
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones: [...walls, ...serverWalls] }],
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['src/{model,api,sync,identity,taskpane,commands,admin,host}/**/*.{ts,tsx}'],
    rules: {
      'no-restricted-globals': ['error', { name: 'Office', message: 'Only src/outlook says Office.' }],
      'no-restricted-imports': ['error', { patterns: [{ group: ['node:*'], message: 'Browser code has no node:*.' }] }],
    },
  },
  { files: ['src/model/**/*.ts'], rules: { 'no-restricted-syntax': ['error', ...noClock] } },
  {
    files: ['src/api/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'fetch', message: 'api uses the fetch it is given.' },
        { name: 'Office', message: 'Only src/outlook says Office.' },
        {
          name: 'setInterval',
          message: 'Retry timers belong to the owner of the durable record (sync/drain, queue/worker).',
        },
      ],
    },
  },
  { files: ['test/**/*.{ts,tsx}'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  {
    files: ['**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        fetch: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
      },
    },
  },
);
