// npm run pictures: builds when needed, then draws every state of the pane into docs/pictures (only overview.png is committed).
import './node-version.js';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
process.exit(run('scripts/build.js') || run('--no-warnings', 'test/browser/pictures.ts', 'docs/pictures'));
