import { sql } from 'kysely';
import type { Database } from '../../../db/open.ts';
import { HttpError } from '../../../http/errors.ts';
import { piecesOf } from '../../../odata/files/pieces.ts';
import { tableOf, type Model } from '../../../odata/metadata.ts';
import type { Row, WriteSession } from '../../../odata/session.ts';
import { storedTime, type Stored } from '../../../odata/values.ts';
import { updateRow } from '../../../odata/write/write.ts';
import { systemSession } from '../../organisation.ts';
import { sentParties } from './draft.ts';
import { status } from './send-email.ts';
import type { Handover, OutgoingMail, Transport } from './transport.ts';

export interface OutboxOptions {
  database: Database;
  model: Model;
  organizationId: string;
  transport: Transport;
  now: () => Date;
  report: (error: unknown) => void;
}

/** How long handing one mail over may take; well above the transport's own limits. */
const LEASE_MS = 10 * 60 * 1000;
const RETRIES = 10;
const RETRY_MS = 5 * 60 * 1000;
const LOOK_MS = 30_000;

/**
 * Hands mail that is Pending Send to the mail server, one after the other, and never twice:
 * 1. A mail is claimed by turning it to Sending, with a time until which that holds. This is committed before the first byte
 *    leaves, and only a mail that is Pending Send can be claimed, so no other process takes it too.
 * 2. It is handed over.
 * 3. What became of it is written: Sent; Pending Send again, where it certainly was not taken (five minutes later, ten times);
 *    Failed otherwise, and a draft again that a person may send or drop.
 * A process that stops between 1 and 3 leaves a mail that is Sending past its time. Nobody can know whether it was taken, so it
 * is turned to Failed with that sentence and never sent again by itself. When a person does, it goes out under the Message-ID
 * that was stored before the first try, by which the mailboxes of recipients recognise a second copy.
 */
export function createOutbox(options: OutboxOptions): { poke(): void; stop(): Promise<void> } {
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  const run = async (): Promise<void> => {
    do {
      again = false;
      try {
        await sendAll(options, () => stopped);
      } catch (error) {
        options.report(error);
      }
    } while (again && !stopped);
    running = undefined;
  };
  const poke = (): void => {
    again = true;
    if (!stopped) running ??= run();
  };
  const timer = setInterval(poke, LOOK_MS);
  timer.unref();
  poke();
  return {
    poke,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running;
      options.transport.close();
    },
  };
}

async function sendAll(options: OutboxOptions, stopped: () => boolean): Promise<void> {
  await giveUpInterrupted(options);
  while (!stopped()) {
    const claimed = await claim(options);
    if (claimed === undefined) return;
    const handover = await options.transport.handOver(claimed.mail);
    await settle(options, claimed, handover);
  }
}

function within<T>(
  { database, model, organizationId, now }: OutboxOptions,
  work: (session: WriteSession) => Promise<T>,
): Promise<T> {
  return database.transaction((queries) => work(systemSession({ database, model, now }, queries, organizationId)));
}

const INTERRUPTED =
  'The server stopped while it handed the e-mail over, so it may have been sent. It is not sent again by itself.';

async function giveUpInterrupted(options: OutboxOptions): Promise<void> {
  const late = storedTime(options.now());
  await within(options, async (session) => {
    const { rows } = await sql<Row>`select * from email where statuscode = ${status.sending}
      and (sendinguntil is null or sendinguntil < ${late}) order by activityid limit 100`.execute(session.queries);
    for (const row of rows) await updateUnlessMoved(session, row, failed(INTERRUPTED));
  });
}

interface Claimed {
  id: string;
  until: string;
  attempts: number;
  mail: OutgoingMail;
}

/** Its sender's mailbox is set to be synchronised: who does that sends it, and its copy is in Sent Items. */
const leavesByMailbox = sql`exists (select 1 from activityparty as p join mailbox as m on m.regardingobjectid = p.partyid
  where p.activityid = email.activityid and p.participationtypemask = 1 and m.outgoingemaildeliverymethod = 2
    and m.statecode = 0)`;

/** The oldest mail that is due. @returns nothing when there is none */
async function claim(options: OutboxOptions): Promise<Claimed | undefined> {
  const now = options.now();
  const [stamp, until] = [storedTime(now), storedTime(new Date(now.getTime() + LEASE_MS))];
  return within(options, async (session) => {
    const skip = session.engine === 'postgres' ? sql`for update skip locked` : sql``;
    const { rows } = await sql<Row>`select * from email where statuscode = ${status.pendingSend}
      and coalesce(postponeemailprocessinguntil, '') <= ${stamp} and coalesce(delayedemailsendtime, '') <= ${stamp}
      and not ${leavesByMailbox}
      order by activityid limit 1 ${skip}`.execute(session.queries);
    const [row] = rows;
    if (row === undefined) return undefined;
    const attempts = Number(row['deliveryattempts'] ?? 0) + 1;
    const values = new Map<string, Stored>([
      ['statuscode', status.sending],
      ['sendinguntil', until],
      ['deliveryattempts', attempts],
    ]);
    const mail = await readMail(session, row, now);
    await updateRow(session, tableOf(session.model, 'email'), row, values);
    return { id: String(row['activityid']), until, attempts, mail };
  });
}

async function readMail(session: WriteSession, row: Row, now: Date): Promise<OutgoingMail> {
  const id = String(row['activityid']);
  const text = (name: string) => (typeof row[name] === 'string' ? row[name] : null);
  const { rows } = await sql<{
    filename: string | null;
    mimetype: string | null;
    cid: string | null;
    body: Uint8Array | null;
  }>`
    select filename, mimetype, attachmentcontentid as cid,
      coalesce(body, ${sql.raw(piecesOf(session.engine, 'activitymimeattachmentid'))}) as body from activitymimeattachment
    where objectid = ${id} order by attachmentnumber, activitymimeattachmentid limit 500`.execute(session.queries);
  return {
    messageId: text('messageid') ?? '',
    date: now,
    subject: text('subject') ?? '',
    html: text('description') ?? '',
    priority: Number(row['prioritycode'] ?? 1),
    inReplyTo: text('inreplyto'),
    parties: await sentParties(session, id),
    attachments: rows.map(({ filename, mimetype, cid, body }) => ({
      filename: filename ?? 'attachment',
      contentType: mimetype ?? 'application/octet-stream',
      cid,
      content: body ?? new Uint8Array(),
    })),
  };
}

/** Somebody may change what the mail is about meanwhile: the newest version of the row is written, if the claim still holds. */
async function settle(options: OutboxOptions, { id, until, attempts }: Claimed, handover: Handover): Promise<void> {
  const now = options.now();
  for (let left = 5; left > 0; left -= 1) {
    const done = await within(options, async (session) => {
      const { rows } = await sql<Row>`select * from email where activityid = ${id} and statuscode = ${status.sending}
        and sendinguntil = ${until}`.execute(session.queries);
      return rows[0] === undefined || (await updateUnlessMoved(session, rows[0], outcome(handover, attempts, now)));
    });
    if (done) return;
  }
}

function outcome(handover: Handover, attempts: number, now: Date): Map<string, Stored> {
  switch (handover.kind) {
    case 'sent':
      return new Map<string, Stored>([
        ['statuscode', status.sent],
        ['senton', storedTime(now)],
        ['actualend', storedTime(now)],
        ['sendinguntil', null],
        [
          'alongside_senderror',
          handover.refused.length === 0 ? null : `Not taken for ${handover.refused.join(', ')}`.slice(0, 500),
        ],
      ]);
    case 'later':
      if (attempts > RETRIES) return failed(handover.reason);
      return new Map<string, Stored>([
        ['statuscode', status.pendingSend],
        ['sendinguntil', null],
        ['postponeemailprocessinguntil', storedTime(new Date(now.getTime() + RETRY_MS))],
        ['alongside_senderror', handover.reason],
      ]);
    case 'failed':
      return failed(handover.reason);
    case 'unknown':
      return failed(`${handover.reason}. It may have been sent, so it is not sent again by itself.`);
  }
}

function failed(reason: string): Map<string, Stored> {
  return new Map<string, Stored>([
    ['statecode', 0],
    ['statuscode', status.failed],
    ['actualend', null],
    ['sendinguntil', null],
    ['alongside_senderror', reason.slice(0, 500)],
  ]);
}

/** @returns whether the row was still as it was read */
async function updateUnlessMoved(session: WriteSession, row: Row, values: Map<string, Stored>): Promise<boolean> {
  try {
    await updateRow(session, tableOf(session.model, 'email'), row, values);
    return true;
  } catch (error) {
    if (error instanceof HttpError && error.status === 412) return false;
    throw error;
  }
}
