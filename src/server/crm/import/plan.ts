import { fold } from '../../db/fold.ts';
import { HttpError } from '../../http/errors.ts';
import type { Place } from '../../odata/answer/ask.ts';
import type { Table } from '../../odata/metadata.ts';
import { readCell } from './cell.ts';
import { findByText, type Found } from './find.ts';
import { targetsOf, type Mapping, type Target } from './mapping.ts';
import type { Sheet, SheetRow } from './sheet.ts';

/** A row of a file as it would be stored. */
export interface PlannedRow {
  number: number;
  /** A body of the Web API. */
  body: Record<string, unknown>;
  /** What its cells said, target -> text. */
  shown: Record<string, string>;
  /** A row with the same e-mail address that is there already, or an earlier row of the file. */
  duplicate: Duplicate | undefined;
}

export type Duplicate = { id: string; name: string } | { row: number; name: string };

/** What is wrong with a row. `column` is the heading; empty where it is about the row as a whole. */
export interface RowError {
  row: number;
  column: string;
  message: string;
}

export interface Plan {
  rows: PlannedRow[];
  /** Nothing is imported while there is one. */
  errors: RowError[];
  /** What a person should know and need not change. */
  notes: RowError[];
}

/** Reads every cell, and looks for what is there already with the rights of the caller. */
export async function planRows(
  place: Place,
  table: Table,
  sheet: Sheet,
  mapping: Mapping,
  name: string,
): Promise<Plan> {
  const plan: Plan = { rows: [], errors: [], notes: [] };
  const targets = targetsOf(table);
  for (const [index, row] of sheet.rows.entries()) {
    plan.rows.push(planRow(table, targets, sheet, mapping, row, plan, name));
    // Ten thousand rows are a tenth of a second: others are answered meanwhile.
    if (index % 500 === 499) await new Promise((resolve) => setImmediate(resolve));
  }
  await linkCompanies(place, plan, sheet, mapping);
  await findDuplicates(place, table, plan.rows);
  return plan;
}

function planRow(
  table: Table,
  targets: ReadonlyMap<string, Target>,
  sheet: Sheet,
  mapping: Mapping,
  row: SheetRow,
  plan: Plan,
  fileName: string,
): PlannedRow {
  const planned: PlannedRow = { number: row.number, body: {}, shown: {}, duplicate: undefined };
  for (const [index, name] of mapping.entries()) {
    const target = name === null ? undefined : targets.get(name);
    const cell = row.cells[index]?.trim() ?? '';
    if (target !== undefined && cell !== '') planCell(planned, target, cell, sheet.headings[index] ?? '', plan);
  }
  const further = row.cells.slice(sheet.headings.length);
  if (further.some((cell) => cell.trim() !== ''))
    plan.errors.push({ row: row.number, column: '', message: 'The row has more cells than there are headings.' });
  demandName(table, planned.body, row, plan, fileName);
  return planned;
}

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

function planCell({ number, body, shown }: PlannedRow, target: Target, cell: string, column: string, plan: Plan): void {
  shown[target.name] = cell;
  try {
    if (target.name === 'parentcustomerid') return;
    if (target.name === 'fullname') return splitName(cell, body);
    const value = readCell(target.column, cell);
    body[target.name] = value;
    if (typeof value === 'string') shown[target.name] = value;
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    plan.errors.push({ row: number, column, message: error.message });
    return;
  }
  if (target.column.email === true && !ADDRESS.test(cell)) {
    const message = `“${cell.slice(0, 40)}” is not an e-mail address: mail will not be recognised by it.`;
    plan.notes.push({ row: number, column, message });
  }
}

/** "Whitfield, Dana" or "Dana Whitfield"; columns of their own win. */
function splitName(cell: string, body: Record<string, unknown>): void {
  const comma = /^([^,]+),\s*(.+)$/.exec(cell);
  const gap = cell.lastIndexOf(' ');
  const first = comma?.[2] ?? (gap < 0 ? undefined : cell.slice(0, gap));
  body['firstname'] ??= first?.trim();
  body['lastname'] ??= (comma?.[1] ?? cell.slice(gap + 1)).trim();
}

function demandName(table: Table, body: Record<string, unknown>, row: SheetRow, plan: Plan, fileName: string): void {
  const has = (...names: string[]) => names.some((name) => body[name] !== undefined);
  const missing =
    table.name === 'account'
      ? !has('name') && 'An account needs a name.'
      : !has('firstname', 'lastname', 'emailaddress1', 'companyname') &&
        'The row has neither a name nor an e-mail address.';
  if (missing !== false) plan.errors.push({ row: row.number, column: '', message: missing });
  if (table.name === 'lead') body['subject'] ??= `Imported from ${fileName}`;
}

/** A company is a link to the account of that name, where the caller sees exactly one. */
async function linkCompanies(place: Place, plan: Plan, sheet: Sheet, mapping: Mapping): Promise<void> {
  const index = mapping.indexOf('parentcustomerid');
  if (index < 0) return;
  const names = plan.rows.flatMap(({ shown }) => shown['parentcustomerid'] ?? []);
  const accounts = await findByText(place, 'accounts', 'name', names);
  for (const row of plan.rows) {
    const name = row.shown['parentcustomerid'];
    if (name === undefined) continue;
    const found = accounts.get(fold(name)) ?? [];
    const [only] = found;
    if (found.length === 1 && only !== undefined)
      row.body['parentcustomerid_account@odata.bind'] = `/accounts(${only.id})`;
    else {
      delete row.shown['parentcustomerid'];
      const reason = found.length === 0 ? `There is no account “${name}”` : `There are several accounts “${name}”`;
      plan.notes.push({
        row: row.number,
        column: sheet.headings[index] ?? '',
        message: `${reason}; the company stays empty.`,
      });
    }
  }
}

async function findDuplicates(place: Place, table: Table, rows: readonly PlannedRow[]): Promise<void> {
  const addresses = rows.flatMap((row) => addressOf(row) ?? []);
  const known = await findByText(place, table.setName, 'emailaddress1', addresses);
  const seen = new Map<string, PlannedRow>();
  for (const row of rows) {
    const address = addressOf(row);
    if (address === undefined) continue;
    const found: Found | undefined = known.get(fold(address))?.[0];
    const earlier = seen.get(fold(address));
    if (found !== undefined) row.duplicate = { id: found.id, name: found.name };
    else if (earlier !== undefined) row.duplicate = { row: earlier.number, name: address };
    else seen.set(fold(address), row);
  }
}

function addressOf({ body }: PlannedRow): string | undefined {
  const address = body['emailaddress1'];
  return typeof address === 'string' ? address : undefined;
}
