// A person's own mail on disk, opened for reading only: a folder of .eml files, a Maildir, an mbox file, or a folder that
// mixes them. Nothing here can write: every file is opened with the flag 'r', and no name below PATH is ever created.
import { open, opendir, readdir, stat } from 'node:fs/promises';
import { basename, extname, join, relative, sep } from 'node:path';
import { folderKey } from './tree.ts';

/** One file with mail in it. `stamp` changes when its content may have changed. */
export interface MailFile {
  path: string;
  format: 'single' | 'mbox';
  /** `inbox`, `sentitems`, or the name of a folder of the person's own. */
  folder: string;
  size: number;
  stamp: string;
  modified: number;
  /** When its bytes, its name or its place last changed; epoch milliseconds. */
  changed: number;
  /** What a Maildir says in the file name; null elsewhere. */
  read: boolean | null;
  isDraft: boolean;
}

/** Said to a person as it is. */
export class NotMail extends Error {}

const describe = async (
  path: string,
  format: MailFile['format'],
  folder: string,
  flags: Pick<MailFile, 'read' | 'isDraft'> = { read: null, isDraft: false },
): Promise<MailFile | null> => {
  // A mail that is moved away between the listing and this line is simply not there any more.
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) return null;
  return {
    path,
    format,
    folder: folderKey(folder),
    size: found.size,
    modified: found.mtimeMs,
    changed: Math.floor(found.ctimeMs),
    ...flags,
    stamp: `${found.size}-${found.mtimeMs}`,
  };
};

const startsLikeMbox = async (path: string) => {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(256), 0, 256, 0);
    return /^(\ufeff)?From [^\n]*\d{4}/.test(buffer.toString('utf8', 0, bytesRead));
  } finally {
    await file.close();
  }
};

const mboxNames = new Set(['.mbox', '.mbx', '.mboxrd', '']);

/** Only files of this folder, where one is named: what is in others is not even looked at. */
type Only = string | undefined;

async function* folderFiles(root: string, directory: string, only: Only): AsyncGenerator<MailFile> {
  const name = relative(root, directory).split(sep).join('/');
  const isWanted = (folder: string) => only === undefined || folderKey(folder) === only;
  for await (const entry of await opendir(directory)) {
    const path = join(directory, entry.name);
    const extension = extname(entry.name).toLowerCase();
    if (entry.isDirectory()) {
      if (!entry.name.startsWith('.')) yield* folderFiles(root, path, only);
      continue;
    }
    let file: MailFile | null = null;
    const box = [name, basename(path, extname(path))].filter(Boolean).join('/');
    if (extension === '.eml') {
      if (isWanted(name)) file = await describe(path, 'single', name);
    } else if (mboxNames.has(extension) && isWanted(box) && (await startsLikeMbox(path).catch(() => false))) {
      file = await describe(path, 'mbox', box);
    }
    if (file) yield file;
  }
}

/** Maildir++: cur and new hold the inbox, `.Projects.2026` beside them is the folder Projects/2026. */
const maildirFolders = async (root: string) => {
  const inside = await readdir(root, { withFileTypes: true });
  const names = inside.filter((each) => each.isDirectory() && /^\.[^.]/.test(each.name)).map((each) => each.name);
  return ['', ...names].map((directory) => ({ directory, folder: directory.slice(1).split('.').join('/') }));
};

const flagsOf = (name: string) => /[:;!]2,([A-Za-z]*)$/.exec(name)?.[1] ?? '';

async function* maildirFiles(root: string, only: Only): AsyncGenerator<MailFile> {
  for (const { directory, folder } of await maildirFolders(root)) {
    if (only !== undefined && folderKey(folder) !== only) continue;
    for (const box of ['cur', 'new']) {
      const names = await readdir(join(root, directory, box)).catch(() => []);
      for (const name of names) {
        if (name.startsWith('.')) continue;
        const flags = { read: box === 'cur' && flagsOf(name).includes('S'), isDraft: flagsOf(name).includes('D') };
        const file = await describe(join(root, directory, box, name), 'single', folder, flags);
        if (file) yield file;
      }
    }
  }
}

const directoriesBelow = async (root: string) => {
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((each) => each.isDirectory())
    .map((each) => relative(root, join(each.parentPath, each.name)).split(sep).join('/'));
  return paths.filter((path) => !/(^|\/)\./.test(path)).map(folderKey);
};

async function* singleFile(path: string, format: MailFile['format']): AsyncGenerator<MailFile> {
  const file = await describe(path, format, '');
  if (file) yield file;
}

export interface MailPath {
  path: string;
  kind: string;
  files: (only?: string) => AsyncGenerator<MailFile>;
  /** Keys of the folders that are there, empty ones too; an mbox is a folder only by its mails. */
  folders: () => Promise<readonly string[]>;
}

/** Says what PATH is. Throws NotMail with a sentence when it is nothing we can show; an empty folder only if it `mayBeEmpty`. */
export const openMailPath = async (path: string, mayBeEmpty = false): Promise<MailPath> => {
  const found = await stat(path).catch(() => null);
  if (!found) throw new NotMail(`There is nothing at ${path}. Name a folder of .eml files, a Maildir or an mbox file.`);
  if (found.isDirectory()) {
    const inside = await readdir(path).catch(() => null);
    if (!inside) throw new NotMail(`The folder ${path} cannot be read: please check its permissions.`);
    if (inside.includes('cur') && inside.includes('new')) {
      const folders = async () => (await maildirFolders(path)).map(({ folder }) => folderKey(folder));
      return { path, kind: 'Maildir', files: (only) => maildirFiles(path, only), folders };
    }
    const ofFiles = {
      path,
      kind: 'folder of mail',
      files: (only?: string) => folderFiles(path, path, only),
      folders: () => directoriesBelow(path),
    };
    if (mayBeEmpty) return ofFiles;
    for await (const first of folderFiles(path, path, undefined)) {
      if (first) return ofFiles;
    }
    throw new NotMail(
      `The folder ${path} holds no mail: no .eml file, no mbox file, and it is not a Maildir (cur, new).`,
    );
  }
  const folders = () => Promise.resolve([]);
  if (extname(path).toLowerCase() === '.eml')
    return { path, kind: '.eml file', files: () => singleFile(path, 'single'), folders };
  const mbox = await startsLikeMbox(path).catch(() => null);
  if (mbox === null) throw new NotMail(`The file ${path} cannot be read: please check its permissions.`);
  if (mbox) return { path, kind: 'mbox file', files: () => singleFile(path, 'mbox'), folders };
  throw new NotMail(
    `The file ${path} is not mail: an mbox file begins with a line "From name date", a single mail is called something.eml.`,
  );
};

/** Bytes [start, start+length) of a file. */
export const readRange = async (path: string, start: number, length: number): Promise<Buffer> => {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(buffer, filled, length - filled, start + filled);
      if (!bytesRead) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await file.close();
  }
};
