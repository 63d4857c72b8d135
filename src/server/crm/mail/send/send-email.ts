import { domainToASCII } from 'node:url';
import { sql } from 'kysely';
import { withToken } from '../../../../model/subject-token.ts';
import { HttpError } from '../../../http/errors.ts';
import { badRequest } from '../../../odata/bad-request.ts';
import { tableOf } from '../../../odata/metadata.ts';
import type { Operation } from '../../../odata/operations.ts';
import type { WriteSession } from '../../../odata/session.ts';
import { storedTime, type Stored } from '../../../odata/values.ts';
import { requireRow, updateRow } from '../../../odata/write/write.ts';
import { readParameters } from '../../parameters.ts';
import { hashSubject } from '../correlation.ts';
import { masks } from '../parties.ts';
import { readyParties, type Party } from './draft.ts';

/** Status reasons of an e-mail on its way out. */
export const status = { draft: 1, sent: 3, pendingSend: 6, sending: 7, failed: 8 } as const;

/**
 * `POST emails(..)/Microsoft.Dynamics.CRM.SendEmail { IssueSend, TrackingToken }` -> `{ Subject }`.
 * IssueSend true: the draft (or one that failed) becomes Pending Send, with the Message-ID it will have, and `outbox` carries
 * it on once that is committed (outbox.ts says how a mail is never sent twice). IssueSend false: it was sent by other means
 * and is only marked as sent. A token is put at the end of the subject.
 */
export function createSendEmail(outbox: { poke(): void }): Operation {
  return {
    name: 'SendEmail',
    kind: 'action',
    boundTo: 'email',
    async run(call) {
      const read = readParameters('SendEmail', call.parameters, ['IssueSend', 'TrackingToken']);
      const [issue, token] = [read.boolean('IssueSend'), read.optionalText('TrackingToken') ?? ''];
      if (token.length > 50) throw badRequest('The parameter TrackingToken has at most 50 characters.', '0x80048d19');
      const Subject = await call.transaction(async (session) => {
        const subject = await startSending(session, call.id, { issue, token });
        if (issue) session.onCommit(() => outbox.poke());
        return subject;
      });
      const context = `${call.session.root}$metadata#Microsoft.Dynamics.CRM.SendEmailResponse`;
      return { status: 200, headers: {}, body: { '@odata.context': context, Subject } };
    },
  };
}

/** Makes a stored draft ready to go. @returns its subject */
export async function startSending(
  session: WriteSession,
  id: string,
  { issue, token }: { issue: boolean; token: string },
): Promise<string> {
  const table = tableOf(session.model, 'email');
  const draft = await requireRow(session, table, id);
  if (draft['statecode'] !== 0)
    throw badRequest('Only an e-mail that is a draft, or that failed, can be sent.', '0x80040203');
  if (draft['directioncode'] !== 1) throw badRequest('An incoming e-mail cannot be sent.', '0x80040203');
  const parties = await readyParties(session, id);
  const sender = await demandSender(session, parties);
  const subject = withToken(typeof draft['subject'] === 'string' ? draft['subject'] : '', token);
  const known = draft['messageid'];
  const values = new Map<string, Stored>([
    ['subject', subject],
    ['subjecthash', hashSubject(subject)],
    ['messageid', typeof known === 'string' && known !== '' ? known : messageIdFor(id, sender)],
    ['sender', sender.address.slice(0, 250)],
    ['torecipients', lineOf(parties)],
    ['statecode', 1],
    ['statuscode', issue ? status.pendingSend : status.sent],
    ['deliveryattempts', 0],
    ['postponeemailprocessinguntil', null],
    ['alongside_senderror', null],
  ]);
  if (token !== '') values.set('trackingtoken', token);
  if (!issue) values.set('senton', storedTime(session.now()));
  await updateRow(session, table, draft, values);
  return subject;
}

/** Mail is sent as oneself, as a queue, or as a colleague who allows it (usersettings.issendasallowed). */
async function demandSender(session: WriteSession, parties: readonly Party[]): Promise<Party> {
  const sender = parties.find(({ mask }) => mask === masks.from);
  if (sender?.table !== 'systemuser' && sender?.table !== 'queue')
    throw badRequest('The sender of an e-mail must be a user or a queue.', '0x80040203');
  if (sender.table === 'queue' || sender.id === session.caller.userId) return sender;
  const { rows } =
    await sql`select 1 from usersettings where systemuserid = ${sender.id} and issendasallowed = 1`.execute(
      session.queries,
    );
  if (rows.length > 0) return sender;
  throw new HttpError(
    403,
    `Principal user (Id=${session.caller.userId}) may not send e-mail as ${sender.address}.`,
    '0x80040220',
  );
}

/** The same at every try and by whatever way it leaves, so that who has got it once recognises a second copy. */
function messageIdFor(id: string, { address }: Party): string {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  return `<${id}@${(domainToASCII(domain) || domain).slice(0, 255)}>`;
}

function lineOf(parties: readonly Party[]): string {
  const to = parties.filter(({ mask }) => mask === masks.to).map(({ address }) => `${address};`);
  return to.reduce((line, address) => (line.length + address.length > 500 ? line : line + address), '');
}
