import type { Change, ChangeState } from '../../../src/model/change.ts';
import type { OutboxEntry } from '../../../src/sync/store.ts';
import type { LedgerTables } from '../../../src/server/queue/tables.ts';
import type { Effect } from '../crm.ts';
import type { Recorded } from '../device.ts';
import { panes } from '../scenario.ts';
import type { Shown } from '../story.ts';
import type { World } from '../world.ts';

/** All that is left when a story is over: what was wanted, what was said, and what every store holds. */
export interface Facts {
  /** Every Change that a device recorded, in the order in which it did. */
  readonly wishes: readonly Wish[];
  readonly shown: readonly Shown[];
  readonly effects: readonly Effect[];
  readonly sent: World['network']['sent'];
  readonly ledger: ReadonlyMap<string, LedgerRow>;
  readonly waiting: ReadonlyMap<string, OutboxEntry>;
  /** What the panes that are still open say now. */
  readonly screens: readonly { readonly who: string; readonly says: ReadonlyMap<string, ChangeState> }[];
  readonly undone: ReadonlySet<string>;
  readonly errors: World['errors'];
  readonly leases: readonly string[];
  readonly untold: readonly string[];
  readonly calmAt: number;
  readonly now: number;
}

export interface Wish extends Recorded {
  readonly id: string;
  readonly change: Change;
  readonly device: string;
}

export interface LedgerRow {
  readonly id: string;
  readonly state: string;
  readonly changedAt: number;
}

export async function gather(world: World, calmAt: number): Promise<Facts> {
  const { devices, story, crm, network, undone, errors, leases, untold, clock } = world;
  const waiting = new Map<string, OutboxEntry>();
  for (const device of devices) {
    const store = await device.inspect();
    for (const entry of (await store.entries()).entries) waiting.set(entry.id, entry);
    store.close();
  }
  const screens = panes.flatMap((name) => {
    const pane = world.pane(name);
    return pane === null ? [] : [{ who: name, says: new Map(pane.statuses.all().map(({ id, state }) => [id, state])) }];
  });
  return {
    wishes: devices.flatMap(({ name, recorded }) => [...recorded].map(([id, wish]) => ({ ...wish, id, device: name }))),
    shown: story.shown,
    effects: crm.history,
    sent: network.sent,
    ledger: await readLedger(world),
    waiting,
    screens,
    undone,
    errors,
    leases: leases.violations,
    untold,
    calmAt,
    now: clock.now(),
  };
}

async function readLedger({ database }: World): Promise<ReadonlyMap<string, LedgerRow>> {
  const rows = await database.db
    .withTables<Pick<LedgerTables, 'ledger_change'>>()
    .selectFrom('ledger_change')
    .select(['id', 'state', 'changed_at'])
    .execute();
  return new Map(rows.map(({ id, state, changed_at }) => [id, { id, state, changedAt: changed_at }]));
}
