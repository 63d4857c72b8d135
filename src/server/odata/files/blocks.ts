import { sql } from 'kysely';
import type { HttpError } from '../../http/errors.ts';
import { badRequest, shown } from '../bad-request.ts';
import type { WriteSession } from '../session.ts';
import { LARGEST_FILE } from './place.ts';
import type { Upload } from './uploads.ts';

/** Documented: a block has 4 MB or less. */
export const BLOCK = 4 * 1024 * 1024;
const MOST_BLOCKS = 1_000;
/** What one person's unfinished uploads may hold together. */
const MOST_WAITING = 8 * LARGEST_FILE;

/** Keeps a block; one that was sent before under the same id is replaced. @throws {HttpError} 400 */
export async function putBlock(
  { queries, caller }: WriteSession,
  { fileid }: Upload,
  blockId: string,
  data: Uint8Array,
): Promise<void> {
  if (data.length === 0) throw badRequest('The block is empty.', '0x80048d19');
  const { rows } = await sql<{ count: number; size: number | null; mine: number | null }>`
    select count(*) as count, sum(b.size) as size, (select sum(w.size) from fileblock as w
      join fileupload as u on u.fileid = w.fileid where u.userid = ${caller.userId} and u.expireson is not null) as mine
    from fileblock as b where b.fileid = ${fileid} and b.blockid <> ${blockId}`.execute(queries);
  const [{ count = 0, size = 0, mine = 0 } = {}] = rows;
  if (Number(size) + data.length > LARGEST_FILE) throw tooLarge();
  if (Number(count) >= MOST_BLOCKS) throw badRequest(`A file comes in at most ${MOST_BLOCKS} blocks.`, '0x80048d19');
  if (Number(mine) + data.length > MOST_WAITING)
    throw badRequest('Too much was uploaded and not committed; commit it, or wait for a day.', '0x80048d19');
  await sql`insert into fileblock (fileid, blockid, size, data) values (${fileid}, ${blockId}, ${data.length}, ${data})
    on conflict (fileid, blockid) do update set size = excluded.size, data = excluded.data`.execute(queries);
}

export function tooLarge(): HttpError {
  return badRequest('Attachment file size is too big.', '0x80044a02');
}

/** Ids and sizes of what has come, in the order of the ids. */
export async function blocksOf({ queries }: WriteSession, { fileid }: Upload): Promise<Map<string, number>> {
  const { rows } = await sql<{ blockid: string; size: number }>`
    select blockid, size from fileblock where fileid = ${fileid} order by blockid`.execute(queries);
  return new Map(rows.map(({ blockid, size }) => [blockid, Number(size)]));
}

/**
 * The blocks one after the other. Here the file is in memory as a whole, once: rules look at all of it, and a row is written
 * by one statement. While it comes and goes in blocks it is not.
 * @throws {HttpError} 400 naming a block that did not come
 */
export async function joinBlocks(session: WriteSession, upload: Upload, blockIds: readonly string[]): Promise<Buffer> {
  const sizes = await blocksOf(session, upload);
  const missing = blockIds.find((blockId) => !sizes.has(blockId));
  if (missing !== undefined || blockIds.length === 0)
    throw badRequest(`The BlockList names a block that was not uploaded: "${shown(missing ?? '')}".`, '0x80048d19');
  const total = blockIds.reduce((sum, blockId) => sum + (sizes.get(blockId) ?? 0), 0);
  if (total > LARGEST_FILE) throw tooLarge();
  const file = Buffer.allocUnsafe(total);
  let offset = 0;
  for (const blockId of blockIds) {
    const { rows } = await sql<{ data: Uint8Array }>`
      select data from fileblock where fileid = ${upload.fileid} and blockid = ${blockId}`.execute(session.queries);
    const data = rows[0]?.data ?? new Uint8Array();
    file.set(data, offset);
    offset += data.length;
  }
  return file;
}
