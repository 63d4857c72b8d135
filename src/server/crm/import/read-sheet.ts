import { readCards } from './cards.ts';
import { readCsv } from './csv.ts';
import type { Sheet } from './sheet.ts';
import { readText, unreadable } from './text.ts';

export const LARGEST_FILE = 10 * 1024 * 1024;
export const MOST_ROWS = 10_000;

/** @throws {HttpError} 400 with a sentence that says what is wrong with the file, and where */
export async function readSheet(bytes: Uint8Array): Promise<Sheet> {
  if (bytes.length === 0) throw unreadable('The file is empty.');
  const { text, encoding } = readText(bytes);
  const isCards = /^\s*BEGIN:VCARD\s/i.test(text);
  const sheet: Sheet = isCards
    ? { kind: 'vcard', encoding, delimiter: undefined, ...readCards(text, MOST_ROWS) }
    : { kind: 'csv', encoding, ...(await readCsv(text, MOST_ROWS)) };
  if (sheet.rows.length === 0) throw unreadable('The file holds headings but no rows.');
  return sheet;
}
