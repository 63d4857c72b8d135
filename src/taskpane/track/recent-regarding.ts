import * as v from 'valibot';
import { regardingTables, type RegardingRef } from '../../model/records.ts';

const Recent = v.array(
  v.object({
    table: v.picklist(regardingTables),
    id: v.pipe(v.string(), v.regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)),
    name: v.pipe(v.string(), v.maxLength(300)),
    detail: v.nullable(v.pipe(v.string(), v.maxLength(300))),
  }),
);

/** A record somebody chose before, with what told it from others. */
export interface RecentRecord extends RegardingRef {
  readonly detail: string | null;
}

/** The records last chosen on this device, newest first. A convenience: whatever goes wrong with it is no error. */
export interface RecentRegarding {
  list(): readonly RecentRecord[];
  add(record: RecentRecord): void;
}

const most = 5;

/** @param key differs between users and organisations: another person's records are none of this one's business. */
export function createRecentRegarding(
  storage: () => Pick<Storage, 'getItem' | 'setItem'>,
  key: string,
): RecentRegarding {
  const list = (): readonly RecentRecord[] => {
    try {
      const stored = v.safeParse(Recent, JSON.parse(storage().getItem(key) ?? '[]'));
      return stored.success ? stored.output.slice(0, most) : [];
    } catch {
      return [];
    }
  };
  return {
    list,
    add({ table, id, name, detail }) {
      const others = list().filter((record) => record.id !== id);
      try {
        storage().setItem(key, JSON.stringify([{ table, id, name, detail }, ...others].slice(0, most)));
      } catch {
        // Storage refused or full: the next search starts without it.
      }
    },
  };
}
