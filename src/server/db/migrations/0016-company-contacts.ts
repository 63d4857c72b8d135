import { sql } from 'kysely';
import type { Step } from './step.ts';

/**
 * The people of a company, by name: what is shown under an account on every CRM's screen. With their order in the index the
 * first five are found without reading the others, whose rows are wide and lie apart.
 */
export const companyContacts: Step = {
  async up(db, engine) {
    const order = engine === 'postgres' ? ' nulls first' : '';
    const columns = `parentcustomerid, parentcustomerid_type, fullname_folded${order}, contactid`;
    await sql.raw('drop index contact_by_parentcustomerid').execute(db);
    await sql.raw(`create index contact_by_parentcustomerid on contact (${columns})`).execute(db);
  },
};
