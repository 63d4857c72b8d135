import { stampHeader } from './item-key.ts';
import { readMailDate } from './mail-date.ts';
import { namedMails } from './mail-headers.ts';
import type { MailMessage } from './message.ts';
import { isGuid } from './uuid.ts';

/**
 * What the raw header block of a mail says (RFC 5322 lines, as Outlook hands them out and as they stand in a mailbox). The pane
 * and the server read it here, both, so that they know one mail by the same facts.
 */

/** The text of the first field of a name, unfolded; null when there is none. */
export function fieldOf(headers: string, name: string): string | null {
  const field = new RegExp(`^${name}[ \\t]*:([^\\r\\n]*(?:\\r?\\n[ \\t][^\\r\\n]*)*)`, 'im').exec(headers)?.[1];
  return field === undefined ? null : field.replace(/\r?\n/g, '').trim();
}

/** The Date field: the only time that is equal for everybody who received the mail. Null when absent or unreadable. */
export function dateIn(headers: string): string | null {
  return readMailDate(fieldOf(headers, 'date') ?? '');
}

/** Importance (RFC 2156), else the X- fields and the Priority that other programs write. */
export function importanceIn(headers: string): MailMessage['importance'] {
  for (const name of ['importance', 'x-msmail-priority', 'x-priority', 'priority']) {
    const word = /^(high|low|normal|urgent|non-urgent|[1-5])/i.exec(fieldOf(headers, name) ?? '')?.[1]?.toLowerCase();
    if (word !== undefined) return IMPORTANCE.get(word) ?? 'normal';
  }
  return 'normal';
}

const IMPORTANCE = new Map<string, MailMessage['importance']>([
  ...['high', 'urgent', '1', '2'].map((word) => [word, 'high'] as const),
  ...['low', 'non-urgent', '4', '5'].map((word) => [word, 'low'] as const),
]);

export type Sensitivity = 'normal' | 'personal' | 'private' | 'confidential';

/** Sensitivity (RFC 2156 5.3.4: Personal, Private, Company-Confidential). */
export function sensitivityIn(headers: string): Sensitivity {
  const said = (fieldOf(headers, 'sensitivity') ?? fieldOf(headers, 'x-sensitivity') ?? '').toLowerCase();
  if (said.startsWith('personal')) return 'personal';
  if (said.startsWith('private')) return 'private';
  return /^company[- ]?confidential|^confidential/.test(said) ? 'confidential' : 'normal';
}

/** The stamp of a wish that its author made on the draft. */
export function stampIn(headers: string): string | undefined {
  const value = fieldOf(headers, stampHeader)?.toLowerCase();
  return value !== undefined && isGuid(value) ? value : undefined;
}

/**
 * The fields by which a CRM finds the thread of a mail, as lines of their own: bounded, whatever stands in the mail. Of a long
 * References line those ids stay that correlation looks at.
 */
export function threadLines(headers: string): string {
  const { ids: replied } = namedMails('', fieldOf(headers, 'in-reply-to') ?? undefined, undefined);
  const { ids: referenced } = namedMails('', undefined, fieldOf(headers, 'references') ?? undefined);
  const index = fieldOf(headers, 'thread-index')?.replace(/\s+/g, '');
  const lines = [
    replied.length === 0 ? '' : `In-Reply-To: ${replied.join(' ')}`,
    // Nearest last, as the standard wants it.
    referenced.length === 0 ? '' : `References: ${referenced.reverse().join(' ')}`,
    index === undefined || index === '' || index.length > 4_000 ? '' : `Thread-Index: ${index}`,
    stampIn(headers) === undefined ? '' : `${stampHeader}: ${stampIn(headers)}`,
  ];
  return lines.filter((line) => line !== '').join('\r\n');
}
