// The ids that the outside sees. An id belongs to one mailbox, as in Exchange: the same mail in two mailboxes has two ids.
// Ids are made of [A-Za-z0-9+/=] and never change, also not when a draft is sent.
import { randomBytes } from 'node:crypto';
import { digest } from '../../mailbox/folder/summary.ts';

const tagOf = (owner: string) => digest(owner.toLowerCase(), 6);

export const newKey = () => randomBytes(24).toString('base64');

export const idOf = (owner: string, key: string) => tagOf(owner) + key;

/** The key behind an id, or null when the id is no id of this mailbox. */
export const keyOf = (owner: string, id: string) => (id.startsWith(tagOf(owner)) && id.length > 8 ? id.slice(8) : null);

export const folderId = (owner: string, key: string) => tagOf(owner) + Buffer.from(key).toString('base64');

export const folderKeyOf = (owner: string, id: string) =>
  id.startsWith(tagOf(owner)) ? Buffer.from(id.slice(8), 'base64').toString('utf8') : id.toLowerCase();

export const partId = (index: number) => Buffer.from(`part ${index}`).toString('base64');

export const partIndex = (id: string) =>
  Number(/^part (\d{1,4})$/.exec(Buffer.from(id, 'base64').toString('utf8'))?.[1] ?? -1);
