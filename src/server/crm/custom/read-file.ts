import { readFileSync } from 'node:fs';
import { CustomTablesError } from './declaration.ts';

/** The JSON of a file with custom tables. @throws {CustomTablesError} when it cannot be read or is no JSON */
export function readCustomTables(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CustomTablesError([`${path}: ${error instanceof Error ? error.message : String(error)}`]);
  }
}
