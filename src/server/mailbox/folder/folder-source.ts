import { resolve } from 'node:path';
import { SourceError, type ChangePage, type MailSource } from '../source.ts';
import { firstCursor, readCursor, writeCursor } from './folder-cursor.ts';
import { countItems, readItems } from './folder-items.ts';
import { readIdentified } from './item-id.ts';
import { NotMail, openMailPath, type MailFile, type MailPath } from './mail-path.ts';
import { alwaysThere, nameOf, parentOf, roleOf, withParents } from './tree.ts';

export interface FolderSourceOptions {
  /** A folder of .eml files, a Maildir, an mbox file, or a folder that mixes them. Only ever read. */
  readonly path: string;
  /** Mails on one page. */
  readonly pageSize?: number;
}

/**
 * A person's mail on this machine. What is new is told by the time at which a file last changed or was moved (ctime): a mail that a
 * file system moves without noting it is found when its folder is read anew. What is gone is not told.
 */
export function createFolderSource({ path, pageSize = 200 }: FolderSourceOptions): MailSource {
  const root = resolve(path);
  let isClosed = false;

  /** Runs a call and says what goes wrong in the words of a source. */
  const guarded = async <Result>(work: (mail: MailPath) => Promise<Result>): Promise<Result> => {
    if (isClosed) throw new SourceError('unavailable', 'This source is closed.');
    try {
      return await work(await openMailPath(root, true));
    } catch (cause) {
      throw cause instanceof SourceError ? cause : sourceErrorOf(cause);
    }
  };

  const filesOf = async (mail: MailPath, folder: string): Promise<MailFile[]> => {
    const files: MailFile[] = [];
    for await (const file of mail.files(folder)) if (file.folder === folder) files.push(file);
    // An empty folder is a folder; one that nobody has heard of is not.
    if (files.length === 0 && !alwaysThere.includes(folder) && !(await keysOf(mail)).has(folder))
      throw new SourceError('not-found', 'There is no such folder of mail.');
    return files;
  };

  const changes = async (mail: MailPath, folder: string, text: string | null, since: Date): Promise<ChangePage> => {
    const cursor = text === null ? firstCursor(folder, since) : readCursor(text, folder);
    const { items, next, more } = await readItems(mail, await filesOf(mail, folder), cursor, pageSize);
    return { items, gone: [], cursor: writeCursor(next), more };
  };

  return {
    folders: () =>
      guarded(async (mail) =>
        [...(await keysOf(mail))].map((key) => ({
          id: key,
          name: nameOf(key),
          parentId: parentOf(key),
          role: roleOf(key),
        })),
      ),
    changes: (folder, cursor, since) => guarded((mail) => changes(mail, folder, cursor, since)),
    mime: (itemId, most) => guarded((mail) => readIdentified(mail, itemId, most)),
    // It is only read, so it takes no category.
    mark: () => guarded(async () => false),
    count: (folder) => guarded(async (mail) => countItems(await filesOf(mail, folder))),
    send: () => guarded(() => Promise.reject(new SourceError('refused', 'A folder of mail sends nothing.'))),
    close: async () => {
      isClosed = true;
    },
  };
}

/** Parents before their children. */
async function keysOf(mail: MailPath): Promise<ReadonlySet<string>> {
  const keys = new Set<string>(alwaysThere);
  for (const folder of await mail.folders()) keys.add(folder);
  for await (const { folder } of mail.files()) keys.add(folder);
  return new Set([...withParents(keys)].sort((a, b) => a.split('/').length - b.split('/').length));
}

function sourceErrorOf(cause: unknown): SourceError {
  if (cause instanceof NotMail) return new SourceError('not-found', cause.message, { cause });
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EACCES' || code === 'EPERM')
    return new SourceError('forbidden', 'The mail may not be read.', { cause });
  return new SourceError('unavailable', 'The mail could not be read.', { cause });
}
