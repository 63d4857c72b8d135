import { sql, type Kysely } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import { DatabaseError } from './errors.ts';
import type { Engine } from './engine.ts';
import { crmTables } from './migrations/0001-crm.ts';
import { ledgerTables } from './migrations/0002-ledger.ts';
import { furtherTables } from './migrations/0003-tables.ts';
import { securityTables } from './migrations/0004-security.ts';
import { changeTables } from './migrations/0005-changes.ts';
import { messageTables } from './migrations/0006-messages.ts';
import { alternateKeys } from './migrations/0007-keys.ts';
import { importTables } from './migrations/0008-imports.ts';
import { customColumns } from './migrations/0009-custom.ts';
import { wholeAddresses } from './migrations/0010-addresses.ts';
import { fileBlocks } from './migrations/0011-file-blocks.ts';
import { ledgerHeads } from './migrations/0012-ledger.ts';
import { imageIds } from './migrations/0013-image-ids.ts';
import { mailboxTables } from './migrations/0014-mailbox.ts';
import { ledgerTried } from './migrations/0015-tried.ts';
import { companyContacts } from './migrations/0016-company-contacts.ts';
import { removedMarks } from './migrations/0017-removed-marks.ts';
import { deletedById } from './migrations/0019-deleted-by-id.ts';
import { attachmentPieces } from './migrations/0021-attachment-pieces.ts';
import type { Step } from './migrations/step.ts';

/** All steps in order. A room that needs tables adds a file `migrations/NNNN-name.ts` and one line here. */
const steps = new Map<string, Step>([
  ['0001-crm', crmTables],
  ['0002-ledger', ledgerTables],
  ['0003-tables', furtherTables],
  ['0004-security', securityTables],
  ['0005-changes', changeTables],
  ['0006-messages', messageTables],
  ['0007-keys', alternateKeys],
  ['0008-imports', importTables],
  ['0009-custom', customColumns],
  ['0010-addresses', wholeAddresses],
  ['0011-file-blocks', fileBlocks],
  ['0012-ledger', ledgerHeads],
  ['0013-image-ids', imageIds],
  ['0014-mailbox', mailboxTables],
  ['0015-tried', ledgerTried],
  ['0016-company-contacts', companyContacts],
  ['0017-removed-marks', removedMarks],
  ['0019-deleted-by-id', deletedById],
  ['0021-attachment-pieces', attachmentPieces],
]);

/** Names that steps had before every number was one step's alone; databases that know them are brought along. */
const formerNames = new Map([
  ['0007-imports', '0008-imports'],
  ['0008-custom', '0009-custom'],
]);

/** @throws {DatabaseError} `newer` when the database knows a step that this program does not; it is left untouched. */
export async function bringUpToDate(db: Kysely<object>, engine: Engine, name: string): Promise<void> {
  const applied = await appliedSteps(db, engine);
  const strange = applied.find((step) => !steps.has(formerNames.get(step) ?? step));
  if (strange !== undefined) {
    throw new DatabaseError(
      'newer',
      `${name} was written by a newer version of Alongside (it has step "${strange}"). Update the program, or use another data directory. Nothing was changed.`,
    );
  }
  if (applied.some((step) => formerNames.has(step))) await renameSteps(db);
  const migrations: Record<string, Migration> = {};
  for (const [key, step] of steps) {
    const up = async (migrating: Kysely<object>) => {
      // A large table may take its time; the limit is for requests.
      if (engine === 'postgres') await sql`set local statement_timeout = 0`.execute(migrating);
      await step.up(migrating, engine);
    };
    migrations[key] = { up };
  }
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => migrations } }).migrateToLatest();
  if (error !== undefined)
    throw error instanceof Error ? error : new Error('The schema could not be brought up to date');
}

/** Kysely compares the order in which steps were taken, too: no step may have an earlier time than one before it. */
async function renameSteps(db: Kysely<object>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (const [former, name] of formerNames)
      await sql`update kysely_migration set name = ${name}, timestamp = (select max(timestamp) from kysely_migration
        where name <= ${name}) where name = ${former}`.execute(trx);
  });
}

async function appliedSteps(db: Kysely<object>, engine: Engine): Promise<string[]> {
  const table = 'kysely_migration';
  const found =
    engine === 'postgres'
      ? await sql`select 1 where to_regclass(${table}) is not null`.execute(db)
      : await sql`select 1 from sqlite_schema where name = ${table}`.execute(db);
  if (found.rows.length === 0) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map((row) => row.name);
}
