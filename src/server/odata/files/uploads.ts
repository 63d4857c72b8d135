import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { isOneOf, limit } from '../../db/engine.ts';
import type { HttpError } from '../../http/errors.ts';
import { badRequest } from '../bad-request.ts';
import type { Session, WriteSession } from '../session.ts';
import { storedTime } from '../values.ts';
import { sweepFiles } from './pieces.ts';

/**
 * A file on its way, in blocks that are rows: nothing of it is seen anywhere before it is complete. Only who began an upload
 * can go on with it, and only for a day; what was left lying is swept every hour, and when the next upload begins.
 */
export interface Upload {
  fileid: string;
  tablename: string;
  /** `null` where the row is made when the file is complete. */
  recordid: string | null;
  columnname: string;
  filename: string;
}

const LIFE = 24 * 60 * 60 * 1000;
/** Uploads of one person that were begun and not ended. */
const MOST_UPLOADS = 100;
const SWEPT_AT_ONCE = 50;

/** @returns the token that goes with every block; it cannot be guessed, and the database knows only its hash */
export async function openUpload(session: WriteSession, upload: Omit<Upload, 'fileid'>): Promise<string> {
  await sweepUploads(session);
  await demandFewUploads(session);
  const token = randomBytes(32).toString('base64url');
  const until = storedTime(new Date(session.now().getTime() + LIFE));
  const { tablename, recordid, columnname, filename } = upload;
  await sql`insert into fileupload (fileid, token, userid, tablename, recordid, columnname, filename, expireson)
    values (${randomUUID()}, ${hashOf(token)}, ${session.caller.userId}, ${tablename}, ${recordid}, ${columnname}, ${filename}, ${until})`.execute(
    session.queries,
  );
  return token;
}

/**
 * The caller's upload, kept from everybody else until the transaction ends.
 * @throws {HttpError} 400 for a token that is unknown, expired, used up or somebody else's: which of these is not said
 */
export async function requireUpload(session: WriteSession, token: string): Promise<Upload> {
  const { queries, engine, caller, now } = session;
  const { rows } = await sql<Upload>`select fileid, tablename, recordid, columnname, filename from fileupload
    where token = ${hashOf(token)} and userid = ${caller.userId} and expireson > ${storedTime(now())}${engine === 'postgres' ? sql` for update` : sql``}`.execute(
    queries,
  );
  const [found] = rows;
  if (found === undefined) throw invalidToken();
  return found;
}

export function invalidToken(): HttpError {
  return badRequest('The FileContinuationToken is not valid, or it has expired.', '0x80048d19');
}

/**
 * Ends an upload. @param content what was stored, where its id shall name it from now on: the file of a column
 * @returns the id of the file
 */
export async function closeUpload(session: WriteSession, upload: Upload, content?: Uint8Array): Promise<string> {
  const { fileid, tablename, recordid, columnname } = upload;
  await sql`delete from fileblock where fileid = ${fileid}`.execute(session.queries);
  if (content === undefined) await sql`delete from fileupload where fileid = ${fileid}`.execute(session.queries);
  else {
    await sql`delete from fileupload where recordid = ${recordid} and tablename = ${tablename} and columnname = ${columnname}
      and contenthash is not null`.execute(session.queries);
    await sql`update fileupload set token = null, expireson = null, contenthash = ${contentHash(content)}
      where fileid = ${fileid}`.execute(session.queries);
  }
  return fileid;
}

/** The place that a complete file was stored in, and the hash of what it held then. */
export async function findStored(
  { queries }: Session,
  fileid: string,
): Promise<(Upload & { contenthash: string }) | undefined> {
  const { rows } = await sql<Upload & { contenthash: string }>`
    select fileid, tablename, recordid, columnname, filename, contenthash from fileupload
    where fileid = ${fileid} and contenthash is not null`.execute(queries);
  return rows[0];
}

export function contentHash(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/**
 * Removes uploads that were begun and not ended within a day, with their blocks, a few at once.
 * @returns whether there may be more
 */
export async function sweepUploads({
  queries,
  engine,
  now,
}: Pick<WriteSession, 'queries' | 'engine' | 'now'>): Promise<boolean> {
  // What another transaction holds is being swept by it; waiting for one another could end in a deadlock.
  const lock = engine === 'postgres' ? sql` for update skip locked` : sql``;
  const { rows } = await sql<{ fileid: string }>`select fileid from fileupload where expireson <= ${storedTime(now())}
    order by expireson${limit(SWEPT_AT_ONCE)}${lock}`.execute(queries);
  const swept = rows.map(({ fileid }) => fileid);
  const isSwept = isOneOf(engine, sql.ref('fileid'), swept);
  await sql`delete from fileblock where ${isSwept}`.execute(queries);
  await sql`delete from fileupload where ${isSwept}`.execute(queries);
  await sweepFiles({ queries, now });
  return swept.length === SWEPT_AT_ONCE;
}

async function demandFewUploads({ queries, caller }: WriteSession): Promise<void> {
  const { rows } =
    await sql`select 1 from fileupload where userid = ${caller.userId} and expireson is not null${limit(MOST_UPLOADS)}`.execute(
      queries,
    );
  if (rows.length === MOST_UPLOADS)
    throw badRequest(`${MOST_UPLOADS} uploads were begun and not ended; end them, or wait for a day.`, '0x80048d19');
}
