import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sql } from 'kysely';
import { apply } from '../src/api/apply.ts';
import type { TrackChange } from '../src/model/change.ts';
import { openDatabase } from '../src/server/db/open.ts';
import { createMailReader } from '../src/server/mailbox/mime/mail-reader.ts';
import { createRandom } from '../test/fuzz/random.ts';
import { acceptedMail, openCrm } from './crm-in-process.ts';

/** What is true of a mail: one line of the truth file. */
interface Truth {
  readonly id: string;
  /** Its file; only the name counts. */
  readonly at: string;
  readonly thread: number | string;
  /** Id of the nearest ancestor that is among the mails; null for a thread's first. */
  readonly parent: string | null;
}

export interface Corpus {
  /** By file name. */
  readonly mails: ReadonlyMap<string, TrackChange>;
  readonly truth: readonly Truth[];
  /** Mails per second through the parser. */
  readonly readPerSecond: number;
}

/** One order of arrival. */
export interface Recall {
  /** Answers to a mail that is there, too. */
  readonly replies: number;
  /** In the thread of the mail they answer. */
  readonly found: number;
  /** Joined to that very mail. */
  readonly nearest: number;
  /** Mails in a thread with, or joined to, one of another thread. */
  readonly wrong: number;
  readonly threads: number;
  readonly perSecond: number;
}

/** @param truth JSON lines */
export async function readCorpus(directory: string, truth: string): Promise<Corpus> {
  const reader = createMailReader();
  const files = (await readdir(directory)).filter((name) => name.endsWith('.eml'));
  const began = performance.now();
  const mails = new Map<string, TrackChange>();
  for (const name of files)
    mails.set(name, await acceptedMail(await reader.read(await readFile(join(directory, name)))));
  const readPerSecond = (files.length * 1_000) / (performance.now() - began);
  await reader.close();
  const lines = (await readFile(truth, 'utf8')).split('\n').filter((line) => line !== '');
  return { mails, truth: lines.map((line) => JSON.parse(line) as Truth), readPerSecond };
}

/** Delivers all mails to a CRM that knows none, in an order that the seed draws, and compares its threads with the truth. */
export async function measureRecall({ mails, truth }: Corpus, seed: number): Promise<Recall> {
  const database = await openDatabase({ file: ':memory:' });
  const crm = await openCrm(database);
  try {
    const rows = new Map<string, string>();
    const order = shuffled([...mails], seed);
    const began = performance.now();
    for (const [file, change] of order) rows.set(file, (await apply(change, crm.services)).recordId ?? '');
    const perSecond = (order.length * 1_000) / (performance.now() - began);
    const { rows: joins } = await sql<Join>`
      select activityid as id, conversationtrackingid as thread, correlatedactivityid as parent from email`.execute(
      database.db,
    );
    const known = new Map(joins.map((join) => [join.id, join]));
    return { ...compare(truth, (file) => known.get(rows.get(basename(file)) ?? '')), perSecond };
  } finally {
    await crm.close();
    await database.close();
  }
}

interface Join {
  readonly id: string;
  readonly thread: string;
  readonly parent: string | null;
}

function compare(truth: readonly Truth[], rowOf: (file: string) => Join | undefined): Omit<Recall, 'perSecond'> {
  const byId = new Map(truth.map((mail) => [mail.id, rowOf(mail.at)]));
  const replies = truth.flatMap(({ at, parent }) => {
    const above = parent === null ? undefined : byId.get(parent);
    return above === undefined ? [] : [{ row: rowOf(at), above }];
  });
  const threadOf = new Map(truth.map(({ at, thread }) => [rowOf(at)?.id, thread]));
  const main = mainThreads(truth, rowOf);
  const isWrong = ({ at, thread }: Truth) => {
    const row = rowOf(at);
    const joined = row?.parent == null ? thread : threadOf.get(row.parent);
    return row === undefined || main.get(row.thread) !== thread || joined !== thread;
  };
  return {
    replies: replies.length,
    found: replies.filter(({ row, above }) => row?.thread === above.thread).length,
    nearest: replies.filter(({ row, above }) => row?.parent === above.id).length,
    wrong: truth.filter(isWrong).length,
    threads: main.size,
  };
}

/** Of each thread of the CRM, the true one that most of its mails belong to. */
function mainThreads(truth: readonly Truth[], rowOf: (file: string) => Join | undefined) {
  const counts = new Map<string, Map<Truth['thread'], number>>();
  for (const { at, thread } of truth) {
    const joined = rowOf(at)?.thread ?? '';
    const count = counts.get(joined) ?? new Map<Truth['thread'], number>();
    counts.set(joined, count.set(thread, (count.get(thread) ?? 0) + 1));
  }
  return new Map([...counts].map(([joined, count]) => [joined, [...count].sort((a, b) => b[1] - a[1])[0]?.[0]]));
}

/** By numbers drawn for each. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const random = createRandom(seed);
  const drawn = items.map((item) => ({ item, number: random.int(2 ** 30) }));
  return drawn.sort((one, other) => one.number - other.number).map(({ item }) => item);
}
