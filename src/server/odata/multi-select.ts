import { sql, type RawBuilder } from 'kysely';
import type { Engine } from '../db/engine.ts';
import { badRequest, shown } from './bad-request.ts';
import type { Column } from './metadata.ts';

/**
 * Columns that hold several choices. Over the wire `"1,3"`; stored `,1,3,`, in the order of the numbers and each once: so
 * equal sets are equal texts, and what stands between two commas is one choice and never a part of another.
 * https://learn.microsoft.com/power-apps/developer/data-platform/multi-select-picklist
 */

/** Documented: as many can be selected in one column. */
const MOST = 150;

/** `"1, 9"` -> 1 and 9, in order and each once; `undefined` for anything else. */
function readValues(text: string): number[] | undefined {
  if (text.length > MOST * 12) return undefined;
  const parts = text.split(',').map((part) => part.trim());
  if (!parts.every((part) => /^-?\d{1,10}$/.test(part))) return undefined;
  return [...new Set(parts.map(Number))].sort((one, other) => one - other);
}

function store(values: readonly number[]): string {
  return `,${values.join(',')},`;
}

/** What a JSON body says is selected; nothing at all is null. @throws {HttpError} 400 naming the column */
export function fromSelection(column: Column, value: unknown): string | null {
  if (typeof value !== 'string')
    throw badRequest(`The value given for ${column.name} is not a text such as "1,3".`, '0x80048d19');
  if (value.trim() === '') return null;
  const values = readValues(value);
  const outside = values?.find((each) => column.options?.has(each) !== true);
  if (values === undefined || outside !== undefined) {
    const known = [...(column.options?.keys() ?? [])].join(', ');
    throw badRequest(
      `The value ${shown(String(outside ?? value))} of ${column.name} is outside the valid range. Known values: ${known}.`,
      '0x8004431a',
    );
  }
  if (values.length > MOST) throw badRequest(`${column.name} holds at most ${MOST} choices.`, '0x8004431a');
  return store(values);
}

/**
 * Values of a condition, each a choice or several with commas, together as one stored set: that is also what In is given.
 * @throws {HttpError} 400 naming the column
 */
export function fromValues(column: Column, values: readonly unknown[]): string {
  return store(readAll(column, values));
}

function readAll(column: Column, values: readonly unknown[]): number[] {
  const read = values.length > 2_000 ? undefined : values.map((value) => readValues(String(value)));
  const found = read?.every((each) => each !== undefined) === true ? read.flat() : undefined;
  if (found === undefined || found.length === 0)
    throw badRequest(`The value given for ${column.name} does not fit its type: choices such as "1,3".`);
  return [...new Set(found)].sort((one, other) => one - other);
}

/** Whether any of the values is among those selected. One parameter, however many there are. */
export function containsAny(
  engine: Engine,
  column: Column,
  ref: RawBuilder<unknown>,
  values: readonly unknown[],
): RawBuilder<boolean> {
  const marked = readAll(column, values).map((value) => store([value]));
  return engine === 'postgres'
    ? sql<boolean>`exists (select 1 from unnest(${marked}::text[]) as wanted (value) where strpos(${ref}, wanted.value) > 0)`
    : sql<boolean>`exists (select 1 from json_each(${JSON.stringify(marked)}) as wanted where instr(${ref}, wanted.value) > 0)`;
}

/** `,1,3,` -> `1,3` */
export function writeSelection(stored: string): string {
  return stored.slice(1, -1);
}

/** `,1,3,` -> `Swimming; Camping`; an option that is no longer declared is shown by its number. */
export function labelsOf({ options }: Column, stored: string): string {
  return writeSelection(stored)
    .split(',')
    .map((value) => options?.get(Number(value)) ?? value)
    .join('; ');
}
