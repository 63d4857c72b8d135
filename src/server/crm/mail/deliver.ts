import { sql } from 'kysely';
import { HttpError } from '../../http/errors.ts';
import { tableOf } from '../../odata/metadata.ts';
import type { Call, Operation } from '../../odata/operations.ts';
import { readPage } from '../../odata/read/read.ts';
import type { Row, Session } from '../../odata/session.ts';
import { readParameters } from '../parameters.ts';
import { acceptance, judge, type Acceptance, type Acceptor } from './accept.ts';
import { enterQueues } from './accepting-queues.ts';
import { readMailParameters } from './mail-parameters.ts';
import { promote } from './promote.ts';
import { readMailSettings } from './settings.ts';

/**
 * Tracks a mail: one e-mail per Message-ID and direction, however often and from however many mailboxes it is asked for.
 * Who comes second gets the first one's row. The id in the address is the new row's, all zeros let the server choose.
 * Another mail under the same Message-ID (other sender, subject or day) is refused with 409 0x80040333; it is to be
 * promoted under an id of its own. So is a mail under the id of an e-mail that was deleted, with 410 0x80040217: a request that
 * comes late does not bring back what was removed meanwhile. Traces are kept for as long as changes can be asked for.
 */
export const deliverPromoteEmail: Operation = {
  name: 'DeliverPromoteEmail',
  kind: 'action',
  boundTo: 'email',
  sharesCommit: true,
  async run(call) {
    const mail = readMailParameters('DeliverPromoteEmail', call);
    const { id } = await call.transaction((session) => promote(session, mail, call.id));
    return { status: 200, headers: {}, body: await readEmail(call, id) };
  },
};

/**
 * What a synchronising server calls for a mail that it found in a mailbox: `POST emails/Microsoft.Dynamics.CRM.DeliverIncomingEmail`.
 * As DeliverPromoteEmail; with ValidateBeforeCreate, mail that nobody of the organisation accepts is refused with 400 0x80040b05
 * (`NoRecipientMatch`), by the same rule as CheckIncomingEmail.
 */
export const deliverIncomingEmail: Operation = {
  name: 'DeliverIncomingEmail',
  kind: 'action',
  boundTo: 'email',
  onSet: true,
  sharesCommit: true,
  async run(call) {
    const mail = readMailParameters('DeliverIncomingEmail', call);
    const given = new Map([...call.parameters].filter(([name]) => name === 'ValidateBeforeCreate'));
    const validate = readParameters('DeliverIncomingEmail', given, ['ValidateBeforeCreate']).optionalBoolean(
      'ValidateBeforeCreate',
    );
    const id = await call.transaction(async (session) => {
      // Judged although it may be there: then it is the queues that came later which are of interest.
      const verdict = await judge(session, mail);
      if (
        validate === true &&
        verdict.reason !== 'accepted' &&
        (await acceptance(session, mail)).reason !== 'already-there'
      )
        throw new HttpError(400, `Nobody in the organization accepts this e-mail (${verdict.reason}).`, '0x80040b05');
      const accepted = verdict.reason === 'accepted' ? verdict : undefined;
      const { id, isNew } = await promote(session, mail, '', accepted?.by);
      const { accepting, alreadyTracked } = (await readMailSettings(session)).queueItems;
      if (accepting && (isNew || alreadyTracked)) await enterQueues(session, id, mail, accepted?.queues ?? []);
      return id;
    });
    return { status: 200, headers: {}, body: await readEmail(call, id) };
  },
};

/** What tells a client which row it is, and what it is about: enough for one that prefers `alongside.row-id`. */
const telling: ReadonlySet<string> = new Set([
  'activityid',
  'messageid',
  'createdon',
  'regardingobjectid',
  'statecode',
  'statuscode',
]);

/** The row without its body, which the caller has just sent; of one that a colleague keeps to themselves, only its id. */
async function readEmail({ session, prefer }: Pick<Call, 'session' | 'prefer'>, id: string): Promise<Row> {
  const table = tableOf(session.model, 'email');
  const columns = [...table.columns.values()].filter(({ kind }) => kind !== 'memo').map(({ name }) => name);
  if (prefer.rowId) prefer.applied.push('alongside.row-id');
  const page = await readPage({
    session,
    table,
    query: {
      select: prefer.rowId ? columns.filter((name) => telling.has(name)) : columns,
      filter: undefined,
      order: [],
      top: undefined,
      expand: [],
      count: false,
    },
    parameters: new Map(),
    annotations: () => true,
    among: ({ alias }) => sql<boolean>`${sql.ref(`${alias}.activityid`)} = ${id}`,
    pageSize: 1,
  });
  return { '@odata.context': `${session.root}$metadata#emails/$entity`, ...(page.rows[0] ?? { activityid: id }) };
}

/** Whether somebody still has to promote the mail. Reason 1: it is there already. */
export const checkPromoteEmail: Operation = {
  name: 'CheckPromoteEmail',
  kind: 'function',
  async run({ parameters, session }: Call) {
    const read = readParameters('CheckPromoteEmail', parameters, ['MessageId', 'Subject', 'DirectionCode']);
    const messageId = read.text('MessageId');
    read.optionalText('Subject');
    // Some clients send a yes/no where the documents say a number.
    const direction = parameters.get('DirectionCode');
    const code = typeof direction === 'boolean' ? Number(direction) : read.optionalInteger('DirectionCode');
    session.access.demand(session.caller, 'read', tableOf(session.model, 'email'));
    const ofDirection = code === undefined ? sql`` : sql` and directioncode = ${Number(code === 1)}`;
    const { rows } = await sql`select 1 from email where messageid = ${messageId}${ofDirection}`.execute(
      session.queries,
    );
    return answer(session, 'CheckPromoteEmailResponse', {
      ShouldPromote: rows.length === 0,
      ReasonCode: rows.length === 0 ? 0 : 1,
    });
  },
};

const reasons: readonly Acceptance['reason'][] = [
  'accepted',
  'already-there',
  'no-recipient-match',
  'no-correlation-match',
];

/**
 * Whether a synchronising server should deliver a mail. Reasons: 0 yes, 1 it is there already, 2 no recipient is one of ours, 3
 * nobody wants it. A server, and only that, is also told in an annotation of our own whose filter took it, what that matched, and
 * who was asked: people's filters, and the mails of others, are nobody else's affair.
 */
export const checkIncomingEmail: Operation = {
  name: 'CheckIncomingEmail',
  kind: 'function',
  async run({ parameters, session }: Call) {
    const known = ['MessageId', 'Subject', 'From', 'To', 'Cc', 'Bcc', 'ExtraProperties'];
    const read = readParameters('CheckIncomingEmail', parameters, known);
    for (const name of ['MessageId', 'From', 'To', 'Cc', 'Bcc']) read.text(name);
    session.access.demand(session.caller, 'read', tableOf(session.model, 'email'));
    const mail = readMailParameters('DeliverIncomingEmail', { parameters, files: new Map() });
    const verdict = await acceptance(session, mail);
    return answer(session, 'CheckIncomingEmailResponse', {
      ShouldDeliver: verdict.reason === 'accepted',
      ReasonCode: reasons.indexOf(verdict.reason),
      ...(session.caller.kind === 'application' ? { '@Alongside.Acceptance': explain(verdict) } : {}),
    });
  },
};

function explain(verdict: Acceptance) {
  const acceptor = ({ table, id, address, filter }: Acceptor) => ({
    LogicalName: table,
    Id: id,
    Address: address,
    Filter: filter,
  });
  const match = verdict.reason === 'accepted' ? verdict.match : null;
  return {
    AcceptedBy: verdict.reason === 'accepted' ? acceptor(verdict.by) : null,
    Match: match === null ? null : { By: match.by, LogicalName: match.table, Id: match.id },
    Asked: verdict.asked.slice(0, 50).map(acceptor),
  };
}

function answer({ root }: Session, type: string, body: object) {
  return {
    status: 200,
    headers: {},
    body: { '@odata.context': `${root}$metadata#Microsoft.Dynamics.CRM.${type}`, ...body },
  };
}
