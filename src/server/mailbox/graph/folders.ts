import { isObject } from '../../../model/is-object.ts';
import { SourceError, type FolderRole, type SourceFolder } from '../source.ts';
import type { GraphDoor } from './graph-door.ts';
import { isMissingItem } from './graph-error.ts';

export interface MailboxParts {
  readonly door: GraphDoor;
  /** Where the mailbox is: `/users/{user}`. */
  readonly home: string;
  readonly now: () => number;
}

const pageSize = 250;
const mostPages = 200;

/** v1.0 does not say a folder's well-known name: each is asked for by that name. */
const wellKnown: readonly (readonly [string, FolderRole])[] = [
  ['inbox', 'inbox'],
  ['sentitems', 'sent'],
  ['drafts', 'drafts'],
  ['deleteditems', 'trash'],
  ['junkemail', 'junk'],
  ['archive', 'archive'],
];

/**
 * All folders. A list of folders names those directly under the root only; a first delta query names them all, at once. Costs
 * about eight requests: not for every poll.
 */
export async function readFolders(parts: MailboxParts): Promise<SourceFolder[]> {
  const [roles, found] = await Promise.all([readRoles(parts), readAll(parts)]);
  const folders = found.map((folder) => ({
    ...folder,
    // The root is above all folders and is none of them.
    parentId: folder.parentId !== null && found.some(({ id }) => id === folder.parentId) ? folder.parentId : null,
    role: roles.get(folder.id) ?? null,
  }));
  return parentsFirst(folders);
}

async function readRoles({ door, home }: MailboxParts): Promise<ReadonlyMap<string, FolderRole>> {
  const answers = await Promise.all(
    wellKnown.map(async ([name, role]) => {
      const folder = await door.json(`${home}/mailFolders/${name}?$select=id`, {}, isMissingItem);
      return [folder?.['id'], role] as const;
    }),
  );
  return new Map(answers.flatMap(([id, role]) => (typeof id === 'string' ? [[id, role] as const] : [])));
}

type Found = Omit<SourceFolder, 'role'>;

async function readAll({ door, home }: MailboxParts): Promise<Found[]> {
  const found = new Map<string, Found>();
  let next: string | URL | null = `${home}/mailFolders/delta?$select=displayName,parentFolderId`;
  for (let pages = 0; next !== null; pages += 1) {
    if (pages === mostPages) throw new SourceError('unavailable', 'Graph does not come to an end of the folders.');
    const page: Record<string, unknown> | null = await door.json(next, {
      headers: { prefer: `odata.maxpagesize=${String(pageSize)}` },
    });
    for (const each of Array.isArray(page?.['value']) ? (page['value'] as unknown[]) : []) {
      const folder = readFolder(each);
      if (folder) found.set(folder.id, folder);
      else if (isObject(each) && typeof each['id'] === 'string') found.delete(each['id']);
    }
    next = nextOf(door, page?.['@odata.nextLink']);
  }
  return [...found.values()];
}

function nextOf(door: GraphDoor, link: unknown): URL | null {
  if (link === undefined) return null;
  const url = door.linkOf(link);
  if (url === null) throw new SourceError('unavailable', 'Graph names a next page that is not its own.');
  return url;
}

function readFolder(value: unknown): Found | null {
  if (!isObject(value) || typeof value['id'] !== 'string' || value['@removed'] !== undefined) return null;
  const { id, displayName, parentFolderId } = value;
  return {
    id,
    name: typeof displayName === 'string' ? displayName : '',
    parentId: typeof parentFolderId === 'string' ? parentFolderId : null,
  };
}

/** Folders come in no order. One that stands above itself would never be named: it is put at the top instead. */
function parentsFirst(folders: readonly SourceFolder[]): SourceFolder[] {
  const childrenOf = (id: string | null) => folders.filter(({ parentId }) => parentId === id);
  const ordered = new Set<SourceFolder>();
  const visit = (folder: SourceFolder) => {
    if (ordered.has(folder)) return;
    ordered.add(folder);
    for (const child of childrenOf(folder.id)) visit(child);
  };
  for (const folder of childrenOf(null)) visit(folder);
  const circling = folders.filter((folder) => !ordered.has(folder));
  return [...ordered, ...circling.map((folder) => ({ ...folder, parentId: null }))];
}
