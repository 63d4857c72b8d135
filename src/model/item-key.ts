import { foldAddress, type MailAddress } from './message.ts';

/** SHA-256; given, because the browser's is asynchronous and model does no I/O. */
export type Digest = (bytes: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer>;

/** What names a mail across mailboxes, and what guards against a re-used or forged Message-ID (sync-and-reliability 3.3). */
export interface MailIdentity {
  readonly itemKey: string;
  /** The id the CRM stores: the mail's own in canonical form, or our deterministic one when it has none. */
  readonly messageId: string;
  readonly fingerprint: Fingerprint;
  /** The stamp its author's pane wrote into it, if it carries one; see `stampHeader`. */
  readonly stamp?: string;
}

/**
 * A mail that its author wanted tracked before it had an id carries the id of that Change in this header: so the copy in the
 * mailbox that has no Message-ID yet and the one that has are known as one. It travels to everybody who gets the mail; a row
 * under a stamp is believed only where its fingerprint, and with it the author, is the mail's.
 */
export const stampHeader = 'x-alongside-stamp';

/** The id under which a mail is promoted that has a stamp and no Message-ID yet. */
export function stampMessageId(stamp: string): string {
  return `<s1.${stamp}@alongside.invalid>`;
}

/** From, Date and Subject. Same id with another fingerprint is another mail. */
export interface Fingerprint {
  readonly from: string;
  /** ISO 8601 in UTC with seconds, or null when the mail has no readable Date. */
  readonly sentAt: string | null;
  readonly subject: string;
}

/** What the identity is computed from. */
export interface IdentifiableMail {
  readonly internetMessageId: string | null;
  readonly from: MailAddress | null;
  readonly sentAt: string | null;
  readonly subject: string;
  readonly stamp?: string;
}

/**
 * Message-ID in canonical form: what stands inside the first angle brackets, folding and comments removed, case kept (ids are
 * case-sensitive). Null when there is nothing usable. CRMs store 320 characters of it; a longer one is treated as none.
 */
export function canonicalMessageId(header: string | null): string | null {
  if (header === null) return null;
  const unfolded = header.replace(/[\r\n\t ]+/g, '');
  const inside = /<([^<>]+)>/.exec(unfolded)?.[1] ?? (/^[^<>()]+@[^<>()]+$/.test(unfolded) ? unfolded : null);
  if (inside === null || inside.length > 318) return null;
  return `<${inside}>`;
}

/** Subject without reply and forward prefixes and list tags, white space folded, lower case: for comparing only. */
export function normalizeSubject(subject: string): string {
  let rest = subject.replace(/\s+/g, ' ').trim();
  for (;;) {
    const shorter = rest.replace(
      /^(?:(?:re|aw|wg|fw|fwd|sv|vs|tr|rv|antw|res|enc)(?:\[\d+\])?\s*[:：]|\[[^\]]{1,40}\])\s*/i,
      '',
    );
    if (shorter === rest) return rest.toLowerCase();
    rest = shorter;
  }
}

export function fingerprintOf(mail: IdentifiableMail): Fingerprint {
  return {
    from: foldAddress(mail.from?.address ?? ''),
    sentAt: mail.sentAt === null ? null : `${mail.sentAt.slice(0, 19)}Z`,
    subject: normalizeSubject(mail.subject),
  };
}

const oneDay = 24 * 60 * 60 * 1000;

/**
 * Whether two fingerprints belong to one mail. A Date that one side does not know says nothing; a day of difference is
 * allowed, because some CRMs keep the time of receipt instead.
 */
export function sameMail(a: Fingerprint, b: Fingerprint): boolean {
  if (a.from !== b.from || a.subject !== b.subject) return false;
  if (a.sentAt === null || b.sentAt === null) return true;
  return Math.abs(Date.parse(a.sentAt) - Date.parse(b.sentAt)) <= oneDay;
}

function base64url(bytes: ArrayBuffer): string {
  let binary = '';
  for (const byte of new Uint8Array(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

async function keyFrom(prefix: string, parts: readonly string[], digest: Digest): Promise<string> {
  const bytes = new TextEncoder().encode(parts.join('\u0000'));
  return `${prefix}.${base64url(await digest(bytes))}`;
}

/** The id under which a mail is promoted that has none, or whose own id already belongs to another mail. */
export function substituteMessageId(contentKey: string): string {
  return `<${contentKey}@alongside.invalid>`;
}

/** Key by content: for mails without a usable id, and for the later of two that carry the same one. */
export async function contentKeyOf(tenantId: string, fingerprint: Fingerprint, digest: Digest): Promise<string> {
  return keyFrom('m2', [tenantId, fingerprint.from, fingerprint.sentAt ?? '', fingerprint.subject], digest);
}

/** The same for everybody in the tenant who received the mail. */
export async function identifyMail(tenantId: string, mail: IdentifiableMail, digest: Digest): Promise<MailIdentity> {
  const fingerprint = fingerprintOf(mail);
  const messageId = canonicalMessageId(mail.internetMessageId);
  const { stamp } = mail;
  const stamped = stamp === undefined ? {} : { stamp };
  if (messageId !== null) {
    return { itemKey: await keyFrom('m1', [tenantId, messageId], digest), messageId, fingerprint, ...stamped };
  }
  if (stamp !== undefined) {
    const itemKey = await keyFrom('s1', [tenantId, stamp], digest);
    return { itemKey, messageId: stampMessageId(stamp), fingerprint, ...stamped };
  }
  const itemKey = await contentKeyOf(tenantId, fingerprint, digest);
  return { itemKey, messageId: substituteMessageId(itemKey), fingerprint };
}
