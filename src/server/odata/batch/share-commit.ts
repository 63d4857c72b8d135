import { sql } from 'kysely';
import { keepStatement } from '../../db/kept-statement.ts';
import type { Place } from '../answer/ask.ts';
import type { ApiRequest } from '../message.ts';
import type { WriteSession } from '../session.ts';

/** Milliseconds of work that one commit covers, after the first few: nobody else is answered on SQLite until it is done. */
const longest = 40;
const fewest = 8;

/** Whether the request calls a message whose effects all lie in one transaction of its own (`Operation.sharesCommit`). */
export function mayShare(
  { session, operations }: Place,
  { method, path }: Pick<ApiRequest, 'method' | 'path'>,
): boolean {
  if (session.engine !== 'sqlite' || method !== 'POST') return false;
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('.')) + 1);
  return operations.some((operation) => operation.sharesCommit === true && operation.name === name);
}

/**
 * Answers requests one after the other in one transaction, each within a savepoint of its own: whichever fails is undone alone,
 * and what the others did is durable with one flush of the disk, before any of them is answered. Ends early when the time for
 * one commit is used up or `isEnd` says so. On SQLite alone: on PostgreSQL each would hold its locks for the others' time.
 * @returns the answers of as many as were worked on, in their order, at least one
 * @throws what keeps the transaction from being committed: then nothing of it was done
 */
export async function shareCommit<Answer>(
  place: Place,
  works: readonly ((place: Place) => Promise<Answer>)[],
  isEnd: (answer: Answer) => boolean,
): Promise<Answer[]> {
  return place.transaction(async (session) => {
    const answers: Answer[] = [];
    const began = performance.now();
    const lost: { error?: unknown } = {};
    const inside: Place = { ...place, session, transaction: (work) => apart(session, work, lost) };
    for (const work of works) {
      const answer = await work(inside);
      if ('error' in lost) throw lost.error;
      answers.push(answer);
      if (isEnd(answer) || (answers.length >= fewest && performance.now() - began > longest)) break;
    }
    return answers;
  });
}

const begin = keepStatement(() => sql`savepoint request`);
const keep = keepStatement(() => sql`release savepoint request`);
const undo = keepStatement(() => sql`rollback to savepoint request`);

/** @param lost is told the error that left nothing to go back to: a full disk makes SQLite undo the whole transaction */
async function apart<Result>(
  session: WriteSession,
  work: (session: WriteSession) => Promise<Result>,
  lost: { error?: unknown },
): Promise<Result> {
  const { queries, engine } = session;
  const committed: (() => void)[] = [];
  await begin.run(queries, engine);
  try {
    const result = await work({ ...session, onCommit: (then) => void committed.push(then) });
    await keep.run(queries, engine);
    for (const then of committed) session.onCommit(then);
    return result;
  } catch (error) {
    try {
      await undo.run(queries, engine);
      await keep.run(queries, engine);
    } catch {
      lost.error = error;
    }
    throw error;
  }
}
