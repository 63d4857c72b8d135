// npm run bench: builds when needed, then runs every file in bench/ that is a program. One JSON line per figure.
import './node-version.js';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
process.exit(run('scripts/build.js') || run('--no-warnings', 'bench/pane.ts'));
