/**
 * The Date field of a raw header block as ISO 8601 in UTC: the only time that is equal for everybody who received the mail.
 * Null when absent or unreadable. Folded lines (RFC 5322 2.2.3) and trailing comments are understood.
 */
export function dateHeader(headers: string): string | null {
  const field = /^date:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)/im.exec(headers)?.[1];
  if (field === undefined) return null;
  const text = field
    .replace(/\s+/g, ' ')
    .replace(/\s*\([^()]*\)\s*$/, '')
    .trim();
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}
