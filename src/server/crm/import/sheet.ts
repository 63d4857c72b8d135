import type { Encoding } from './text.ts';

/** What was in a file, whatever its form: headings, and below them rows of text. */
export interface Sheet {
  kind: 'csv' | 'vcard';
  encoding: Encoding;
  /** Of a CSV file. */
  delimiter: string | undefined;
  headings: readonly string[];
  rows: readonly SheetRow[];
}

export interface SheetRow {
  /** The line it begins at, or the number of the card: what a person finds it by. */
  number: number;
  cells: readonly string[];
}
