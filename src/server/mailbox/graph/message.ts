import { isObject } from '../../../model/is-object.ts';
import { threadLines, type Sensitivity } from '../../../model/header-block.ts';
import type { MailAddress } from '../../../model/message.ts';
import type { SourceItem } from '../source.ts';

/** What marks a tracked mail in Outlook; the add-in sets the same (src/outlook/marks.ts). */
export const trackedCategory = 'Tracked to CRM';

/** PidTagSensitivity and PidTagMessageSize: a message has no property of its own for either (MS-OXPROPS). */
const [sensitivityTag, sizeTag] = [0x36, 0xe08];

/** A mail may have more, but not more that matter. */
const mostHeaders = 1_000;

/** Only what a SourceItem needs. Not isRead: then reading a mail is no change, and delta stays quiet about it. */
export const itemQuery = {
  $select:
    'id,changeKey,internetMessageId,subject,from,toRecipients,ccRecipients,bccRecipients,sentDateTime,' +
    'receivedDateTime,isDraft,categories,internetMessageHeaders',
  $expand: `singleValueExtendedProperties($filter=id eq 'Integer 0x36' or id eq 'Integer 0x0E08')`,
} as const;

const sensitivities: readonly Sensitivity[] = ['normal', 'personal', 'private', 'confidential'];

/**
 * A message of a delta page. Null when it is not whole: of a changed message Graph may say the changed properties only
 * ("at least the properties that have been updated"), so the message itself must be asked.
 */
export function readItem(message: Record<string, unknown>, folderId: string): SourceItem | null {
  const { id, receivedDateTime, categories } = message;
  const version = message['changeKey'] ?? message['@odata.etag'];
  const receivedAt = timeOf(receivedDateTime);
  if (typeof id !== 'string' || typeof version !== 'string' || receivedAt === null) return null;
  if (!Array.isArray(categories) || !Array.isArray(message['toRecipients'])) return null;
  const extended = readExtended(message['singleValueExtendedProperties']);
  return {
    id,
    folderId,
    version,
    internetMessageId: textOf(message['internetMessageId']) || null,
    subject: textOf(message['subject']),
    from: addressOf(message['from']),
    to: addressesOf(message['toRecipients']),
    cc: addressesOf(message['ccRecipients']),
    bcc: addressesOf(message['bccRecipients']),
    sentAt: timeOf(message['sentDateTime']),
    receivedAt,
    sensitivity: sensitivities[extended.get(sensitivityTag) ?? 0] ?? 'normal',
    isDraft: message['isDraft'] === true,
    isMarked: categories.includes(trackedCategory),
    size: extended.get(sizeTag) ?? 0,
    ...headersOf(message['internetMessageHeaders']),
  };
}

/** Sent mail has none in Exchange: it never came by SMTP. Then they are not known, which is not the same as none. */
function headersOf(value: unknown): { headers?: string } {
  if (!Array.isArray(value) || value.length === 0) return {};
  const lines = (value as unknown[]).slice(0, mostHeaders).flatMap((each) => {
    if (!isObject(each)) return [];
    const [name, text] = [textOf(each['name']), textOf(each['value']).replace(/[\r\n]+/g, ' ')];
    return /^[\x21-\x39\x3b-\x7e]{1,200}$/.test(name) ? [`${name}: ${text}`] : [];
  });
  return { headers: threadLines(lines.join('\r\n')) };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '');

function timeOf(value: unknown): string | null {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

function addressOf(recipient: unknown): MailAddress | null {
  const person = isObject(recipient) && isObject(recipient['emailAddress']) ? recipient['emailAddress'] : null;
  if (person === null) return null;
  const [name, address] = [textOf(person['name']), textOf(person['address'])];
  return name === '' && address === '' ? null : { name, address };
}

const addressesOf = (value: unknown): MailAddress[] =>
  (Array.isArray(value) ? value : []).flatMap((each: unknown) => addressOf(each) ?? []);

/** Graph writes the ids its own way (`Integer 0xe08` for what was asked as `Integer 0x0E08`): compared as numbers. */
function readExtended(value: unknown): Map<number, number> {
  const found = new Map<number, number>();
  for (const each of Array.isArray(value) ? (value as unknown[]) : []) {
    if (!isObject(each)) continue;
    const tag = /^Integer 0x([0-9a-f]{1,8})$/i.exec(textOf(each['id']))?.[1];
    const number = Number(textOf(each['value']));
    if (tag !== undefined && Number.isSafeInteger(number)) found.set(Number.parseInt(tag, 16), number);
  }
  return found;
}
