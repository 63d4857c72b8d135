// npm start: everything on this machine. Builds when needed, then goes on in src/server/local/start.ts, in this process.
import './node-version.js';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const usage =
  'Usage: npm start [-- --mail PATH]   (or MAIL=PATH npm start; PORT, HOST_PORT, DATA_DIR, DATABASE_URL and CUSTOM_TABLES are read too)';

class Refusal extends Error {}

const readArguments = () => {
  try {
    return parseArgs({ options: { mail: { type: 'string' }, https: { type: 'boolean' }, help: { type: 'boolean' } } })
      .values;
  } catch (error) {
    throw new Refusal(`${error.message}\n${usage}`, { cause: error });
  }
};

const portOf = (name, otherwise) => {
  const text = process.env[name] || String(otherwise);
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535)
    throw new Refusal(`${name} is a number from 1 to 65535, not "${text}".`);
  return port;
};

const readOptions = () => {
  const given = readArguments();
  if (given.help) throw new Refusal(usage);
  if (given.https)
    throw new Refusal('--https is not there yet: the local stack speaks plain http on this machine only.');
  const port = portOf('PORT', 3000);
  const hostPort = portOf('HOST_PORT', 3001);
  if (port === hostPort)
    throw new Refusal(`PORT and HOST_PORT are both ${port}: the add-in and the local Outlook need one each.`);
  return {
    port,
    hostPort,
    dataDir: process.env.DATA_DIR || join(root, '.data'),
    databaseUrl: process.env.DATABASE_URL || undefined,
    customTables: process.env.CUSTOM_TABLES || undefined,
    mail: given.mail ?? (process.env.MAIL || undefined),
    log: (sentence) => console.log(sentence),
  };
};

/**
 * The first signal stops cleanly, the second one at once. Windows sends Ctrl-C as SIGINT and the closing of its console
 * window as SIGHUP.
 */
const stopOnSignal = () => {
  let stopping = false;
  const steps = [];
  const stop = async (signal) => {
    if (stopping) process.exit(130);
    stopping = true;
    console.log(`\nStopping (${signal}). Press Ctrl-C again to insist.`);
    for (const step of steps.reverse()) await step();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () =>
      stop(signal).catch((error) => {
        console.error(error);
        process.exit(1);
      }),
    );
  }
  return { before: (step) => steps.push(step), isStopping: () => stopping };
};

const main = async (signals) => {
  const options = readOptions();
  process.env.NODE_COMPILE_CACHE ??= join(root, '.cache');
  enableCompileCache(process.env.NODE_COMPILE_CACHE);
  const { build } = await import('./build.js');
  await build({ children: (child) => signals.before(() => child.kill()) });
  if (signals.isStopping()) return;
  const { startLocal } = await import('../src/server/local/start.ts');
  const local = await startLocal(options);
  signals.before(local.stop);
  console.log(`\n  Local Outlook       ${local.hostUrl}    <- open this in a browser`);
  console.log(`  Add-in and CRM      ${local.addinUrl}\n\nCtrl-C stops everything.`);
};

/** Errors whose message was written for the person at the keyboard. Anything else is a fault of ours and keeps its stack. */
const sentences = new Set(['Refusal', 'BuildFailed', 'NotMail', 'MailboxUnusable', 'PortTaken', 'DatabaseError']);

const signals = stopOnSignal();
main(signals).catch((error) => {
  // Stopped in the middle of the build: the builder's complaint is no news.
  if (signals.isStopping()) return;
  console.error(sentences.has(error?.constructor?.name) ? error.message : error);
  process.exit(1);
});
