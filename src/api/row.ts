import type { Row } from './dataverse.ts';

/** Reading a Row: what is not there, or of another type, is null. The CRM is outside, so nothing is believed unread. */

export function text(row: Row, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' && value !== '' ? value : null;
}

export function number(row: Row, column: string): number | null {
  const value = row[column];
  return typeof value === 'number' ? value : null;
}

/** A choice, lookup or money as the CRM writes it for people. */
export function formatted(row: Row, column: string): string | null {
  return text(row, `${column}@OData.Community.Display.V1.FormattedValue`);
}

export interface Lookup {
  readonly id: string;
  readonly table: string | null;
  readonly name: string | null;
}

/** A lookup column by its logical name: `_ownerid_value` and its annotations. */
export function lookup(row: Row, column: string): Lookup | null {
  const id = text(row, `_${column}_value`);
  if (id === null) return null;
  const table = text(row, `_${column}_value@Microsoft.Dynamics.CRM.lookuplogicalname`);
  return { id: id.toLowerCase(), table, name: formatted(row, `_${column}_value`) };
}
