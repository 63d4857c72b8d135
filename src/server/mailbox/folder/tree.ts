// How folders of mail are named and lie in each other: `Projects/2026` is the folder 2026 in the folder Projects, whether or not
// a mail lies in Projects itself.
import type { FolderRole } from '../source.ts';

const named: readonly (readonly [string, string, FolderRole])[] = [
  ['inbox', 'Inbox', 'inbox'],
  ['drafts', 'Drafts', 'drafts'],
  ['sentitems', 'Sent Items', 'sent'],
  ['archive', 'Archive', 'archive'],
  ['deleteditems', 'Deleted Items', 'trash'],
  ['junkemail', 'Junk Email', 'junk'],
];

/** Keys of the folders that every mailbox knows, in the order in which they are shown. */
export const wellKnownKeys: readonly string[] = named.map(([key]) => key);
/** Shown also when empty. */
export const alwaysThere = ['inbox', 'drafts', 'sentitems'];

const names = new Map(named.map(([key, name]) => [key, name]));
const roles = new Map(named.map(([key, , role]) => [key, role]));
const byName = new Map([
  ['', 'inbox'],
  ['inbox', 'inbox'],
  ['sent', 'sentitems'],
  ['sent items', 'sentitems'],
  ['sent messages', 'sentitems'],
  ['sent-mail', 'sentitems'],
  ['archive', 'archive'],
  ['trash', 'deleteditems'],
  ['deleted items', 'deleteditems'],
  ['junk', 'junkemail'],
  ['spam', 'junkemail'],
]);

/** A drafts folder on disk is shown, but under a name that does not promise that its mails can be edited. */
export const folderKey = (path: string): string =>
  byName.get(path.toLowerCase()) ?? (/^drafts?$/i.test(path) ? `${path} (read-only)` : path);

export const roleOf = (key: string): FolderRole | null => roles.get(key) ?? null;

export const nameOf = (key: string): string => names.get(key) ?? key.slice(key.lastIndexOf('/') + 1);

export const parentOf = (key: string): string | null => {
  const cut = names.has(key) ? -1 : key.lastIndexOf('/');
  return cut < 0 ? null : folderKey(key.slice(0, cut));
};

/** With every folder that stands above one of them. */
export const withParents = (keys: Iterable<string>): Set<string> => {
  const all = new Set<string>();
  for (const first of keys) {
    for (let key: string | null = first; key !== null && !all.has(key); key = parentOf(key)) all.add(key);
  }
  return all;
};
