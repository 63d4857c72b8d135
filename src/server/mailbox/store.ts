import type { Kysely, RawBuilder } from 'kysely';
import type { Engine } from '../db/engine.ts';
import type { Database } from '../db/open.ts';
import type { Clock } from '../queue/clock.ts';
import { withMailboxes, type MailboxTables } from './tables.ts';

/** Where a statement about mailboxes runs, the database itself or one transaction, and what time it is there. */
export interface MailboxScope {
  readonly tables: Kysely<MailboxTables>;
  readonly engine: Engine;
  readonly now: () => RawBuilder<number>;
}

export interface MailboxStore extends MailboxScope {
  readonly transaction: <Answer>(work: (scope: MailboxScope) => Promise<Answer>) => Promise<Answer>;
}

export function openMailboxStore(database: Database, clock: Clock): MailboxStore {
  const { engine } = database;
  const now = () => clock.now();
  return {
    tables: withMailboxes(database.db),
    engine,
    now,
    transaction: (work) => database.transaction((trx) => work({ tables: withMailboxes(trx), engine, now })),
  };
}
