// The folders of a mailbox: those that are always there, those that mail lies in, and those that a person made or renamed.
import { randomUUID } from 'node:crypto';
import { alwaysThere, nameOf, parentOf, roleOf, wellKnownKeys, withParents } from '../../mailbox/folder/tree.ts';
import { folderId } from './names.ts';
import type { Store } from './store.ts';

export interface Folder {
  id: string;
  /** Stays the same when the folder is renamed or moved. */
  key: string;
  name: string;
  /** The parent's key; null at the top. */
  parent: string | null;
  wellKnownName: string | null;
  total: number;
  unread: number;
  children: number;
}

const counts = `select mail.folder as folder, count(*) as total, sum(coalesce(mark.is_read, mail.is_read) = 0) as unread
  from mail left join mark on mark.key = mail.key and mark.owner = :owner
  where mail.origin in ('own', :origin) and mail.owner in ('', :owner) group by mail.folder`;

/** `origin` as for createMailboxes. */
export const createFolders = (store: Store, origin: string) => {
  const made = (owner: string) =>
    new Map(
      store.all('select key, name, parent from folder where owner = ?', owner).map((row) => {
        const parent = typeof row['parent'] === 'string' ? row['parent'] : null;
        return [String(row['key']), { name: String(row['name']), parent }];
      }),
    );

  const list = (owner: string): Folder[] => {
    const counted = new Map(store.all(counts, { origin, owner }).map((row) => [String(row['folder']), row]));
    const named = made(owner);
    const there = withParents([...counted.keys(), ...named.keys()]);
    const known = wellKnownKeys.filter((key) => there.has(key) || alwaysThere.includes(key));
    const others = [...there].filter((key) => roleOf(key) === null).sort((a, b) => a.localeCompare(b));
    const folders = [...known, ...others].map((key) => ({
      id: folderId(owner, key),
      key,
      name: named.get(key)?.name ?? nameOf(key),
      parent: named.has(key) ? (named.get(key)?.parent ?? null) : parentOf(key),
      wellKnownName: roleOf(key) === null ? null : key,
      total: Number(counted.get(key)?.['total'] ?? 0),
      unread: Number(counted.get(key)?.['unread'] ?? 0),
    }));
    return folders.map((folder) => ({
      ...folder,
      children: folders.filter(({ parent }) => parent === folder.key).length,
    }));
  };

  const write = (owner: string, key: string, name: string, parent: string | null) =>
    store.run(
      `insert into folder values (?, ?, ?, ?)
       on conflict (owner, key) do update set name = excluded.name, parent = excluded.parent`,
      owner,
      key,
      name,
      parent,
    );

  return {
    list,
    find: (owner: string, key: string) => list(owner).find((each) => each.key === key) ?? null,
    create: (owner: string, name: string, parent: string | null) => {
      // Without a slash, which would read as a path.
      const key = randomUUID();
      write(owner, key, name, parent);
      return key;
    },
    rename: (owner: string, { key, parent }: Folder, name: string) => write(owner, key, name, parent),
    move: (owner: string, { key, name }: Folder, parent: string | null) => write(owner, key, name, parent),
  };
};
