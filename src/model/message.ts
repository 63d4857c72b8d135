/** A mailbox as RFC 5322 3.4 names it. `address` is empty when the mail gives only a name. */
export interface MailAddress {
  readonly name: string;
  readonly address: string;
}

export interface MailAttachment {
  /** The mail host's id for the attachment; opaque. */
  readonly id: string;
  readonly name: string;
  readonly contentType: string;
  /** Bytes, as the mail host states it. */
  readonly size: number;
  readonly isInline: boolean;
}

/**
 * One snapshot of the open mail, read once, plain data from there on. Everything a mail may lack is nullable or empty: From,
 * Message-ID and Date are all optional in the wild although RFC 5322 3.6 asks for two of them.
 */
export interface MailMessage {
  /** The mail host's id; differs between two people who received the same mail. Empty for a draft that was never saved. */
  readonly itemId: string;
  readonly kind: 'received' | 'meeting-request' | 'draft';
  /** As in the header, angle brackets included. */
  readonly internetMessageId: string | null;
  readonly subject: string;
  readonly from: MailAddress | null;
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly bcc: readonly MailAddress[];
  /** The Date header as ISO 8601 in UTC: equal for everybody who received the mail. Null when absent or unreadable. */
  readonly sentAt: string | null;
  /** When this mailbox got it, ISO 8601 in UTC. */
  readonly receivedAt: string | null;
  readonly importance: 'low' | 'normal' | 'high';
  readonly attachments: readonly MailAttachment[];
  /** What `stampHeader` says, if the mail has that header. */
  readonly stamp?: string;
  /** The fields by which a CRM finds the thread of the mail (`threadLines`), where it has any and the headers could be read. */
  readonly headers?: string;
}

/** For comparing: addresses differ in case only by accident (RFC 5321 2.4 keeps the local part's case; no mail host does). */
export function foldAddress(address: string): string {
  return address.trim().toLowerCase();
}

/** Everybody on the mail, sender first, each address once, in the order of the headers. */
export function participants(message: MailMessage): readonly MailAddress[] {
  const everybody = [...(message.from ? [message.from] : []), ...message.to, ...message.cc, ...message.bcc];
  const seen = new Map<string, MailAddress>();
  for (const person of everybody) {
    const key = foldAddress(person.address);
    if (key !== '' && !seen.has(key)) seen.set(key, person);
  }
  return [...seen.values()];
}
