import { sql, type RawBuilder } from 'kysely';
import { isOneOf, limit } from '../../db/engine.ts';
import { keepStatement, type Given, type Places } from '../../db/kept-statement.ts';
import type { KnownMail } from '../../../model/correlate.ts';
import { identifier } from '../../odata/identifier.ts';
import { tableOf } from '../../odata/metadata.ts';
import type { Session } from '../../odata/session.ts';
import { mayRead } from './may-read.ts';

/** An e-mail as correlation looks at it; people and rights are filled in for those that count. */
export interface StoredMail {
  activityid: string;
  messageid: string | null;
  conversationindex: string | null;
  conversationtrackingid: string | null;
  regardingobjectid: string | null;
  regardingobjectid_type: string | null;
}

const MOST = 200;

/** Of all rows, whoever may see them: that mails belong together does not depend on who tracks one. */
export function findMailsBy(
  condition: (places: Places) => RawBuilder<unknown>,
  order: RawBuilder<unknown> = sql`e.createdon, e.activityid`,
): (session: Session, ...given: Given[]) => Promise<StoredMail[]> {
  const statement = keepStatement<StoredMail>(
    (places) => sql`select e.activityid, e.messageid, e.conversationindex, e.conversationtrackingid,
      e.regardingobjectid, e.regardingobjectid_type
    from email as e where ${condition(places)} order by ${order}${limit(MOST)}`,
  );
  return ({ queries, engine }, ...given) => statement.run(queries, engine, ...given);
}

/** By their Message-IDs. */
export const mailsNamed = findMailsBy(({ isOneOf }) => isOneOf(sql.ref('e.messageid'), 0));

/** With the people on each mail, and its regarding record only where the caller may read that. */
export async function withPeople(session: Session, mails: readonly StoredMail[]): Promise<Map<string, KnownMail>> {
  const ids = [...new Set(mails.map(({ activityid }) => activityid))];
  if (ids.length === 0) return new Map();
  const people = await peopleOf(session, ids);
  const readable = await readableRecords(session, mails);
  return new Map(
    mails.map((mail) => [
      mail.activityid,
      {
        id: mail.activityid,
        messageId: mail.messageid ?? '',
        people: people.get(mail.activityid) ?? new Set<string>(),
        regarding: regardingOf(mail, readable),
      },
    ]),
  );
}

async function peopleOf({ queries, engine }: Session, ids: readonly string[]): Promise<Map<string, Set<string>>> {
  const rows = await parties.run(queries, engine, ids);
  const found = new Map<string, Set<string>>();
  for (const { mail, address, party } of rows) {
    const names = found.get(mail) ?? new Set<string>();
    for (const name of [address, party]) if (name !== null && name !== '') names.add(name);
    found.set(mail, names);
  }
  return found;
}

const parties = keepStatement<{ mail: string; address: string | null; party: string | null }>(
  ({ isOneOf }) => sql`select activityid as mail, addressused_folded as address, partyid as party from activityparty
    where ${isOneOf(sql.ref('activityid'), 0)} and participationtypemask in (1, 2, 3, 4) limit 20000`,
);

function regardingOf(mail: StoredMail, readable: ReadonlySet<string>): KnownMail['regarding'] {
  const { regardingobjectid: id, regardingobjectid_type: table } = mail;
  if (id === null || table === null) return null;
  return readable.has(id) ? { table, id } : 'hidden';
}

async function readableRecords(session: Session, mails: readonly StoredMail[]): Promise<Set<string>> {
  const wanted = new Map<string, Set<string>>();
  for (const { regardingobjectid: id, regardingobjectid_type: table } of mails)
    if (id !== null && table !== null) wanted.set(table, (wanted.get(table) ?? new Set()).add(id));
  const readable = new Set<string>();
  for (const [name, ids] of wanted) {
    const table = tableOf(session.model, name);
    if (!mayRead(session, table)) continue;
    const visible = session.access.readable(session.caller, table, 'r');
    const key = sql.ref(`r.${table.key}`);
    const { rows } = await sql<{ id: string }>`select ${key} as id from ${identifier(name)} as r
      where ${isOneOf(session.engine, key, [...ids])}${visible === undefined ? sql`` : sql` and ${visible}`}`.execute(
      session.queries,
    );
    for (const { id } of rows) readable.add(id);
  }
  return readable;
}
