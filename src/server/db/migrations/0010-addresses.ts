import { sql } from 'kysely';
import { columnTexts } from '../table-shape.ts';
import type { Step } from './step.ts';

/** Whole addresses beside their parts, as they are written on a letter; rows of before get theirs here. */
export const wholeAddresses: Step = {
  async up(db, engine) {
    const shape = { text: 'address1_composite address2_composite' };
    for (const table of ['account', 'contact', 'lead']) {
      for (const column of columnTexts(shape, engine))
        await sql.raw(`alter table ${table} add column ${column}`).execute(db);
      for (const number of [1, 2])
        await sql`update ${sql.table(table)} set ${sql.ref(`address${number}_composite`)} =
          nullif(rtrim(${wholeAddress(`address${number}`)}, ${sql.lit('\r\n')}), '')`.execute(db);
    }
  },
};

/** Every line with its end. */
function wholeAddress(address: string) {
  const part = (name: string) => sql`coalesce(${sql.ref(`${address}_${name}`)}, '')`;
  const line = (value: ReturnType<typeof part>) => sql`coalesce(nullif(${value}, '') || ${sql.lit('\r\n')}, '')`;
  const region = sql`trim(${part('stateorprovince')} || ' ' || ${part('postalcode')})`;
  const comma = sql`case when ${part('city')} <> '' and ${region} <> '' then ', ' else '' end`;
  const lines = [
    ...['line1', 'line2', 'line3'].map((name) => part(name)),
    sql`${part('city')} || ${comma} || ${region}`,
    part('country'),
  ];
  return sql.join(lines.map(line), sql` || `);
}
