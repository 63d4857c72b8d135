import { createHmac, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Session } from '../../odata/session.ts';
import type { MailSettings } from './settings.ts';

/** Base 32 without letters that are read as digits (Crockford). */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CHECK = 2;

type TokenSettings = MailSettings['token'];

/**
 * A token for the subject of an outgoing mail, such as `CRM:7K2M9QX4`: random, and its last two characters are a check code
 * made with a secret of this organisation. So a made-up token is recognised without asking the database, and one that happens
 * to pass must also have been issued.
 */
export async function makeToken(session: Pick<Session, 'queries'>, { prefix, digits }: TokenSettings): Promise<string> {
  const random = [...randomBytes(digits - CHECK)].map((byte) => ALPHABET.charAt(byte % 32)).join('');
  return prefix + random + checkOf(random, await readSecret(session));
}

/** The last token of a subject that we issued; people answer the newest mail of a thread. */
export async function findToken(
  session: Pick<Session, 'queries'>,
  subject: string,
  { prefix, digits }: TokenSettings,
): Promise<string | undefined> {
  const upper = subject.slice(0, 2_000).toUpperCase();
  const start = prefix.toUpperCase();
  if (start === '' || !upper.includes(start)) return undefined;
  const secret = await readSecret(session);
  for (let at = upper.lastIndexOf(start); at >= 0; at = at === 0 ? -1 : upper.lastIndexOf(start, at - 1)) {
    const code = upper.slice(at + start.length, at + start.length + digits);
    const random = code.slice(0, -CHECK);
    if (code.length === digits && code.slice(-CHECK) === checkOf(random, secret)) return prefix + code;
  }
  return undefined;
}

function checkOf(random: string, secret: string): string {
  const [first = 0, second = 0] = createHmac('sha256', secret).update(random).digest();
  return ALPHABET.charAt(first % 32) + ALPHABET.charAt(second % 32);
}

async function readSecret({ queries }: Pick<Session, 'queries'>): Promise<string> {
  const { rows } = await sql<{ value: string }>`select value from crm_secret where name = 'tracking-token'`.execute(
    queries,
  );
  const secret = rows[0]?.value;
  if (secret === undefined) throw new Error('The database has lost the secret of its tracking tokens');
  return secret;
}
