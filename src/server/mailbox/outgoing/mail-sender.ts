import type { Dataverse } from '../../../api/dataverse.ts';
import { CrmError, mayPassByItself } from '../../../model/errors.ts';
import type { MailSource, PreparedMail, SourceError } from '../source.ts';
import { messageIdOf } from './compose.ts';
import { hasReasons, listPending, status, updateUnlessMoved, type Sender } from './crm-mail.ts';
import { concernsMailbox, endOf, valuesOf, type End, type Told } from './ends.ts';
import { judgeInterrupted } from './judge.ts';
import type { OutgoingMail } from './outgoing-mail.ts';
import { readOutgoing, type ReadOutgoing } from './read-outgoing.ts';
import { findSender, type OutgoingMailbox } from './senders.ts';
import { settle, type Claim } from './settle.ts';
import { writeOut, type Done, type NotSent, type WrittenOut } from './write-out.ts';

export interface MailSenderOptions {
  /** With the application user's own rights: what a colleague wrote as the mailbox's owner need not be the owner's row. */
  readonly crm: Dataverse;
  /** Milliseconds. */
  readonly now: () => number;
  readonly report: (error: unknown) => void;
  /** Bytes of all attachments of a mail together, where its mailbox has no way for large mails; 25 MiB unless told. */
  readonly mostBytes?: number;
}

export interface SendRun {
  readonly mailbox: OutgoingMailbox;
  readonly source: MailSource;
  /** Rejects when another process may work on this mailbox by now; asked before a mail is claimed and before it leaves. */
  readonly check: () => Promise<void>;
}

export interface SendReport {
  readonly sent: number;
  /** Failed for good, and those that wait for another try: for the mailbox's alerts. They name no subject. */
  readonly problems: readonly SendProblem[];
  /** Why the rest of this mailbox's mail was not tried: the mailbox's own state, not any mail's. */
  readonly stopped: SourceError | null;
}

export interface SendProblem {
  readonly mailId: string;
  readonly level: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
}

export interface MailSender {
  /**
   * Sends what is due of one mailbox, one mail after the other. Rejects with CrmError when the CRM does not answer, and with
   * what `check` rejects with; nothing is lost then, and nothing sent twice.
   */
  sendPending(run: SendRun): Promise<SendReport>;
}

/** Between claim and hand-over; a process that slept longer lets the mail go again. */
const handOverWithin = 2 * 60_000;
const mostBytesUsually = 25 * 2 ** 20;

/**
 * E-mails that are Pending Send in the CRM leave through their sender's own mailbox, and never twice:
 * 1. A mail is read and written out first, a large one into its mailbox; what cannot become a mail fails here, with a reason.
 * 2. It is claimed: Sending, with its Message-ID, over the very version that was read. One of all who try has an answer.
 *    Whoever hears no answer does not send.
 * 3. It is handed over.
 * 4. What became of it is written: Sent; Pending Send again for later, where it certainly did not leave; Failed. While the CRM
 *    does not take that, it is kept here and written first next time.
 * A process that dies between 2 and 4, and a mailbox that gives no answer, leave a mail that is Sending: `judge` looks for it in
 * Sent Items, and where it is not, it fails after a while and is never sent again by itself.
 */
export function createMailSender(options: MailSenderOptions): MailSender {
  const unwritten = new Map<string, { claim: Claim; end: Told }>();
  const services: Services = {
    ...options,
    mostBytes: options.mostBytes ?? mostBytesUsually,
    unwritten,
    reasons: once(() => hasReasons(options.crm)),
  };
  return {
    async sendPending(run) {
      const sender = await findSender(options.crm, run.mailbox);
      if (sender === null) return { sent: 0, problems: [], stopped: null };
      for (const { claim, end } of [...unwritten.values()]) await write(services, claim, end);
      const judged = await judge(services, run, sender);
      return sendAll(services, run, sender, judged);
    },
  };
}

interface Services extends MailSenderOptions {
  readonly mostBytes: number;
  readonly unwritten: Map<string, { claim: Claim; end: Told }>;
  readonly reasons: () => Promise<boolean>;
}

type Tally = { sent: number; problems: SendProblem[] };

async function judge({ crm, now, reasons }: Services, { source }: SendRun, sender: Sender): Promise<Tally> {
  const tally: Tally = { sent: 0, problems: [] };
  for (const { id, end } of await judgeInterrupted({ crm, source, now, reasons: await reasons() }, sender))
    count(tally, id, end);
  return tally;
}

async function sendAll(services: Services, run: SendRun, sender: Sender, tally: Tally): Promise<SendReport> {
  for (const id of await listPending(services.crm, sender, new Date(services.now()))) {
    const done = await sendOne(services, run, id);
    if (done === null) continue;
    count(tally, id, done.end);
    if (concernsMailbox(done.error)) return { ...tally, stopped: done.error };
  }
  return { ...tally, stopped: null };
}

function count(tally: Tally, mailId: string, end: End): void {
  switch (end.kind) {
    case 'sent':
      tally.sent += 1;
      break;
    case 'failed':
      tally.problems.push({ mailId, level: 'error', code: end.code, message: end.reason });
      break;
    case 'put-off':
      tally.problems.push({ mailId, level: 'warning', code: 'put-off', message: end.reason });
      break;
    case 'unknown':
      tally.problems.push({ mailId, level: 'warning', code: 'outcome-unknown', message: end.reason });
  }
}

/** @returns nothing when somebody else has the mail, or had */
async function sendOne(services: Services, run: SendRun, id: string): Promise<Done | null> {
  const prepared = await prepare(services, run, id);
  if (prepared === null || 'end' in prepared) return prepared;
  return handOver(services, run, prepared);
}

interface Claimed {
  readonly claim: Claim;
  readonly letter: PreparedMail;
}

/** Reads, writes out and claims. */
async function prepare(services: Services, run: SendRun, id: string): Promise<Claimed | Done | null> {
  const { crm, now, mostBytes } = services;
  try {
    const read = await readOutgoing(crm, id, { mostBytes, large: run.source.large });
    if (read === null) return null;
    const ready = await writeOut(run.source, read, now);
    if ('end' in ready) {
      await run.check();
      return await giveUp(services, id, read, ready);
    }
    return await claimWritten(services, run, read, ready);
  } catch (error) {
    // Only this mail, for instance because its attachments may not be read: the others go.
    if (!(error instanceof CrmError) || mayPassByItself(error.code) || error.code === 'unauthorized') throw error;
    services.report(error);
    return { end: { kind: 'put-off', at: now(), reason: error.message } };
  }
}

/** Whoever hears no answer to a claim does not send. */
async function claimWritten(
  services: Services,
  { check }: SendRun,
  read: ReadOutgoing,
  { mail, letter }: WrittenOut,
): Promise<Claimed | null> {
  let claim: Claim | null = null;
  try {
    await check();
    claim = await claimMail(services, read, mail);
  } finally {
    if (claim === null) await letter.discard();
  }
  return claim === null ? null : { claim, letter };
}

async function giveUp(
  services: Services,
  id: string,
  { etag, attempts }: ReadOutgoing,
  { end, error }: NotSent,
): Promise<Done | null> {
  const counted = end.kind === 'put-off' ? { deliveryattempts: attempts + 1 } : {};
  const values = { ...valuesOf(end, await services.reasons()), ...counted };
  return (await updateUnlessMoved(services.crm, id, values, etag)) ? { end, error } : null;
}

async function claimMail({ crm, now }: Services, read: ReadOutgoing, mail: OutgoingMail): Promise<Claim | null> {
  const claim = { id: mail.id, messageId: messageIdOf(mail), attempt: read.attempts + 1, at: now() };
  const values = {
    statecode: 1,
    statuscode: status.sending,
    messageid: claim.messageId,
    deliveryattempts: claim.attempt,
    ...(mail.subject === read.storedSubject ? {} : { subject: mail.subject }),
  };
  return (await updateUnlessMoved(crm, mail.id, values, read.etag)) ? claim : null;
}

async function handOver(services: Services, { check }: SendRun, { claim, letter }: Claimed): Promise<Done> {
  const { now } = services;
  const release = async () => {
    await letter.discard();
    await write(services, claim, { kind: 'put-off', at: now(), reason: 'The server was interrupted.' });
  };
  try {
    await check();
  } catch (error) {
    await release();
    throw error;
  }
  if (now() - claim.at > handOverWithin) {
    await release();
    return { end: { kind: 'put-off', at: now(), reason: 'The server was interrupted.' } };
  }
  const { end, error } = await letter.send().then(
    (): Done => ({ end: { kind: 'sent', at: now() } }),
    (error: unknown): Done => ({ end: endOf(error, claim.attempt, now()), error }),
  );
  if (end.kind === 'put-off' || end.kind === 'failed') await letter.discard();
  if (end.kind !== 'unknown') await write(services, claim, end);
  return { end, error };
}

/** Kept until the CRM has taken it, which it may not do now. */
async function write({ crm, now, reasons, unwritten }: Services, claim: Claim, end: Told): Promise<void> {
  unwritten.set(claim.id, { claim, end });
  try {
    await settle(crm, claim, end, await reasons(), now());
    unwritten.delete(claim.id);
  } catch (error) {
    // What the CRM will never take is not told again; the mail is judged like any that was interrupted.
    if (error instanceof CrmError && !mayPassByItself(error.code) && error.code !== 'unauthorized')
      unwritten.delete(claim.id);
    throw error;
  }
}

/** Asked until there was an answer, then no more. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () =>
    (asked ??= ask().catch((error: unknown) => {
      asked = undefined;
      throw error;
    }));
}
