import { sql } from 'kysely';
import { fold } from '../../db/fold.ts';
import type { Candidate } from '../../../model/resolve.ts';
import type { Session } from '../../odata/session.ts';
import type { PromotedMail } from './mail-parameters.ts';

/**
 * Whose row a promoted mail is. A person who tracks owns it. For the server: of the first of To, Cc and Bcc that names one of
 * our people, the one who owns the mail that is answered, else who owns the row that the sender is, else the first; for mail
 * that nobody of ours received, who wrote it.
 */
export async function ownerOf(
  session: Session,
  mail: PromotedMail,
  candidates: ReadonlyMap<string, readonly Candidate[]>,
  facts: { sender: Candidate | undefined; correlatedId: string | undefined },
): Promise<string> {
  const { caller } = session;
  if (caller.kind === 'user') return caller.userId;
  const users = (addresses: readonly string[]) =>
    addresses.flatMap((address) => candidates.get(fold(address)) ?? []).filter(isActiveUser);
  const eligible = [mail.to, mail.cc, mail.bcc].map(users).find((list) => list.length > 0) ?? [];
  const preferred = [await ownerOfMail(session, facts.correlatedId), facts.sender?.ownerId];
  for (const owner of preferred) {
    const user = eligible.find(({ id }) => id === owner);
    if (user !== undefined) return user.id;
  }
  return eligible[0]?.id ?? users([mail.sender])[0]?.id ?? caller.userId;
}

function isActiveUser({ table, active }: Candidate): boolean {
  return table === 'systemuser' && active;
}

async function ownerOfMail({ queries }: Session, id: string | undefined): Promise<string | undefined> {
  if (id === undefined) return undefined;
  const { rows } = await sql<{ ownerid: string }>`select ownerid from email where activityid = ${id}`.execute(queries);
  return rows[0]?.ownerid;
}
