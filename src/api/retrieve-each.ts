import { CrmError } from '../model/errors.ts';
import type { Row } from './dataverse.ts';
import { readBatch, writeBatch } from './dialect.ts';
import { errorFrom, type Http } from './http.ts';
import { isObject } from '../model/is-object.ts';

const boundary = 'batch_alongside_each';
const always = { accept: 'application/json', 'odata-version': '4.0', 'odata-maxversion': '4.0' };

/**
 * Rows or answers of functions, many with one request, each on its own: what cannot be had is its error and does not keep the
 * others from being answered. Rejects with CrmError when the whole request failed.
 */
export async function retrieveEach(http: Http, paths: readonly string[]): Promise<readonly (Row | CrmError)[]> {
  if (paths.length === 0) return [];
  const answer = await http.send({
    method: 'POST',
    path: '$batch',
    headers: {
      ...always,
      'content-type': `multipart/mixed; boundary=${boundary}`,
      prefer: 'odata.continue-on-error',
    },
    body: writeBatch(boundary, paths, { ...always, prefer: 'odata.include-annotations="*"' }),
  });
  try {
    const parts = readBatch(answer.headers.get('content-type') ?? '', answer.text);
    if (parts.length !== paths.length) throw new SyntaxError('parts are missing');
    return parts.map((part) =>
      part.status >= 200 && part.status < 300 ? rowOf(part.body) : errorFrom(part, part.body),
    );
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new CrmError('unavailable', 'The answer makes no sense.', { status: answer.status }, cause);
  }
}

function rowOf(body: string): Row {
  const row: unknown = JSON.parse(body);
  if (!isObject(row)) throw new SyntaxError('not a row');
  return row;
}
