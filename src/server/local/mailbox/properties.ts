// What programs note on a mailbox or on a mail: the list of categories, and named bags of values.
import { randomUUID } from 'node:crypto';
import type { Store } from './store.ts';

type Values = Record<string, unknown>;

/** The category that marks a tracked mail exists from the start, as an administrator's script would have made it. */
const firstCategories: [string, string][] = [['Tracked to CRM', 'preset7']];

export const createProperties = (store: Store) => {
  const ensureCategories = (owner: string) => {
    for (const [name, color] of firstCategories) {
      store.run('insert into category values (?, ?, ?, ?) on conflict do nothing', owner, name, color, randomUUID());
    }
  };

  const categories = (owner: string) => {
    ensureCategories(owner);
    return store
      .all('select id, name, color from category where owner = ? order by name', owner)
      .map((row) => ({ id: String(row['id']), displayName: String(row['name']), color: String(row['color']) }));
  };

  const addCategory = (owner: string, displayName: string, color: string) => {
    ensureCategories(owner);
    const id = randomUUID();
    const made = store.run(
      'insert into category values (?, ?, ?, ?) on conflict do nothing',
      owner,
      displayName,
      color,
      id,
    );
    return made ? { id, displayName, color } : null;
  };

  /** `key` is a mail's key, or '' for the mailbox itself. */
  const extension = (owner: string, key: string, name: string): Values | null => {
    const row = store.get('select value from extension where owner = ? and key = ? and name = ?', owner, key, name);
    return row ? (JSON.parse(String(row['value'])) as Values) : null;
  };

  /** Values that are not named stay as they are; answers all of them. */
  const setExtension = (owner: string, key: string, name: string, values: Values): Values => {
    const merged = { ...extension(owner, key, name), ...values };
    store.run(
      'insert into extension values (?, ?, ?, ?) on conflict (owner, key, name) do update set value = excluded.value',
      owner,
      key,
      name,
      JSON.stringify(merged),
    );
    return merged;
  };

  const removeExtension = (owner: string, key: string, name: string) =>
    store.run('delete from extension where owner = ? and key = ? and name = ?', owner, key, name) > 0;

  return { categories, addCategory, extension, setExtension, removeExtension };
};

export type Properties = ReturnType<typeof createProperties>;
