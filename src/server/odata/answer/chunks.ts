import { badRequest } from '../bad-request.ts';
import { BLOCK, blocksOf, joinBlocks, putBlock, tooLarge } from '../files/blocks.ts';
import { demandReplaceable, LARGEST_FILE, type FilePlace } from '../files/place.ts';
import { closeUpload, invalidToken, openUpload, requireUpload, type Upload } from '../files/uploads.ts';
import type { ApiResponse } from '../message.ts';
import type { WriteSession } from '../session.ts';
import { requireRow, updateRow } from '../write/write.ts';
import type { Ask } from './ask.ts';
import { fileValues, givenName } from './file.ts';
import { demandVersion } from './write-row.ts';

/**
 * A file that is PATCHed in chunks: an announcement, answered with the address for the chunks, then each of them with its
 * Content-Range. Nothing of it is seen before the last one is there.
 * https://learn.microsoft.com/power-apps/developer/data-platform/file-column-data
 */
export function isAnnouncement({ request: { headers } }: Ask): boolean {
  return headers['x-ms-transfer-mode']?.toLowerCase() === 'chunked' && headers['content-range'] === undefined;
}

export function announce(ask: Ask, place: FilePlace): Promise<ApiResponse> {
  const { table, column, id } = place;
  if (column.kind !== 'bytes') throw badRequest(`${column.name} holds no file.`, '0x80048d19');
  const filename = givenName(ask) ?? '';
  return ask.place.transaction(async (session) => {
    await demandReplaceable(session, place);
    const token = await openUpload(session, {
      tablename: table.name,
      recordid: id,
      columnname: column.name,
      filename: filename.slice(0, 1_000),
    });
    const location = `${session.root}${table.setName}(${id})/${column.name}?sessiontoken=${token}`;
    return { status: 200, headers: { location, 'x-ms-chunk-size': String(BLOCK), 'accept-ranges': 'bytes' } };
  });
}

/** 206 for a chunk; 204 for the last one, with which the file takes its place. @throws {HttpError} 400 */
export function putChunk(ask: Ask, place: FilePlace, token: string): Promise<ApiResponse> {
  const body = ask.request.body ?? Buffer.alloc(0);
  const { from, total } = readContentRange(ask, body.length);
  return ask.place.transaction(async (session) => {
    const upload = await requireUpload(session, token);
    const { table, column, id } = place;
    if (upload.tablename !== table.name || upload.recordid !== id || upload.columnname !== column.name)
      throw invalidToken();
    await putBlock(session, upload, String(from).padStart(12, '0'), body);
    if (from + body.length < total) return { status: 206, headers: {} };
    const file = await joinBlocks(session, upload, await demandWhole(session, upload, total));
    const before = await requireRow(session, table, id);
    demandVersion(ask.request.headers['if-match'], before);
    const name = givenName(ask) ?? upload.filename;
    await updateRow(session, table, before, fileValues(table, column, file, name === '' ? undefined : name));
    await closeUpload(session, upload, file);
    return { status: 204, headers: {} };
  });
}

function readContentRange({ request: { headers } }: Ask, length: number): { from: number; total: number } {
  const match = /^bytes (\d{1,12})-(\d{1,12})\/(\d{1,12})$/.exec(headers['content-range']?.trim() ?? '');
  const [from, to, total] = (match ?? []).slice(1).map(Number);
  if (from === undefined || to === undefined || total === undefined || to >= total || to - from + 1 !== length)
    throw badRequest(
      `A chunk of ${length} bytes needs a Content-Range that fits it, such as bytes 0-4194303/25870370.`,
      '0x80048d19',
    );
  if (total > LARGEST_FILE) throw tooLarge();
  return { from, total };
}

/** @returns the chunks in their order. @throws {HttpError} 400 naming the first byte that did not come */
async function demandWhole(session: WriteSession, upload: Upload, total: number): Promise<string[]> {
  const chunks = await blocksOf(session, upload);
  let end = 0;
  for (const [start, size] of chunks) {
    if (Number(start) !== end) throw badRequest(`The chunk that begins with byte ${end} did not come.`, '0x80048d19');
    end += size;
  }
  if (end !== total) throw badRequest(`The chunks have ${end} bytes together, not ${total}.`, '0x80048d19');
  return [...chunks.keys()];
}
