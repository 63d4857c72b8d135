import { createHmac, timingSafeEqual } from 'node:crypto';
import { sql, type RawBuilder } from 'kysely';
import { HttpError } from '../../http/errors.ts';
import { badRequest } from '../bad-request.ts';
import { at, identifier, quoted } from '../identifier.ts';
import type { Session } from '../session.ts';
import { doesNotExist, versionMismatch } from '../write/write.ts';
import { readPieces, sizeOfPieces } from './pieces.ts';
import { nameColumn, type FilePlace } from './place.ts';
import { invalidToken } from './uploads.ts';

const LIFE = 24 * 60 * 60 * 1000;

/** What a token of a download says: it is sealed, not stored, so that reading writes nothing. */
interface Download {
  user: string;
  table: string;
  column: string;
  id: string;
  /** Of the row: blocks of two files are never mixed. */
  version: number;
  /** When it was given out, in milliseconds since 1970. */
  at: number;
}

export interface FileHead {
  size: number;
  name: string;
  token: string;
}

/** Size and name of a stored file, with a token to load it by. @throws {HttpError} 404 also when there is no file, 403 */
export async function openDownload(session: Session, place: FilePlace): Promise<FileHead> {
  const { table, column, id } = place;
  const named = nameColumn(table, column);
  const name = named === undefined ? sql`null` : at('t0', named.name);
  const row = await readPlace<{ name: string | null }>(session, place, sql`${name} as name`);
  if (row.size === null)
    throw new HttpError(404, `No file attachment found for attribute: ${column.name} EntityId: ${id}.`, '0x80040217');
  const download: Download = {
    user: session.caller.userId,
    table: table.name,
    column: column.name,
    id,
    version: Number(row.versionnumber),
    at: session.now().getTime(),
  };
  return { size: Number(row.size), name: row.name ?? '', token: await seal(session, download) };
}

/**
 * A part of the file, cut out by the database. The rights are asked anew each time.
 * @throws {HttpError} 400 for a token that is not the caller's or too old; 412 when the row was changed since
 */
export async function readBlock(session: Session, token: string, offset: number, length: number): Promise<Buffer> {
  const download = await unseal(session, token);
  const table = session.model.tables.get(download.table);
  const column = table?.columns.get(download.column);
  if (table === undefined || column === undefined) throw invalidToken();
  const place = { table, column, id: download.id };
  const stored = at('t0', column.name);
  const part = sql`substr(${stored}, ${sql.lit(offset + 1)}, ${sql.lit(length)}) as part`;
  const row = await readPlace<{ part: Uint8Array | null }>(session, place, part);
  if (Number(row.versionnumber) !== download.version) throw versionMismatch();
  if (row.size === null || offset >= Number(row.size))
    throw badRequest(`The Offset ${offset} lies behind the end of the file.`, '0x80048d19');
  return row.part === null ? readPieces(session, place.id, offset, length) : Buffer.from(row.part);
}

type Found<More> = More & { size: number | null; versionnumber: number };

async function readPlace<More>(
  { access, caller, queries }: Session,
  { table, column, id }: FilePlace,
  more: RawBuilder<unknown>,
): Promise<Found<More>> {
  access.demand(caller, 'read', table);
  access.demandColumn(caller, 'read', table, column);
  const visible = access.readable(caller, table, 't0');
  const own = sql`length(${at('t0', column.name)})`;
  const size =
    column.inPieces === true ? sql`coalesce(${own}, ${sql.raw(sizeOfPieces(quoted('t0', table.key)))})` : own;
  const { rows } = await sql<Found<More>>`
    select ${more}, ${size} as size, ${at('t0', 'versionnumber')} as versionnumber
    from ${identifier(table.name)} as t0
    where ${at('t0', table.key)} = ${id}${visible === undefined ? sql`` : sql` and ${visible}`}`.execute(queries);
  const [row] = rows;
  if (row === undefined) throw doesNotExist(table, id);
  return row;
}

async function seal(session: Session, download: Download): Promise<string> {
  const text = Buffer.from(JSON.stringify(download)).toString('base64url');
  return `${text}.${(await markOf(session, text)).toString('base64url')}`;
}

async function unseal(session: Session, token: string): Promise<Download> {
  const [text = '', mark = ''] = token.length > 2_000 ? [] : token.split('.');
  const [given, right] = [Buffer.from(mark, 'base64url'), await markOf(session, text)];
  if (given.length !== right.length || !timingSafeEqual(given, right)) throw invalidToken();
  // Ours, because of its seal.
  const download = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Download;
  const age = session.now().getTime() - download.at;
  if (download.user !== session.caller.userId || age > LIFE) throw invalidToken();
  return download;
}

async function markOf({ queries }: Session, text: string): Promise<Buffer> {
  const { rows } = await sql<{ value: string }>`select value from crm_secret where name = 'file-token'`.execute(
    queries,
  );
  const [secret] = rows;
  if (secret === undefined) throw new Error('The secret of file tokens is missing');
  return createHmac('sha256', Buffer.from(secret.value, 'hex')).update(text).digest();
}
