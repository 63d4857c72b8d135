import { sql } from 'kysely';
import { fold } from '../../db/fold.ts';
import { readHeaders } from '../../../model/mail-headers.ts';
import { tableOf } from '../../odata/metadata.ts';
import type { WriteSession } from '../../odata/session.ts';
import type { Stored } from '../../odata/values.ts';
import { insertRow } from '../../odata/write/write.ts';
import { systemAccess } from '../security/system-access.ts';
import type { Acceptor } from './accept.ts';
import { findCandidates, findOurs } from './candidates.ts';
import { cut, type PromotedMail } from './mail-parameters.ts';
import { mayCreate } from './may-read.ts';
import type { MailSettings } from './settings.ts';

/**
 * Makes a contact or lead of a sender whom nobody knows, where the user whose filter let the mail in wants that
 * (autocreatecontactonpromote) and the organisation allows it. Never of our own people, of lists and of machines.
 * @returns whether somebody is known now: another mail of theirs may have been a moment faster
 */
export async function createUnknownSender(
  session: WriteSession,
  mail: PromotedMail,
  by: Acceptor | undefined,
  settings: MailSettings,
): Promise<boolean> {
  if (by?.table !== 'systemuser' || !settings.createSenders || !isPerson(mail)) return false;
  const wanted = await wantedTable(session, by.id);
  if (wanted === undefined) return false;
  const table = tableOf(session.model, wanted);
  if (!mayCreate(session, table)) return false;
  await lockAddress(session, mail.sender);
  if (await isKnown(session, mail.sender)) return true;
  const values = new Map<string, Stored>([
    ...nameOf(mail),
    ['emailaddress1', cut(mail.sender, 100)],
    ['ownerid', by.id],
    ['ownerid_type', 'systemuser'],
  ]);
  if (wanted === 'lead') values.set('subject', cut(mail.subject.trim() || mail.sender, 300));
  await insertRow({ ...session, access: systemAccess }, table, values);
  return true;
}

async function wantedTable({ queries }: WriteSession, userId: string): Promise<'contact' | 'lead' | undefined> {
  const { rows } = await sql<{ wanted: number | null }>`
    select autocreatecontactonpromote as wanted from usersettings where systemuserid = ${userId}`.execute(queries);
  return ([undefined, 'contact', 'lead'] as const)[Number(rows[0]?.wanted ?? 0)];
}

/** RFC 2919, RFC 3834 and what lists wrote before them. */
function isPerson({ sender, extra }: PromotedMail): boolean {
  const headers = readHeaders(extra['internetmessageheaders']);
  const isList = ['list-id', 'list-post', 'list-unsubscribe', 'feedback-id'].some((name) => headers.has(name));
  const isBulk = /^(?:bulk|list|junk)$/i.test(headers.get('precedence') ?? '');
  const isAutomatic = !/^(?:no\b.*)?$/i.test(headers.get('auto-submitted') ?? '');
  const isMachine =
    /^(?:(?:no|do-?not|dont)[-_.]?reply|mailer-daemon|postmaster|bounces?|notifications?|newsletter)\b[^@]*@/i.test(
      sender,
    );
  return /^[^@\s]+@[^@\s]+$/.test(sender) && sender.length <= 100 && !(isList || isBulk || isAutomatic || isMachine);
}

/** Two mails of one stranger at once make one row: who comes second looks after the first is done. SQLite has one writer anyway. */
async function lockAddress({ queries, engine }: WriteSession, address: string): Promise<void> {
  if (engine === 'postgres') await sql`select pg_advisory_xact_lock(715, hashtext(${fold(address)}))`.execute(queries);
}

/** To anybody: a row that only a colleague may see is a reason not to make another. */
async function isKnown(session: WriteSession, address: string): Promise<boolean> {
  const found = await findCandidates({ ...session, access: systemAccess }, [address]);
  return (found.get(fold(address)) ?? []).length > 0 || (await findOurs(session, [address])).size > 0;
}

/** `Ada King`, `King, Ada`; who gives no name is called by the address. */
function nameOf({ from, sender }: PromotedMail): [string, Stored][] {
  const written = from.slice(0, Math.max(from.lastIndexOf('<'), 0)).trim();
  const name = written
    .replace(/^"(.*)"$/s, '$1')
    .replaceAll(/\\(.)/gs, '$1')
    .replaceAll(/\p{Cc}|\p{Surrogate}/gu, ' ')
    .trim();
  if (name === '' || name.includes('@')) return [['lastname', cut(sender.slice(0, sender.lastIndexOf('@')), 50)]];
  const [family, given] = /^([^,]+),\s*([^,]+)$/.exec(name)?.slice(1) ?? [];
  const words = name.split(/\s+/);
  const lastname = family ?? words.at(-1) ?? name;
  const firstname = given ?? words.slice(0, -1).join(' ');
  return [
    ['firstname', firstname === '' ? null : cut(firstname, 50)],
    ['lastname', cut(lastname, 50)],
  ];
}
