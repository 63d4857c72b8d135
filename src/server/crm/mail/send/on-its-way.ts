import { badRequest } from '../../../odata/bad-request.ts';
import type { Row, WriteSession } from '../../../odata/session.ts';
import { storedTime, type Stored } from '../../../odata/values.ts';
import { hashSubject } from '../correlation.ts';
import { status } from './send-email.ts';

/** How long a synchronising server may take to say what became of a mail; well above its own limits. */
const LEASE_MS = 30 * 60 * 1000;

/** What it writes where: from a status, to which others. */
const steps: ReadonlyMap<number, readonly number[]> = new Map([
  // It stays where it is, for later, when it could not even be brought to its mailbox.
  [status.pendingSend, [status.pendingSend, status.sending, status.sent, status.failed]],
  [status.sending, [status.pendingSend, status.sent, status.failed]],
  // It was given up, and now is known to have been sent.
  [status.failed, [status.sent]],
]);
const columns = new Set(['statecode', 'statuscode', 'deliveryattempts', 'delayedemailsendtime', 'actualend']);
const ofTheClaim = new Set(['messageid', 'subject']);
const ofTheServer = new Set(['modifiedon', 'modifiedby', 'alongside_senderror']);

/** On its way out by SendEmail, which checks who may send as whom; no other way leads there. */
export function refuseUnsent(values: ReadonlyMap<string, Stored>): void {
  const wanted = Number(values.get('statuscode'));
  if (wanted === status.pendingSend || wanted === status.sending)
    throw badRequest('An e-mail is sent with the action SendEmail, not by its status reason.', '0x80040203');
}

/**
 * A synchronising server (an application user, not acting for a person) takes a mail that is Pending Send out of here and sends
 * it through the sender's own mailbox: Pending Send -> Sending, with the Message-ID -> Sent, Failed, or Pending Send again, which it
 * may also stay until later.
 * @returns whether the write is such a step; everything else on a completed e-mail is refused by whoever asks
 */
export function isStepOnItsWay(session: WriteSession, before: Row, values: ReadonlyMap<string, Stored>): boolean {
  const [from, to] = [Number(before['statuscode']), Number(values.get('statuscode'))];
  if (session.caller.kind !== 'application' || Number(before['directioncode']) !== 1) return false;
  if (steps.get(from)?.includes(to) !== true) return false;
  const isClaim = to === status.sending;
  return [...values.keys()].every(
    (name) => columns.has(name) || ofTheServer.has(name) || (isClaim && ofTheClaim.has(name)),
  );
}

/** What follows from the step, and what the CRM itself keeps. */
export function completeStep(session: WriteSession, values: Map<string, Stored>): void {
  const now = session.now();
  const to = Number(values.get('statuscode'));
  const until = to === status.sending ? storedTime(new Date(now.getTime() + LEASE_MS)) : null;
  values.set('sendinguntil', until);
  const subject = values.get('subject');
  if (typeof subject === 'string') values.set('subjecthash', hashSubject(subject));
  if (to === status.failed) values.set('actualend', null);
  if (to !== status.sent) return;
  const moment = values.get('actualend') ?? storedTime(now);
  values.set('actualend', moment);
  values.set('senton', moment);
}
