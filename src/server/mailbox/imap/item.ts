import type { FetchMessageObject, FetchQueryObject, MessageAddressObject } from 'imapflow';
import type { MailAddress } from '../../../model/message.ts';
import type { SourceItem } from '../source.ts';

/** Our category: a keyword (RFC 3501, 2.3.2). */
export const trackedKeyword = '$Alongside_Tracked';

/** All that SourceItem tells of. Headers are read by PEEK: reading does not make a mail read. */
export const itemQuery: FetchQueryObject = {
  uid: true,
  flags: true,
  envelope: true,
  internalDate: true,
  size: true,
  headers: ['Sensitivity'],
};

/** Where a mail lies. Gmail's own number names a mail for good, whatever labels it has; elsewhere it is the place. */
export type ItemPlace =
  | { readonly kind: 'uid'; readonly folderId: string; readonly validity: string; readonly uid: number }
  | { readonly kind: 'gmail'; readonly messageNumber: string };

export function writeItemId(place: ItemPlace): string {
  return place.kind === 'gmail'
    ? `gmail.${place.messageNumber}`
    : `uid.${place.validity}.${String(place.uid)}.${place.folderId}`;
}

/** Undefined for an id that is not ours. */
export function readItemId(id: string): ItemPlace | undefined {
  const gmail = /^gmail\.(\d{1,20})$/.exec(id)?.[1];
  if (gmail !== undefined) return { kind: 'gmail', messageNumber: gmail };
  const [, validity, uid, folderId] = /^uid\.(\d{1,20})\.([1-9]\d{0,9})\.(.+)$/s.exec(id) ?? [];
  if (validity === undefined || uid === undefined || folderId === undefined) return undefined;
  return { kind: 'uid', folderId, validity, uid: Number(uid) };
}

export function isMarked(flags: ReadonlySet<string> | undefined): boolean {
  return hasFlag(flags, trackedKeyword);
}

/** Keywords and flags are case-insensitive (RFC 9051, 2.3.2). */
export function hasFlag(flags: ReadonlySet<string> | undefined, wanted: string): boolean {
  return [...(flags ?? [])].some((flag) => flag.toLowerCase() === wanted.toLowerCase());
}

/** @param now for a server that does not say when it received the mail */
export function toItem(mail: FetchMessageObject, id: string, folderId: string, now: Date): SourceItem {
  const { envelope, flags } = mail;
  const marked = isMarked(flags);
  const isDraft = hasFlag(flags, '\\Draft');
  return {
    id,
    folderId,
    version: `${marked ? 'tracked' : 'plain'}${isDraft ? '-draft' : ''}`,
    internetMessageId: envelope?.messageId || null,
    subject: envelope?.subject ?? '',
    from: addresses(envelope?.from)[0] ?? null,
    to: addresses(envelope?.to),
    cc: addresses(envelope?.cc),
    bcc: addresses(envelope?.bcc),
    sentAt: toMoment(envelope?.date),
    receivedAt: toMoment(mail.internalDate) ?? now.toISOString(),
    sensitivity: readSensitivity(mail.headers),
    isDraft,
    isMarked: marked,
    size: mail.size ?? 0,
  };
}

function addresses(list: readonly MessageAddressObject[] | undefined): readonly MailAddress[] {
  return (list ?? []).map(({ name, address }) => ({ name: name || '', address: address || '' }));
}

/** imapflow leaves a text where it reads no date. */
export function toMoment(date: Date | string | undefined): string | null {
  return date instanceof Date && !Number.isNaN(date.getTime()) ? date.toISOString() : null;
}

/** RFC 2156, 5.3.4. */
function readSensitivity(headers: Buffer | undefined): SourceItem['sensitivity'] {
  const value = /^sensitivity:\s*([\w-]+)/im.exec(headers?.toString('latin1') ?? '')?.[1]?.toLowerCase();
  if (value === 'personal' || value === 'private') return value;
  return value === 'company-confidential' ? 'confidential' : 'normal';
}
