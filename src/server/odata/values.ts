import { badRequest, shown } from './bad-request.ts';
import { separate, writeDay, writeMoment, type Formats } from './formats.ts';
import type { Column } from './metadata.ts';
import { fromSelection, fromValues, labelsOf, writeSelection } from './multi-select.ts';
import type { Literal } from './parse/tokens.ts';

/** What a column holds in the database, the same on both engines. */
export type Stored = string | number | Uint8Array | null;

/** Truth is a number in the database. */
export function asStored(value: string | number | boolean): Stored {
  return typeof value === 'boolean' ? Number(value) : value;
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

export function isGuid(text: string): boolean {
  return GUID.test(text);
}

/** A moment as it is stored: whole seconds, UTC. Fractions are dropped, or rounded up where a comparison needs that. */
export function storedTime(moment: Date, roundUp = false): string {
  const seconds = roundUp ? Math.ceil(moment.getTime() / 1000) : Math.floor(moment.getTime() / 1000);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** ISO text -> moment; without an offset it is UTC. `undefined` for what is not a real date. */
export function readTime(text: string): Date | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour] = match;
  const calendar = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (calendar.getUTCMonth() !== Number(month) - 1 || calendar.getUTCDate() !== Number(day) || Number(year) < 1)
    return undefined;
  const moment = new Date(
    hour === undefined ? calendar : text.endsWith('Z') || match[8] !== undefined ? text : `${text}Z`,
  );
  const stands = !Number.isNaN(moment.getTime()) && moment.getUTCFullYear() > 0 && moment.getUTCFullYear() < 9999;
  return stands ? moment : undefined;
}

/** A literal of a filter as the stored value it is compared with. @throws {HttpError} 400 naming the column */
export function fromLiteral(column: Column, literal: Literal, roundUp = false): string | number {
  const { value } = literal;
  const wrong = () => badRequest(`The value given for ${column.name} does not fit its type, ${column.kind}.`);
  switch (column.kind) {
    case 'string':
    case 'memo':
      if (literal.type === 'string') return String(value);
      if (typeof value === 'number' || literal.type === 'guid') return String(value);
      throw wrong();
    case 'integer':
    case 'choice':
    case 'bigint':
    case 'decimal':
    case 'money':
      if (literal.type === 'string' && /^-?\d{1,15}$/.test(String(value))) return Number(value);
      if (typeof value !== 'number' || Math.abs(value) > 1e15 || !(isReal(column) || Number.isInteger(value)))
        throw wrong();
      return value;
    case 'choices':
      if (literal.type !== 'string' && literal.type !== 'number') throw wrong();
      return fromValues(column, [value]);
    case 'boolean':
      if (typeof value === 'boolean' || value === 0 || value === 1) return Number(value);
      throw wrong();
    case 'guid':
    case 'lookup':
      if (typeof value === 'string' && isGuid(value)) return value.toLowerCase();
      throw wrong();
    case 'datetime':
    case 'date': {
      const moment = typeof value === 'string' ? readTime(value) : undefined;
      if (moment === undefined) throw wrong();
      return column.kind === 'date' ? storedTime(moment).slice(0, 10) : storedTime(moment, roundUp);
    }
    case 'bytes':
      throw badRequest(`${column.name} cannot be compared.`);
  }
}

/** A value of a JSON body as it is stored. @throws {HttpError} 400 naming the column */
export function fromJson(column: Column, value: unknown): Stored {
  if (value === null) return null;
  switch (column.kind) {
    case 'string':
    case 'memo':
      return fromText(column, value);
    case 'integer':
    case 'bigint':
      return fromNumber(column, value, true);
    case 'decimal':
    case 'money':
      return fromNumber(column, value, false);
    case 'choice':
      return fromChoice(column, value);
    case 'choices':
      return fromSelection(column, value);
    case 'boolean':
      if (typeof value !== 'boolean') throw unfit(column, 'true or false');
      return Number(value);
    case 'guid':
      if (typeof value !== 'string' || !isGuid(value)) throw unfit(column, 'a GUID');
      return value.toLowerCase();
    case 'datetime':
    case 'date': {
      const moment = typeof value === 'string' ? readTime(value) : undefined;
      if (moment === undefined) throw unfit(column, 'a date such as 2026-11-21T09:30:00Z');
      return column.kind === 'date' ? storedTime(moment).slice(0, 10) : storedTime(moment);
    }
    case 'bytes':
      return fromBase64(column, value);
    case 'lookup':
      throw badRequest(`The lookup ${column.name} is set by "${column.name}@odata.bind" with the address of a row.`);
  }
}

function isReal({ kind }: Column): boolean {
  return kind === 'decimal' || kind === 'money';
}

function unfit(column: Column, wanted: string) {
  return badRequest(`The value given for ${column.name} is not ${wanted}.`, '0x80048d19');
}

function fromText(column: Column, value: unknown): string {
  if (typeof value !== 'string') throw unfit(column, 'text');
  const text = value.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\ufffd');
  if (column.length !== undefined && text.length > column.length) {
    throw badRequest(
      `A validation error occurred. The length of the '${column.name}' attribute exceeded the maximum allowed length of '${column.length}'.`,
      '0x80044331',
    );
  }
  return text;
}

function fromNumber(column: Column, value: unknown, whole: boolean): number {
  const limit = whole && column.kind === 'integer' ? 2_147_483_647 : 1e14;
  const fits = typeof value === 'number' && Math.abs(value) <= limit && (!whole || Number.isInteger(value));
  if (!fits) throw unfit(column, whole ? 'a whole number within its range' : 'a number within its range');
  return value;
}

function fromChoice(column: Column, value: unknown): number {
  if (typeof value !== 'number' || column.options?.has(value) !== true) {
    const known = [...(column.options?.keys() ?? [])].join(', ');
    throw badRequest(
      `The value ${shown(JSON.stringify(value) ?? '')} of ${column.name} is outside the valid range. Known values: ${known}.`,
      '0x8004431a',
    );
  }
  return value;
}

function fromBase64(column: Column, value: unknown): Uint8Array {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw unfit(column, 'base64');
  return Buffer.from(value, 'base64');
}

/** A stored value as it goes over the wire. */
export function toJson(column: Column, stored: unknown): unknown {
  if (stored === null || stored === undefined) return null;
  if (column.kind === 'boolean') return stored === 1;
  if (column.kind === 'choices' && typeof stored === 'string') return writeSelection(stored);
  return stored instanceof Uint8Array
    ? Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength).toString('base64')
    : stored;
}

const numbers = new Intl.NumberFormat('en-US');
const decimals = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** How amounts are written. */
export interface Currency {
  symbol: string;
  /** Digits after the point. */
  precision: number;
}

function money(amount: number, { symbol, precision }: Currency, formats: Formats): string {
  const digits = Math.min(Math.max(precision, 0), 10);
  const text = Math.abs(amount).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${amount < 0 ? '-' : ''}${symbol}${separate(text, formats)}`;
}

const unsaid: Currency = { symbol: '', precision: 2 };

/** A stored value as people read it; `undefined` where the value itself says it all. Lookups are named by their rows. */
export function formatted(
  column: Column,
  stored: unknown,
  formats: Formats,
  currency: Currency = unsaid,
): string | undefined {
  if (stored === null || stored === undefined) return undefined;
  switch (column.kind) {
    case 'choice':
      return column.options?.get(Number(stored));
    case 'choices':
      return typeof stored === 'string' ? labelsOf(column, stored) : undefined;
    case 'boolean':
      return stored === 1 ? 'Yes' : 'No';
    case 'integer':
    case 'bigint':
      return separate(numbers.format(Number(stored)), formats);
    case 'decimal':
      return separate(decimals.format(Number(stored)), formats);
    case 'money':
      return money(Number(stored), currency, formats);
    case 'date':
      return typeof stored === 'string' ? writeDay(new Date(stored), formats) : undefined;
    case 'datetime':
      return typeof stored === 'string' ? writeMoment(new Date(stored), formats) : undefined;
    default:
      return undefined;
  }
}
