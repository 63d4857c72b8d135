import { sql } from 'kysely';
import type { Step } from './step.ts';

/**
 * Attachments that are too long for one value: a row is written by one statement, which holds what it stores several times over.
 * - `attachmentfile`: a file, and whose content it is; nobody's while the request that brings it is read;
 * - `attachmentpiece`: its bytes, by the place of the first.
 */
export const attachmentPieces: Step = {
  async up(db, engine) {
    const run = async (text: string) => void (await sql.raw(text).execute(db));
    const postgres = engine === 'postgres';
    const text = postgres ? 'text collate "C"' : 'text';
    await run(`create table attachmentfile (fileid ${text} not null primary key, attachmentid ${text} unique
      references activitymimeattachment (activitymimeattachmentid) on delete cascade, storedon ${text} not null)`);
    await run('create index attachmentfile_by_storedon on attachmentfile (storedon) where attachmentid is null');
    await run(`create table attachmentpiece (fileid ${text} not null references attachmentfile (fileid) on delete cascade,
      start integer not null, data ${postgres ? 'bytea' : 'blob'} not null, primary key (fileid, start))`);
  },
};
