import { randomUUID } from 'node:crypto';
import { sql, type RawBuilder } from 'kysely';
import { HttpError } from '../http/errors.ts';
import type { Scope } from './scope.ts';
import type { Effect } from './write.ts';

/** Bytes of an attachment, one chunk of at most a megabyte in memory at a time; it belongs to its reader, who may release it. */
export interface StoredAttachment {
  readonly size: number;
  readonly chunks: () => AsyncGenerator<Uint8Array, void>;
}

export const chunkSize = 1024 * 1024;

/**
 * What PostgreSQL is asked for at once: it sends two characters for each byte, and the driver gathers what does not come with one
 * read from the socket in buffer after buffer, eight megabytes of them for a chunk.
 */
const packet = 24 * 1024;

/**
 * Stores bytes as they come, in rows of a megabyte, and says last that they are there: an upload cut short leaves chunks that
 * nobody reads and `purge` removes. The same again changes nothing, whoever comes first.
 */
export async function putAttachment(
  scope: Scope,
  owner: string,
  changeId: string,
  part: number,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { tables, now } = scope;
  if (await isThere(scope, owner, changeId, part)) return;
  const upload = randomUUID();
  let size = 0;
  let number = 0;
  for await (const chunk of inChunks(bytes)) {
    await tables.insertInto('ledger_chunk').values({ upload, number, stored_at: now(), bytes: chunk }).execute();
    size += chunk.length;
    number += 1;
  }
  const stored = await tables
    .insertInto('ledger_attachment')
    .values({ change_id: changeId, part, owner, upload, size, stored_at: now() })
    .onConflict((clash) => clash.doNothing())
    .executeTakeFirst();
  if (stored.numInsertedOrUpdatedRows === 1n) return;
  await tables.deleteFrom('ledger_chunk').where('upload', '=', upload).execute();
  await isThere(scope, owner, changeId, part);
}

/** @throws {HttpError} 403 when it is somebody else's */
async function isThere({ tables }: Scope, owner: string, changeId: string, part: number): Promise<boolean> {
  const there = await tables
    .selectFrom('ledger_attachment')
    .select('owner')
    .where('change_id', '=', changeId)
    .where('part', '=', part)
    .executeTakeFirst();
  if (there !== undefined && there.owner !== owner) throw new HttpError(403, 'This change belongs to somebody else.');
  return there !== undefined;
}

export async function openAttachment(
  { tables, engine }: Scope,
  changeId: string,
  part: number,
): Promise<StoredAttachment | null> {
  const row = await tables
    .selectFrom('ledger_attachment')
    .select(['upload', 'size'])
    .where('change_id', '=', changeId)
    .where('part', '=', part)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { upload, size } = row;
  const longest = engine === 'postgres' ? packet : chunkSize;
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    for (let number = 0, from = 0; ;) {
      const slice = await tables
        .selectFrom('ledger_chunk')
        .select(sql<Uint8Array>`substr(bytes, ${sql.lit(from + 1)}, ${sql.lit(longest)})`.as('bytes'))
        .where('upload', '=', upload)
        .where('number', '=', number)
        .executeTakeFirst();
      if (slice === undefined) return;
      const { length } = slice.bytes;
      if (length > 0) yield slice.bytes;
      [number, from] = length < longest ? [number + 1, 0] : [number, from + length];
    }
  }
  return { size, chunks };
}

/** Removes the bytes of the Changes that `theirs` finds by `change_id`; before their attachments, which say where they are. */
export function removeChunks(theirs: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`delete from ledger_chunk where upload in (select upload from ledger_attachment where ${theirs})`;
}

export function removeAttachments(theirs: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`delete from ledger_attachment where ${theirs}`;
}

/** What is done or dropped needs its bytes no more. */
export const removeBytes: readonly Effect[] = [removeChunks, removeAttachments].map(
  (remove) => (changed) => remove(sql`change_id in (select id from ${changed} where state in ('done', 'dropped'))`),
);

/**
 * The same bytes in pieces of `chunkSize`; the last may be smaller. A piece holds until the next is asked for: all lie in one
 * buffer, or megabytes would be waiting for the garbage collector, which does not hurry for what is outside its heap.
 */
async function* inChunks(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const chunk = Buffer.allocUnsafe(chunkSize);
  let length = 0;
  for await (const given of bytes) {
    for (let rest = given; rest.length > 0;) {
      const piece = rest.subarray(0, chunkSize - length);
      chunk.set(piece, length);
      length += piece.length;
      rest = rest.subarray(piece.length);
      if (length < chunkSize) continue;
      yield chunk;
      length = 0;
    }
  }
  if (length > 0) yield chunk.subarray(0, length);
}
