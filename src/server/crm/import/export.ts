import { stringify } from 'csv-stringify/sync';
import type { Place } from '../../odata/answer/ask.ts';
import { dispatch } from '../../odata/dispatch.ts';
import type { Column, Table } from '../../odata/metadata.ts';
import { findColumn } from '../../odata/read/scope.ts';
import type { Row } from '../../odata/session.ts';

const PAGE = 1_000;
const FORMATTED = '@OData.Community.Display.V1.FormattedValue';

export interface ExportRequest {
  table: Table;
  /** The options of the Web API: $select, $filter, $orderby, fetchXml, ... */
  search: string;
  /** Display names, or the logical ones. */
  headings: 'label' | 'logical';
  mark: boolean;
}

/**
 * The rows of a query as CSV (RFC 4180), page by page, read through the Web API with the caller's rights.
 * @returns the first page has been read when this resolves, so what is wrong with the query is thrown here
 */
export async function exportRows(place: Place, request: ExportRequest): Promise<AsyncGenerator<string>> {
  const first = await readPage(place, request.table.setName, request.search);
  return pages(place, request, first);
}

interface PageOfRows {
  rows: Row[];
  /** The options of the next page. */
  next: string | undefined;
}

async function* pages(
  place: Place,
  { table, search, headings, mark }: ExportRequest,
  first: PageOfRows,
): AsyncGenerator<string> {
  const columns = columnsOf(table, search, first.rows[0]);
  const labels = columns.map((column) => (headings === 'label' ? column.label : column.name));
  yield (mark ? '\ufeff' : '') + lines([labels]);
  for (let page: PageOfRows | undefined = first; page !== undefined;) {
    yield lines(page.rows.map((row) => columns.map((column) => cellOf(column, row))));
    page = page.next === undefined ? undefined : await readPage(place, table.setName, page.next);
  }
}

async function readPage(place: Place, path: string, search: string): Promise<PageOfRows> {
  const prefer = `odata.maxpagesize=${PAGE},odata.include-annotations="OData.Community.Display.V1.FormattedValue"`;
  const { body } = await dispatch(place, { method: 'GET', path, search, headers: { prefer }, body: undefined });
  const { value, '@odata.nextLink': link } = body as { value: Row[]; '@odata.nextLink'?: string };
  return { rows: value, next: link?.slice(link.indexOf('?') + 1) };
}

/** What $select names, in its order; else what people work with. */
function columnsOf(table: Table, search: string, row: Row | undefined): Column[] {
  const selected = new URLSearchParams(search).get('$select')?.split(',');
  if (selected !== undefined && !selected.includes('*'))
    return selected.map((name) => findColumn(table, name.trim())).filter((column) => column !== undefined);
  const inRow = ({ name, kind }: Column) => row === undefined || (kind === 'lookup' ? `_${name}_value` : name) in row;
  return [...table.columns.values()].filter(
    (column) =>
      column.kind !== 'guid' &&
      column.kind !== 'bytes' &&
      column.heavy !== true &&
      column.name !== 'versionnumber' &&
      inRow(column),
  );
}

function cellOf({ name, kind }: Column, row: Row): string {
  const property = kind === 'lookup' ? `_${name}_value` : name;
  const value = row[property];
  if (value === null || value === undefined) return '';
  const named = ['lookup', 'choice', 'choices', 'boolean'].includes(kind);
  const label = named ? row[property + FORMATTED] : undefined;
  const text = typeof label === 'string' ? label : typeof value === 'string' ? value : JSON.stringify(value);
  // A number is never a formula; whatever was typed by people may be one.
  return typeof value === 'number' && !named ? text : guard(text);
}

/** A spreadsheet would run what begins like a formula (OWASP, CSV injection). The import takes the apostrophe off again. */
function guard(text: string): string {
  return /^[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]/.test(text) ? `'${text}` : text;
}

function lines(rows: readonly (readonly string[])[]): string {
  return rows.length === 0
    ? ''
    : stringify(
        rows.map((row) => [...row]),
        { record_delimiter: '\r\n', quoted_match: /[\r\n]/ },
      );
}
