import { sql } from 'kysely';
import { fold } from '../../../db/fold.ts';
import { badRequest } from '../../../odata/bad-request.ts';
import { identifier } from '../../../odata/identifier.ts';
import { tableOf } from '../../../odata/metadata.ts';
import type { Session, WriteSession } from '../../../odata/session.ts';
import { masks } from '../parties.ts';

/** Somebody on a mail that is to be sent, with the one address that is used. */
export interface Party {
  mask: number;
  address: string;
  name: string | null;
  table: string | null;
  id: string | null;
}

interface StoredParty {
  activitypartyid: string;
  participationtypemask: number;
  addressused: string | null;
  partyid: string | null;
  partyid_type: string | null;
}

const recipients: readonly number[] = [masks.to, masks.cc, masks.bcc];

/**
 * Sender and recipients of a draft. A row that is a party is written to at its first address column; that address is kept with
 * the party, so that what was sent stays readable when the row changes.
 * @throws {HttpError} 400 naming who has no address or wants no mail, or that sender or recipients are missing
 */
export async function readyParties(session: WriteSession, emailId: string): Promise<Party[]> {
  const parties: Party[] = [];
  for (const stored of await readParties(session, emailId)) {
    const row = stored.partyid === null ? undefined : await readRow(session, stored);
    const address = stored.addressused ?? row?.address ?? '';
    const { participationtypemask: mask, partyid: id, partyid_type: table } = stored;
    if (!/^[^\s@<>"]+@[^\s@<>"]+$/.test(address))
      throw badRequest(`The party ${row?.name ?? id ?? address} of the e-mail has no usable address.`, '0x80040203');
    if (row?.refusesMail === true && mask !== masks.from)
      throw badRequest(`${row.name ?? address} does not allow e-mails.`, '0x80040203');
    if (stored.addressused === null) await keepAddress(session, stored.activitypartyid, address);
    parties.push({ mask, address, name: row?.name ?? null, table, id });
  }
  if (parties.filter(({ mask }) => mask === masks.from).length !== 1)
    throw badRequest('The e-mail needs exactly one sender (participationtypemask 1).', '0x80040203');
  if (!parties.some(({ mask }) => recipients.includes(mask)))
    throw badRequest('The e-mail needs at least one recipient.', '0x80040203');
  return parties;
}

/** All of a stored mail that is handed over, as they were kept by `readyParties`. */
export async function sentParties(session: Session, emailId: string): Promise<Party[]> {
  const stored = await readParties(session, emailId);
  const names = new Map<string, string | null>();
  for (const party of stored)
    if (party.partyid !== null) names.set(party.partyid, (await readRow(session, party))?.name ?? null);
  return stored.map(({ participationtypemask: mask, addressused, partyid: id, partyid_type: table }) => ({
    mask,
    address: addressused ?? '',
    name: id === null ? null : (names.get(id) ?? null),
    table,
    id,
  }));
}

async function readParties({ queries }: Session, emailId: string): Promise<StoredParty[]> {
  const { rows } =
    await sql<StoredParty>`select activitypartyid, participationtypemask, addressused, partyid, partyid_type
    from activityparty where activityid = ${emailId} and participationtypemask in (1, 2, 3, 4)
    order by activitypartyid limit 1000`.execute(queries);
  return rows.map((row) => ({ ...row, participationtypemask: Number(row.participationtypemask) }));
}

async function readRow(
  session: Session,
  { partyid, partyid_type }: StoredParty,
): Promise<{ name: string | null; address: string | null; refusesMail: boolean } | undefined> {
  const table = tableOf(session.model, partyid_type ?? '');
  const email = [...table.columns.values()].find((column) => column.email === true);
  const refuses = table.columns.has('donotemail') ? sql`donotemail` : sql`0`;
  const { rows } = await sql<{ name: string | null; address: string | null; refuses: number | null }>`
    select ${identifier(table.primary ?? table.key)} as name, ${email === undefined ? sql`null` : identifier(email.name)} as address,
      ${refuses} as refuses from ${identifier(table.name)} where ${identifier(table.key)} = ${partyid}`.execute(
    session.queries,
  );
  const [row] = rows;
  return row === undefined
    ? undefined
    : { name: row.name, address: row.address, refusesMail: Number(row.refuses) === 1 };
}

async function keepAddress({ queries }: WriteSession, partyId: string, address: string): Promise<void> {
  await sql`update activityparty set addressused = ${address}, addressused_folded = ${fold(address)}
    where activitypartyid = ${partyId}`.execute(queries);
}
