import { identifyMail } from '../../model/item-key.ts';
import type { NotTrackedWhy } from '../../model/tracking-why.ts';
import { isUnavailable } from '../db/errors.ts';
import { raiseAlert } from './alerts.ts';
import { LostClaim } from './claim.ts';
import { handOver, largestMail, readWanted, relinked, untracked, type Handed } from './hand-over.ts';
import { UnreadableMail } from './mime/reader-thread.ts';
import { countAttempts, failItem, mostAttempts, settleItems, takeBackAttempts, type OpenItem } from './settle-items.ts';
import { SourceError } from './source.ts';
import type { MailboxAtWork, Work, WorkServices } from './work-services.ts';

/**
 * Brings wanted mails into the ledger.
 *
 * Tries are written down before the mails are touched, so that a mail which ends the process is put aside after three. Those
 * that were never tried are counted with one commit and handed over in groups. What is left of such a group when the process
 * ends is suspected, all of it: from then on each of these goes alone, counted right before it is touched, and only the one at
 * fault is counted again.
 *
 * @throws {SourceError | LostClaim}
 */
export async function carryAll(services: WorkServices, at: MailboxAtWork, works: readonly Work[]): Promise<void> {
  await carry(
    services,
    at,
    works.filter(({ item }) => item.attempts === 0),
  );
  for (const work of works) {
    if (work.item.attempts === 0) continue;
    if (work.item.attempts >= mostAttempts) await fail(services, at, work.item, poison);
    else await carry(services, at, [work]);
  }
}

const poison = { code: 'poison', message: 'The server broke off each time it read this mail.' };
const unexpected = { code: 'unexpected', message: 'An unexpected error occurred with this mail. It was logged.' };

/** What became of one mail: to be handed over, not tracked after all, or broken. */
interface Outcome {
  readonly work: Work;
  readonly result: Handed | NotTrackedWhy | { readonly error: unknown };
}

/** Mails that are read while the next is fetched; a large one goes without company, for the sake of memory. */
const readAtOnce = 4;
const large = 8 * 1024 * 1024;
/** Mails, and bytes of them, that are handed over with one commit. */
const mostTogether = 32;
const mostBytes = 8 * 1024 * 1024;

async function carry(services: WorkServices, at: MailboxAtWork, works: readonly Work[]): Promise<void> {
  await countAttempts(
    services.store,
    at.claim,
    works.map(({ item }) => item),
  );
  const reading: Promise<Outcome>[] = [];
  let ready: Outcome[] = [];
  let bytes = 0;
  const take = async (left: number): Promise<void> => {
    while (reading.length > left) ready.push(...(await Promise.all(reading.splice(0, 1))));
  };
  const give = async (): Promise<void> => {
    const outcomes = ready;
    ready = [];
    bytes = 0;
    await settle(services, at, outcomes);
  };
  for (const [index, work] of works.entries()) {
    const fetched = await fetchMail(at, work);
    if (fetched instanceof SourceError) {
      await take(0);
      await give();
      const untouched = works.slice(index).map(({ item }) => item);
      await takeBackAttempts(services.store, at.claim, untouched);
      throw fetched;
    }
    const size = fetched instanceof Uint8Array ? fetched.byteLength : 0;
    if (size > large) await take(0);
    bytes += size;
    reading.push(outcomeOf(services, at, work, fetched));
    await take(size > large ? 0 : readAtOnce - 1);
    if (ready.length >= mostTogether || bytes > mostBytes) await give();
  }
  await take(0);
  await give();
}

/** What of it is needed; a SourceError is the mailbox's, every other failure the mail's. */
async function fetchMail(at: MailboxAtWork, { facts, decision }: Work): Promise<Fetched> {
  if (decision.kind !== 'track') return null;
  try {
    return await at.source.mime(facts.id, largestMail);
  } catch (error) {
    if (error instanceof SourceError && error.code !== 'too-large') return error;
    return { error };
  }
}

type Fetched = Uint8Array | null | SourceError | { readonly error: unknown };

/** Never rejects. */
async function outcomeOf(
  services: WorkServices,
  at: MailboxAtWork,
  work: Work,
  fetched: Exclude<Fetched, SourceError>,
): Promise<Outcome> {
  if (fetched !== null && 'error' in fetched) return { work, result: fetched };
  try {
    return { work, result: await resultOf(services, at, work, fetched) };
  } catch (error) {
    return { work, result: { error } };
  }
}

async function resultOf(
  services: WorkServices,
  mailbox: MailboxAtWork,
  { item, facts, decision }: Work,
  bytes: Uint8Array | null,
): Promise<Handed | NotTrackedWhy> {
  const at = { ...mailbox, item, facts };
  const identity = () => identifyMail(services.tenantId, facts, services.digest);
  switch (decision.kind) {
    case 'track':
      return bytes === null ? { code: 'gone' } : readWanted(services, at, bytes, decision);
    case 'relink':
      return relinked(services, at, await identity(), decision);
    case 'untrack':
      return untracked(services, at, await identity(), decision);
    case 'ask':
    case 'leave':
    case 'there':
    case 'nothing':
      throw new Error(`Nothing is handed over of what is to be decided as ${decision.kind}.`);
  }
}

/** Writes down what became of mails that were read. */
async function settle(services: WorkServices, at: MailboxAtWork, outcomes: readonly Outcome[]): Promise<void> {
  const handed: { work: Work; result: Handed }[] = [];
  for (const { work, result } of outcomes) {
    if ('error' in result) await failTried(services, at, work, result.error);
    else if ('change' in result) handed.push({ work, result });
    else await settleItems(services.store, at.claim, [{ seq: work.item.seq, state: 'not-tracked', why: result }]);
  }
  await giveTogether(services, at, handed);
}

/** A group that the ledger does not take is given to it mail by mail: one that breaks something breaks it alone. */
async function giveTogether(
  services: WorkServices,
  at: MailboxAtWork,
  handed: readonly { readonly work: Work; readonly result: Handed }[],
): Promise<void> {
  try {
    await handOver(
      services,
      at.claim,
      handed.map(({ result }) => result),
    );
  } catch (error) {
    if (error instanceof LostClaim || isUnavailable(error)) throw error;
    const [first] = handed;
    if (first === undefined) throw error;
    if (handed.length === 1) await failTried(services, at, first.work, error);
    else for (const one of handed) await giveTogether(services, at, [one]);
  }
}

async function failTried(services: WorkServices, at: MailboxAtWork, { item }: Work, error: unknown): Promise<void> {
  if (error instanceof LostClaim || isUnavailable(error)) throw error;
  const isKnown = error instanceof UnreadableMail || error instanceof SourceError;
  if (!isKnown) services.report(error);
  const reason = isKnown ? { code: error.code, message: error.message } : unexpected;
  await fail(services, at, { ...item, attempts: item.attempts + 1 }, reason);
}

async function fail(
  { store }: WorkServices,
  { claim }: MailboxAtWork,
  item: OpenItem,
  reason: { readonly code: string; readonly message: string },
): Promise<void> {
  const isParked = await failItem(store, item, reason);
  if (!isParked) return;
  await raiseAlert(store, { scope: 'item', mailboxId: claim.id, itemSeq: item.seq }, 'error', reason);
}
