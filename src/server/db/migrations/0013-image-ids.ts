import { sql } from 'kysely';
import type { Step } from './step.ts';

/** The address of a picture names it by its own id; only rows with a picture have one. */
export const imageIds: Step = {
  async up(db) {
    for (const table of ['account', 'contact', 'lead', 'systemuser'])
      await sql
        .raw(`create index ${table}_by_entityimageid on ${table} (entityimageid) where entityimageid is not null`)
        .execute(db);
  },
};
