import { sql } from 'kysely';
import type { Step } from './step.ts';

/** Which columns were declared by the people who run the server, and how each is stored: that can never change. */
export const customColumns: Step = {
  async up(db, engine) {
    const text = sql.raw(engine === 'postgres' ? 'text collate "C"' : 'text');
    await sql`create table customcolumn (tablename ${text} not null, columnname ${text} not null,
      storage ${text} not null, primary key (tablename, columnname))`.execute(db);
  },
};
