import { sql } from 'kysely';
import type { Step } from './step.ts';

/** A mail is not promoted under the id of a row that was deleted, which is asked at every promotion. */
export const deletedById: Step = {
  async up(db) {
    await sql`create index deleted_row_by_id on deleted_row (id)`.execute(db);
  },
};
