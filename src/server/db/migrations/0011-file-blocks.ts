import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Step } from './step.ts';

/**
 * Files that come in blocks:
 * - `fileupload`: where a file is going to, whose upload it is, until when; its token is kept as a hash. Once the file of a
 *   column is complete the row stays, with the hash of what was stored, for its id names that file;
 * - `fileblock`: what has come so far;
 * - `crm_secret`: what the tokens of downloads are sealed with.
 */
export const fileBlocks: Step = {
  async up(db, engine) {
    const run = async (text: string) => void (await sql.raw(text).execute(db));
    const postgres = engine === 'postgres';
    const text = postgres ? 'text collate "C"' : 'text';
    await run(`create table fileupload (fileid ${text} not null primary key, token ${text} unique, userid ${text} not null,
      tablename ${text} not null, recordid ${text}, columnname ${text} not null, filename ${text} not null,
      expireson ${text}, contenthash ${text})`);
    await run('create index fileupload_by_expireson on fileupload (expireson) where expireson is not null');
    await run('create index fileupload_by_userid on fileupload (userid) where expireson is not null');
    await run('create index fileupload_by_record on fileupload (recordid, tablename, columnname)');
    await run(`create table fileblock (fileid ${text} not null references fileupload (fileid), blockid ${text} not null,
      size ${postgres ? 'bigint' : 'integer'} not null, data ${postgres ? 'bytea' : 'blob'} not null, primary key (fileid, blockid))`);
    await sql`insert into crm_secret (name, value) values ('file-token', ${randomBytes(32).toString('hex')})`.execute(
      db,
    );
  },
};
