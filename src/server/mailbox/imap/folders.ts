import type { ImapFlow, ListResponse } from 'imapflow';
import type { FolderRole, SourceFolder } from '../source.ts';

/** RFC 6154; imapflow adds \Inbox, and knows the usual names where the server does not say. */
const roles = new Map<string, FolderRole>([
  ['\\Inbox', 'inbox'],
  ['\\Sent', 'sent'],
  ['\\Drafts', 'drafts'],
  ['\\Trash', 'trash'],
  ['\\Junk', 'junk'],
  ['\\Archive', 'archive'],
]);

export async function listFolders(client: ImapFlow): Promise<readonly SourceFolder[]> {
  const listed = (await client.list())
    .filter((folder) => !hasNoMails(folder))
    .sort((one, other) => one.parent.length - other.parent.length);
  const paths = new Set(listed.map(({ path }) => path));
  return listed.map((folder) => ({
    id: folder.path,
    // The one name that is the protocol's and not the person's (RFC 9051, section 5.1).
    name: folder.path.toUpperCase() === 'INBOX' ? 'Inbox' : folder.name,
    parentId: nearestParent(folder, paths),
    role: roles.get(folder.specialUse ?? '') ?? null,
  }));
}

/** Gmail's folder of all mails: what has only that label is in no other folder. Sorted so that the likeliest place comes first. */
export async function gmailPlaces(client: ImapFlow): Promise<readonly string[]> {
  const order = ['\\All', '\\Junk', '\\Trash'];
  return (await client.list())
    .filter(({ specialUse }) => specialUse !== undefined && order.includes(specialUse))
    .sort((one, other) => order.indexOf(one.specialUse ?? '') - order.indexOf(other.specialUse ?? ''))
    .map(({ path }) => path);
}

/** A name that only holds other folders, such as `[Gmail]`; opening it is an error. */
function hasNoMails({ flags }: ListResponse): boolean {
  return [...flags].some((flag) => /^\\(noselect|nonexistent)$/i.test(flag));
}

function nearestParent(folder: ListResponse, paths: ReadonlySet<string>): string | null {
  for (let end = folder.parent.length; end > 0; end -= 1) {
    const path = folder.parent.slice(0, end).join(folder.delimiter);
    if (paths.has(path)) return path;
  }
  return null;
}
