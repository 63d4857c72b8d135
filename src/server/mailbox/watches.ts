import { sql } from 'kysely';
import { isOneOf } from '../db/engine.ts';
import { makeDue, type MailboxClaim } from './claim.ts';
import { readStoredSettings } from './settings.ts';
import { SourceError, type MailSource } from './source.ts';
import type { MailboxStore } from './store.ts';

export interface Watches {
  /** This process begins a run of the mailbox: nobody else has it now. */
  claimed(claim: Pick<MailboxClaim, 'id' | 'generation'>): void;
  /** After a good run: its inbox is listened to from now on, where there is room. Nobody waits for it, and it never rejects. */
  keep(claim: MailboxClaim): Promise<void>;
  /** Its run went wrong, or somebody else has it. */
  drop(id: string): Promise<void>;
  /** Ends what is not this process's to listen to any more; to be called now and then. */
  review(): Promise<void>;
  close(): Promise<void>;
}

export interface WatchesOptions {
  readonly store: MailboxStore;
  /** A connection of its own, closed by us; null where the mailbox tells nothing by itself. @throws {SourceError} */
  readonly open: (claim: MailboxClaim) => MailSource | null;
  /** A mailbox was made due. */
  readonly hinted: () => void;
  /** Mailboxes listened to at once. */
  readonly most: number;
  readonly report: (error: unknown) => void;
}

interface Watch {
  readonly by: string;
  readonly source: MailSource;
  generation: number;
}

/**
 * Listens to mailboxes between their runs, so that news need not wait for the next. What is heard makes a mailbox due, as a
 * notification of Graph does, and is nothing to rely on: a mailbox that nobody listens to is read all the same.
 *
 * Of several processes the one that ran the mailbox last listens. The fencing number of its claim says so: a higher one means that
 * somebody else has run it since, or that its settings were changed. So listening needs no lease of its own and holds no claim.
 */
export function createWatches({ store, open, hinted, most, report }: WatchesOptions): Watches {
  const watches = new Map<string, Watch>();
  let isClosed = false;

  const drop = async (id: string): Promise<void> => {
    const watch = watches.get(id);
    watches.delete(id);
    await watch?.source.close().catch(report);
  };

  const hint = (id: string): void => {
    makeDue(store, { id }, 'hint').then(hinted, report);
  };

  const begin = async (claim: MailboxClaim): Promise<void> => {
    const source = open(claim);
    if (source === null) return;
    const watch = { by: byOf(claim), source, generation: claim.generation };
    watches.set(claim.id, watch);
    try {
      const inbox = await readInbox(store, claim.id);
      if (inbox === undefined || source.watch === undefined) await drop(claim.id);
      else await source.watch(inbox, () => hint(claim.id));
    } catch (error) {
      if (watches.get(claim.id) === watch) watches.delete(claim.id);
      await source.close().catch(report);
      throw error;
    }
  };

  return {
    claimed({ id, generation }) {
      const watch = watches.get(id);
      if (watch !== undefined) watch.generation = generation;
    },
    async keep(claim) {
      try {
        const known = watches.get(claim.id);
        if (known?.by === byOf(claim)) return;
        await drop(claim.id);
        if (!isClosed && watches.size < most && isWanted(claim)) await begin(claim);
      } catch (error) {
        // What the mailbox has against it is for its next run to meet and to say; after that this is tried again.
        if (!(error instanceof SourceError)) report(error);
      }
    },
    drop,
    async review() {
      const current = await readGenerations(store, [...watches.keys()]);
      const isLost = ([id, { generation }]: [string, Watch]) => (current.get(id) ?? Infinity) > generation;
      await Promise.all([...watches].filter(isLost).map(([id]) => drop(id)));
    },
    async close() {
      isClosed = true;
      await Promise.all([...watches.keys()].map(drop));
    },
  };
}

const byOf = ({ source, secret }: MailboxClaim) => `${source} ${secret ?? ''}`;

function isWanted({ settings, kind }: MailboxClaim): boolean {
  return readStoredSettings(JSON.parse(settings), kind).incoming;
}

async function readInbox({ tables }: MailboxStore, mailboxId: string): Promise<string | undefined> {
  const row = await tables
    .selectFrom('mailbox_folder')
    .select('folder_id')
    .where('mailbox_id', '=', mailboxId)
    .where('role', '=', 'inbox')
    .where('gone', '=', 0)
    .executeTakeFirst();
  return row?.folder_id;
}

/** Of those that are to be read at all. */
async function readGenerations(
  { tables, engine }: MailboxStore,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await tables
    .selectFrom('mailbox_account')
    .select(['id', 'generation'])
    .where(isOneOf(engine, sql`id`, ids))
    .where('next_at', 'is not', null)
    .execute();
  return new Map(rows.map(({ id, generation }) => [id, generation]));
}
