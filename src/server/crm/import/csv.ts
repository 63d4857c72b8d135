import { CsvError, parse, type Info } from 'csv-parse';
import type { Sheet, SheetRow } from './sheet.ts';
import { unreadable } from './text.ts';

const DELIMITERS = [',', ';', '\t', '|'];
const COLUMNS = 300;
/** Characters that are handed to the parser at a time; between them others are answered. */
const PIECE = 64 * 1024;

/** @throws {HttpError} 400 naming the line */
export async function readCsv(text: string, most: number): Promise<Pick<Sheet, 'delimiter' | 'headings' | 'rows'>> {
  // The first line with which Excel names the delimiter.
  const named = /^sep=(.)\r?\n/i.exec(text);
  const delimiter = named?.[1] ?? delimiterOf(text);
  const content = named === null ? text : text.slice(named[0].length);
  let headings: readonly string[] | undefined;
  const rows: SheetRow[] = [];
  for await (const { cells, line } of records(content, delimiter)) {
    if (cells.every((cell) => cell.trim() === '')) continue;
    if (headings === undefined) headings = demandHeadings(cells);
    else rows.push({ number: line + (named === null ? 0 : 1), cells });
    if (rows.length > most) throw unreadable(`The file has more than ${most} rows. Split it and import the parts.`);
  }
  if (headings === undefined) throw unreadable('The file is empty.');
  return { delimiter, headings, rows };
}

function demandHeadings(cells: readonly string[]): readonly string[] {
  if (cells.length > COLUMNS) throw unreadable(`The file has more than ${COLUMNS} columns.`);
  return cells.map((cell, index) => cell.trim() || `Column ${index + 1}`);
}

/** The one that stands most often in the first line, outside of quotes. */
function delimiterOf(text: string): string {
  const line = (/^(?:"(?:[^"]|"")*"|[^"\r\n])*/.exec(text.trimStart().slice(0, 20_000))?.[0] ?? '').replace(
    /"(?:[^"]|"")*"/g,
    '',
  );
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ',';
}

async function* records(text: string, delimiter: string): AsyncGenerator<{ cells: string[]; line: number }> {
  const parser = parse({ delimiter, relax_column_count: true, info: true, skip_empty_lines: true });
  const feed = async () => {
    for (let from = 0; from < text.length; from += PIECE) {
      if (parser.destroyed) return;
      if (!parser.write(text.slice(from, from + PIECE)))
        await new Promise<void>((resolve) => {
          parser.once('drain', resolve).once('close', resolve);
        });
    }
    parser.end();
  };
  void feed();
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      const breaks = record.reduce((sum, cell) => sum + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
      yield { cells: record, line: info.lines - breaks };
    }
  } catch (error) {
    throw error instanceof CsvError ? readError(error) : error;
  } finally {
    parser.destroy();
  }
}

function readError(error: CsvError): Error {
  const line = typeof error['lines'] === 'number' ? ` Look at line ${error['lines']} or above it.` : '';
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return unreadable(`A quotation mark is opened and never closed.${line}`);
    case 'INVALID_OPENING_QUOTE':
    case 'CSV_INVALID_CLOSING_QUOTE':
      return unreadable(`A quotation mark stands where none can be.${line}`);
    default:
      return unreadable(`The file cannot be read as CSV.${line}`);
  }
}
