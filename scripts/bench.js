// npm run bench: the programs in bench/, or those named after `--`: `npm run bench -- crm`. One JSON line per figure.
import './node-version.js';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
const programs = {
  pane: () => run('scripts/build.js') || run('--no-warnings', 'bench/pane.ts'),
  crm: () => run('--no-warnings', 'bench/crm.ts'),
  ledger: () => run('--no-warnings', 'bench/ledger.ts'),
  track: () => run('--no-warnings', 'bench/track.ts'),
  mails: () => run('--no-warnings', 'bench/mails.ts'),
  mailboxes: () => run('--no-warnings', 'bench/mailboxes.ts'),
  'mailbox-week': () => run('--no-warnings', '--expose-gc', 'bench/mailbox-week.ts'),
  'source-week': () => run('--no-warnings', '--expose-gc', 'bench/source-week.ts'),
  'mailbox-flood': () => run('--no-warnings', 'bench/mailbox-flood.ts'),
  attachments: () => run('--no-warnings', 'bench/attachments.ts'),
  'large-mail': () => run('--no-warnings', 'bench/large-mail.ts'),
  outbox: () => run('scripts/build.js') || run('--no-warnings', 'bench/outbox.ts'),
};
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(programs, name));
if (unknown !== undefined) {
  console.error(`There is no bench "${unknown}"; there are ${Object.keys(programs).join(' and ')}.`);
  process.exit(1);
}
const failed = Object.entries(programs).filter(
  ([name, measure]) => (wanted.length === 0 || wanted.includes(name)) && measure() !== 0,
);
process.exit(failed.length);
