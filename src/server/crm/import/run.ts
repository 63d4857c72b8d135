import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { isUniqueViolation } from '../../db/errors.ts';
import { HttpError } from '../../http/errors.ts';
import type { Place } from '../../odata/answer/ask.ts';
import { dispatch } from '../../odata/dispatch.ts';
import type { Table } from '../../odata/metadata.ts';
import type { WriteSession } from '../../odata/session.ts';
import { storedTime } from '../../odata/values.ts';
import type { Plan, PlannedRow } from './plan.ts';

/** What happens to a row whose e-mail address is there already. */
export type OnDuplicate = 'skip' | 'update' | 'create';

export interface ImportResult {
  importId: string;
  created: number;
  updated: number;
  leftOut: number;
}

export interface ImportRequest {
  id: string;
  table: Table;
  plan: Plan;
  onDuplicate: OnDuplicate;
  /** Everything that was sent, hashed. */
  file: string;
}

export function hashOf(...parts: (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

/** Everything or nothing, in one transaction; the same import again answers with its result. @throws {HttpError} */
export async function runImport(place: Place, request: ImportRequest): Promise<ImportResult> {
  const [first] = request.plan.errors;
  if (first !== undefined) {
    const count = request.plan.errors.length;
    const more = count === 1 ? '' : ` ${count - 1} more cells do not fit.`;
    throw new HttpError(400, `Row ${first.row}: ${first.message}${more} Nothing was imported.`, '0x80048d19');
  }
  try {
    return await runOnce(place, request);
  } catch (error) {
    // The same import at the same time: the other one was first, and its result is there now.
    if (isUniqueViolation(error)) return runOnce(place, request);
    throw error;
  }
}

function runOnce(place: Place, request: ImportRequest): Promise<ImportResult> {
  return place.transaction(async (session) => {
    const before = await findImport(session, request);
    if (before !== undefined) return before;
    const inside: Place = { ...place, session, transaction: (work) => work(session) };
    const result = await writeRows(inside, request);
    await sql`insert into crm_import (importid, owner, file, result, createdon) values
      (${request.id}, ${session.caller.userId}, ${request.file}, ${JSON.stringify(result)}, ${storedTime(session.now())})`.execute(
      session.queries,
    );
    return result;
  });
}

async function findImport(session: WriteSession, { id, file }: ImportRequest): Promise<ImportResult | undefined> {
  const { rows } = await sql<{ owner: string; file: string; result: string }>`
    select owner, file, result from crm_import where importid = ${id}`.execute(session.queries);
  const known = rows[0];
  if (known === undefined) return undefined;
  if (known.owner !== session.caller.userId || known.file !== file)
    throw new HttpError(412, 'This import id was used for another file.', '0x80040237');
  return JSON.parse(known.result) as ImportResult;
}

async function writeRows(place: Place, { id, table, plan, onDuplicate }: ImportRequest): Promise<ImportResult> {
  const result: ImportResult = { importId: id, created: 0, updated: 0, leftOut: 0 };
  const made = new Map<number, string>();
  for (const row of plan.rows) {
    const duplicate = onDuplicate === 'create' ? undefined : row.duplicate;
    if (duplicate === undefined) {
      made.set(row.number, await write(place, row, 'POST', table.setName));
      result.created += 1;
    } else if (onDuplicate === 'skip') result.leftOut += 1;
    else {
      const known = 'id' in duplicate ? duplicate.id : made.get(duplicate.row);
      await write(place, row, 'PATCH', `${table.setName}(${known ?? ''})`);
      result.updated += 1;
    }
  }
  return result;
}

/** Through the Web API's own door, so that rights and rules are the same. @returns the row's id */
async function write(place: Place, row: PlannedRow, method: 'POST' | 'PATCH', path: string): Promise<string> {
  const headers = method === 'PATCH' ? { 'if-match': '*' } : {};
  try {
    const answer = await dispatch(place, {
      method,
      path,
      search: '',
      headers,
      body: Buffer.from(JSON.stringify(row.body)),
    });
    return /\(([^)]+)\)$/.exec(answer.headers['odata-entityid'] ?? '')?.[1] ?? '';
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    throw new HttpError(error.status, `Row ${row.number}: ${error.message} Nothing was imported.`, error.code);
  }
}
