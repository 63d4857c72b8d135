import { fold } from '../../db/fold.ts';
import { HttpError } from '../../http/errors.ts';
import type { Column } from '../../odata/metadata.ts';
import { fromJson } from '../../odata/values.ts';

const YES = new Set(['yes', 'true', '1', 'y', 'x', 'on']);
const NO = new Set(['no', 'false', '0', 'n', 'off']);
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** A cell as the value of a JSON body. @throws {HttpError} 400 with a sentence for people */
export function readCell(column: Column, cell: string): unknown {
  const text = unguard(cell).trim();
  if (text === '') return undefined;
  const value = valueOf(column, text);
  try {
    fromJson(column, value);
  } catch (error) {
    if (error instanceof HttpError) throw unfit(column, text, expected(column));
    throw error;
  }
  return value;
}

/** The apostrophe that an export puts before what a spreadsheet would take for a formula. */
function unguard(cell: string): string {
  return /^'[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell;
}

function valueOf(column: Column, text: string): unknown {
  switch (column.kind) {
    case 'integer':
    case 'bigint':
    case 'decimal':
    case 'money':
      return readNumber(column, text);
    case 'boolean': {
      const word = fold(text);
      if (YES.has(word)) return true;
      if (NO.has(word)) return false;
      throw unfit(column, text, 'yes or no');
    }
    case 'choice':
      return readOption(column, text);
    case 'choices':
      return readOptions(column, text);
    case 'date':
    case 'datetime':
      return readDate(column, text);
    default:
      return text;
  }
}

/** `Swimming; Camping` as an export writes it, or `1,9`. A label may itself hold a semicolon. */
function readOptions(column: Column, text: string): string {
  const labels = [...(column.options?.values() ?? [])];
  if (labels.some((label) => fold(label) === fold(text))) return String(readOption(column, text));
  const parts = text.split(/^[-\d\s,]+$/.test(text) ? ',' : ';');
  return parts.map((part) => readOption(column, part.trim())).join(',');
}

function readOption(column: Column, text: string): number {
  const chosen = [...(column.options ?? [])].find(
    ([value, label]) => String(value) === text || fold(label) === fold(text),
  );
  if (chosen === undefined) throw unfit(column, text, `one of: ${[...(column.options?.values() ?? [])].join(', ')}`);
  return chosen[0];
}

/** 1234.5 · 1,234.50 · 1.234,50 · € 1 234: the last of two different marks is the decimal one. */
function readNumber(column: Column, text: string): number {
  const bare = text.replace(/[\s'’\u00a0]|^[$€£]|[$€£]$/g, '');
  const last = Math.max(bare.lastIndexOf('.'), bare.lastIndexOf(','));
  const mark = bare[last];
  const grouped = mark !== undefined && (bare.split(mark).length > 2 || /^-?[1-9]\d{0,2},\d{3}$/.test(bare));
  const digits =
    last < 0 || grouped
      ? bare.replace(/[.,]/g, '')
      : `${bare.slice(0, last).replace(/[.,]/g, '')}.${bare.slice(last + 1)}`;
  if (!/^-?\d+(?:\.\d*)?$/.test(digits)) throw unfit(column, text, 'a number');
  return Number(digits);
}

/**
 * 2026-11-21 · 21.11.2026 · 21 Nov 2026 · Nov 21, 2026. `03/04/2026` means another day on each side of the ocean: only where
 * one of the two cannot be a month is it understood.
 */
function readDate(column: Column, text: string): string {
  const iso = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  if (iso !== null) return column.kind === 'date' ? text.slice(0, 10) : text.replace(' ', 'T');
  const compact = /^(\d{4})(\d\d)(\d\d)$/.exec(text);
  if (compact !== null) return `${compact[1]}-${compact[2]}-${compact[3]}`;
  const dotted = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(text);
  if (dotted !== null) return isoDate(dotted[3], dotted[2], dotted[1]);
  const slashed = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text);
  if (slashed !== null) {
    const [, first, second, year] = slashed;
    if (Number(first) > 12 || first === second) return isoDate(year, second, first);
    if (Number(second) > 12) return isoDate(year, first, second);
    throw unfit(column, text, 'a date that cannot be read in two ways, such as 2026-11-21');
  }
  const named =
    /^(\d{1,2})\.? ([a-z]{3})[a-z]*\.?,? (\d{4})$/i.exec(text) ??
    turned(/^([a-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})$/i.exec(text));
  const month = MONTHS.indexOf(named?.[2]?.toLowerCase() ?? '') + 1;
  if (named != null && month > 0) return isoDate(named[3], String(month), named[1]);
  throw unfit(column, text, 'a date such as 2026-11-21');
}

function turned(match: RegExpExecArray | null): (string | undefined)[] | undefined {
  return match === null ? undefined : [match[0], match[2], match[1], match[3]];
}

function isoDate(year = '', month = '', day = ''): string {
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}

function expected({ kind, length }: Column): string {
  switch (kind) {
    case 'string':
    case 'memo':
      return `at most ${length} characters`;
    case 'integer':
    case 'bigint':
      return 'a whole number within its range';
    case 'decimal':
    case 'money':
      return 'a number within its range';
    default:
      return 'a date such as 2026-11-21';
  }
}

function unfit(column: Column, text: string, wanted: string): HttpError {
  const seen = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return new HttpError(400, `“${seen}” does not fit: ${column.label} is ${wanted}.`, '0x80048d19');
}
