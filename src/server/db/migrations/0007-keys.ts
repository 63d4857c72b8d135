import { sql } from 'kysely';
import type { Step } from './step.ts';

/**
 * The index of the alternate key that accounts bring. Numbers that several accounts already share stay as they are: then
 * there is no index, as the original leaves a key behind whose index it could not make.
 */
export const alternateKeys: Step = {
  async up(db) {
    const shared = await sql`select 1 from account where accountnumber <> ''
      group by crm_fold(accountnumber) having count(*) > 1 limit 1`.execute(db);
    const unique = shared.rows.length > 0 ? sql`` : sql`unique `;
    await sql`create ${unique}index account_accountnumber_key on account (nullif(crm_fold(accountnumber), ''))`.execute(
      db,
    );
  },
};
