import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Engine, Queries } from '../../db/engine.ts';
import type { Session, WriteSession } from '../session.ts';
import { storedTime } from '../values.ts';

/** A file whose bytes are stored already, in pieces, and which is nobody's yet. */
export interface KeptFile {
  fileid: string;
  size: number;
}

/** Where the bytes of a file go while a request is read. */
export interface FileWriter {
  readonly fileid: string;
  readonly write: (piece: Uint8Array) => Promise<void>;
}

/** Each piece is durable at once: a transaction would hold all others up for as long as the client sends. */
export async function openFile(queries: Queries, now: () => Date): Promise<FileWriter> {
  const fileid = randomUUID();
  let start = 0;
  await sql`insert into attachmentfile (fileid, storedon) values (${fileid}, ${storedTime(now())})`.execute(queries);
  return {
    fileid,
    async write(piece) {
      await sql`insert into attachmentpiece (fileid, start, data) values (${fileid}, ${start}, ${piece})`.execute(
        queries,
      );
      start += piece.length;
    },
  };
}

/** From now on the file is the content of an attachment, and goes with it. */
export async function giveFile({ queries }: WriteSession, { fileid }: KeptFile, attachmentId: string): Promise<void> {
  await sql`update attachmentfile set attachmentid = ${attachmentId} where fileid = ${fileid}`.execute(queries);
}

/** Unless it is somebody's by now. */
export async function dropFile(queries: Queries, fileid: string): Promise<void> {
  await sql`delete from attachmentfile where fileid = ${fileid} and attachmentid is null`.execute(queries);
}

/** What an attachment held so far, when it gets another content. */
export async function dropPieces({ queries }: WriteSession, attachmentId: string): Promise<void> {
  await sql`delete from attachmentfile where attachmentid = ${attachmentId}`.execute(queries);
}

/** What was stored by requests that were never carried out, and not tidied up after, for a day. */
export async function sweepFiles({ queries, now }: Pick<WriteSession, 'queries' | 'now'>): Promise<void> {
  const before = storedTime(new Date(now().getTime() - 24 * 60 * 60 * 1000));
  await sql`delete from attachmentfile where attachmentid is null and storedon <= ${before}`.execute(queries);
}

/** In a statement: the bytes of the row with this key, `null` where they are not in pieces. */
export function piecesOf(engine: Engine, key: string): string {
  const joined =
    engine === 'postgres' ? `string_agg(p.data, ''::bytea order by p.start)` : 'crm_join(p.data order by p.start)';
  return `(select ${joined} from attachmentfile as f join attachmentpiece as p on p.fileid = f.fileid where f.attachmentid = ${key})`;
}

/** In a statement: how many these are. */
export function sizeOfPieces(key: string): string {
  return `(select max(p.start + length(p.data)) from attachmentfile as f join attachmentpiece as p on p.fileid = f.fileid where f.attachmentid = ${key})`;
}

/** A part of them. */
export async function readPieces(
  { queries }: Session,
  attachmentId: string,
  offset: number,
  length: number,
): Promise<Buffer> {
  const { rows } = await sql<{ start: number; data: Uint8Array }>`select p.start, p.data from attachmentfile as f
    join attachmentpiece as p on p.fileid = f.fileid where f.attachmentid = ${attachmentId}
    and p.start < ${offset + length} and p.start + length(p.data) > ${offset} order by p.start`.execute(queries);
  const parts = rows.map(({ start, data }) => data.subarray(Math.max(0, offset - start), offset + length - start));
  return Buffer.concat(parts);
}
