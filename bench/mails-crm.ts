// The CRM of bench/mails.ts, with a database of its own: in its process, or in one beside it (`forkCrm`).
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { openDatabase, type Database } from '../src/server/db/open.ts';
import { createWorld, daemon, dana } from '../test/server/world.ts';
import { customer, customers } from './mail-data.ts';

export interface MailsCrm {
  readonly url: string;
  /** Of the daemon, which may act for others. */
  readonly token: string;
  /** Throws unless so many mails are the threads that they are. @returns seconds of processor time of its own process so far */
  check(mails: number): Promise<number>;
  close(): Promise<void>;
}

export async function openCrm(database: Database): Promise<MailsCrm> {
  const world = await createWorld(database, { limits: null, services: [daemon.objectId] });
  const crm = world.as(dana);
  for (let number = 0; number < customers; number += 1)
    await crm.create('contacts', { lastname: `Abercrombie ${number}`, emailaddress1: customer(number) });
  return {
    url: await world.app.listen({ port: 0, host: '127.0.0.1' }),
    token: await world.token(daemon),
    async check(mails) {
      await checkThreads(database, mails);
      return secondsOf(process.cpuUsage());
    },
    close: () => world.app.close(),
  };
}

export function secondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1_000_000;
}

async function checkThreads({ db }: Database, mails: number): Promise<void> {
  const { rows } = await sql<{ threads: number; parts: number }>`
    select count(distinct conversationtrackingid) as threads, count(correlatedactivityid) as parts from email`.execute(
    db,
  );
  const threads = Math.ceil(mails / 4);
  if (rows[0]?.threads !== threads || rows[0].parts !== mails - threads)
    throw new Error(`Not the threads they are: ${JSON.stringify(rows[0])}`);
}

type Said =
  { readonly url: string; readonly token: string } | { readonly seconds: number } | { readonly wrong: string };

/** The same in a process of its own. */
export async function forkCrm(file: string): Promise<MailsCrm> {
  const child = fork(fileURLToPath(import.meta.url), [file], { execArgv: ['--no-warnings'] });
  const said = () => new Promise<Said>((resolve) => child.once('message', (message) => resolve(message as Said)));
  const ready = await said();
  if (!('url' in ready)) throw new Error('The CRM did not say where it is.');
  return {
    ...ready,
    async check(mails) {
      const answer = said();
      child.send(mails);
      const found = await answer;
      if ('seconds' in found) return found.seconds;
      throw new Error('wrong' in found ? found.wrong : 'The CRM said something else.');
    },
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await ended;
    },
  };
}

async function answerParent(file: string): Promise<void> {
  const database = await openDatabase({ file });
  const crm = await openCrm(database);
  process.on('message', (mails) => {
    crm.check(mails as number).then(
      (seconds) => process.send?.({ seconds } satisfies Said),
      (error: unknown) => process.send?.({ wrong: String(error) } satisfies Said),
    );
  });
  process.once('disconnect', () => process.exit());
  process.send?.({ url: crm.url, token: crm.token } satisfies Said);
}

const file = process.argv[2];
if (process.send !== undefined && file !== undefined) await answerParent(file);
