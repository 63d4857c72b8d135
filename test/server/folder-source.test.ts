// A person's own mail on disk as a source: a Maildir, .eml files, mbox files. Nothing of it is ever written.
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFolderSource } from '../../src/server/mailbox/folder/folder-source.ts';
import { SourceError, type MailSource, type SourceItem } from '../../src/server/mailbox/source.ts';
import { always, mailSourceContract, readChanges, sampleMail, type TestMailbox } from '../contracts/mail-source.ts';

const root = () => mkdtemp(join(tmpdir(), 'alongside-folder-'));

/** A Maildir as a mail server keeps it; the time of a file is that of delivery. */
const openMaildir = async (): Promise<TestMailbox> => {
  const path = await root();
  const names = new Map<string, string>();
  const at = (folder: string) => join(path, folder === 'inbox' ? '' : `.${folder}`);
  const make = async (folder: string) => {
    for (const box of ['cur', 'new', 'tmp']) await mkdir(join(at(folder), box), { recursive: true });
  };
  const find = (messageId: string, folder: string) => join(at(folder), 'new', names.get(messageId) ?? '');
  let count = 0;
  await make('inbox');
  return {
    pageSize: 10,
    open: async () => createFolderSource({ path, pageSize: 10 }),
    createFolder: make,
    deliver: async (folder, mail, receivedAt = new Date()) => {
      const name = `${String(count++)}.M1P2.host`;
      const id = /^Message-ID: (.*)$/m.exec(Buffer.from(mail).toString())?.[1]?.trim();
      if (id !== undefined) names.set(id, name);
      await writeFile(join(at(folder), 'tmp', name), mail);
      await utimes(join(at(folder), 'tmp', name), receivedAt, receivedAt);
      await rename(join(at(folder), 'tmp', name), join(at(folder), 'new', name));
    },
    move: (messageId, from, to) => rename(find(messageId, from), find(messageId, to)),
    remove: (messageId, folder) => unlink(find(messageId, folder)),
    mark: async () => {},
    isRead: async (messageId, folder) => !(await stat(find(messageId, folder)).catch(() => null)),
    close: () => rm(path, { recursive: true }),
  };
};

mailSourceContract('a Maildir', openMaildir, { readOnly: true });

describe('mail on disk', () => {
  let path: string;
  let source: MailSource;
  beforeEach(async () => {
    path = await root();
    source = createFolderSource({ path, pageSize: 3 });
  });
  afterEach(async () => {
    await source.close();
    await rm(path, { recursive: true, force: true });
  });

  const put = async (name: string, content: string | Uint8Array) => {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
  };
  const subjects = (items: readonly SourceItem[]) => items.map(({ subject }) => subject).sort();
  const letter = (subject: string, more = '') =>
    `From: Hannah <hannah@fabrikam.example>\nSubject: ${subject}\nDate: Fri, 20 Nov 2026 09:00:00 +0100\n${more}\nText of ${subject}\n`;
  const failure = async (call: Promise<unknown>) => {
    const error: unknown = await call.then(() => undefined, (cause: unknown) => cause); // prettier-ignore
    expect(error).toBeInstanceOf(SourceError);
    return (error as SourceError).code;
  };

  test('what is moved or copied into a folder is new there, and a mail that goes away is none', async () => {
    await put('one.eml', letter('one'));
    await put('Projects/Harbour/two.eml', letter('two'));
    const folders = await source.folders();
    expect(folders.filter(({ role }) => role === null)).toEqual([
      { id: 'Projects', name: 'Projects', parentId: null, role: null },
      { id: 'Projects/Harbour', name: 'Harbour', parentId: 'Projects', role: null },
    ]);
    const inbox = await readChanges(source, 'inbox');
    const harbour = await readChanges(source, 'Projects/Harbour');
    expect([subjects(inbox.items), subjects(harbour.items)]).toEqual([['one'], ['two']]);
    await rename(join(path, 'one.eml'), join(path, 'Projects/Harbour/one.eml'));
    expect(subjects((await readChanges(source, 'Projects/Harbour', harbour.cursor)).items)).toEqual(['one']);
    expect((await readChanges(source, 'inbox', inbox.cursor)).items).toEqual([]);
    expect(await source.mime(inbox.items[0]!.id, 1e6)).toBeNull();
    expect([await source.count('inbox'), await source.count('Projects/Harbour')]).toEqual([0, 2]);
  });

  test('a Maildir’s mail keeps its id when it is read and answered', async () => {
    for (const box of ['cur', 'new']) await mkdir(join(path, box));
    await put('new/1.M1.host', letter('one'));
    await put('cur/2.M2.host:2,D', letter('draft'));
    const { items, cursor } = await readChanges(source, 'inbox');
    const [one] = items.filter(({ subject }) => subject === 'one');
    expect(items.filter(({ isDraft }) => isDraft).map(({ subject }) => subject)).toEqual(['draft']);
    await rename(join(path, 'new/1.M1.host'), join(path, 'cur/1.M1.host:2,RS'));
    const [again] = (await readChanges(source, 'inbox', cursor)).items;
    expect(again).toMatchObject({ id: one!.id, subject: 'one' });
    expect(again!.version).not.toBe(one!.version);
    expect(Buffer.from((await source.mime(one!.id, 1e6))!).toString()).toBe(letter('one'));
  });

  test('fifty files at the same moment, page by page with a restart after each, none twice', async () => {
    for (let number = 0; number < 50; number += 1) await put(`${String(number)}.eml`, letter(String(number)));
    const seen: string[] = [];
    for (let [cursor, more]: [string | null, boolean] = [null, true]; more;) {
      const page = await createFolderSource({ path, pageSize: 3 }).changes('inbox', cursor, always);
      seen.push(...subjects(page.items));
      [cursor, more] = [page.cursor, page.more];
    }
    expect(seen).toHaveLength(50);
    expect(new Set(seen).size).toBe(50);
  });

  describe('an mbox', () => {
    const separator = 'From hannah@fabrikam.example Fri Nov 20 09:00:00 2026\n';
    const box = (...names: string[]) => names.map((name) => `${separator}${letter(name)}\n`).join('');
    const names = (count: number) => Array.from({ length: count }, (_, number) => `mail ${String(number)}`);

    test('is read on from where it was left, in pages', async () => {
      await put('Customers.mbox', box(...names(8)));
      const first = await readChanges(source, 'Customers');
      expect(subjects(first.items)).toEqual(names(8));
      expect(first.pages).toBe(3);
      expect(await source.count('Customers')).toBe(8);
      await appendFile(join(path, 'Customers.mbox'), box('late', 'later'));
      const next = await readChanges(source, 'Customers', first.cursor);
      expect(subjects(next.items)).toEqual(['late', 'later']);
      expect((await readChanges(source, 'Customers', next.cursor)).items).toEqual([]);
    });

    test('that somebody compacted is read anew, and its mails are found where they are now', async () => {
      await put('box.mbox', box('one', 'two', 'three'));
      const { items, cursor } = await readChanges(source, 'box');
      const three = items.find(({ subject }) => subject === 'three')!;
      await truncate(join(path, 'box.mbox'));
      await put('box.mbox', box('two', 'three'));
      expect(
        Buffer.from((await source.mime(three.id, 1e6))!)
          .toString()
          .trim(),
      ).toBe(letter('three').trim());
      expect(await source.mime(items.find(({ subject }) => subject === 'one')!.id, 1e6)).toBeNull();
      expect(subjects((await readChanges(source, 'box', cursor)).items)).toEqual(['three', 'two']);
      // Longer than before, but not by what was written behind it.
      await put('box.mbox', box('two', 'three', 'four', 'five'));
      expect(subjects((await readChanges(source, 'box', cursor)).items)).toEqual(['five', 'four', 'three', 'two']);
    });

    test('can be the whole of it', async () => {
      await put('all', box('one', 'two'));
      source = createFolderSource({ path: join(path, 'all') });
      const { items } = await readChanges(source, 'inbox');
      expect(subjects(items)).toEqual(['one', 'two']);
      expect(await failure(source.mime(items[0]!.id, 10))).toBe('too-large');
    });
  });

  test('no id and no cursor leads anywhere else', async () => {
    await put('inside/one.eml', letter('one'));
    await put('secret.txt', 'nobody’s business');
    source = createFolderSource({ path: join(path, 'inside') });
    const id = (file: string, more: object = {}) =>
      Buffer.from(JSON.stringify({ file, ...more })).toString('base64url');
    const strange = ['', '%', id('../secret.txt'), id('/etc/passwd'), id('a/../../secret.txt'), id('.'), id('one.eml\0'),
      id('one.eml', { span: { start: -1, length: 5, head: '' } }), id('one.eml', { span: { start: 0, length: 1e9, head: 'x' } })]; // prettier-ignore
    for (const each of strange) expect(await source.mime(each, 1e6)).toBeNull();
    for (const cursor of [
      '',
      '{}',
      '{"v":1}',
      '{"v":1,"folder":"inbox","from":0,"told":[],"since":null,"boxes":{"x":{}}}',
    ])
      expect(await failure(source.changes('inbox', cursor, always))).toBe('cursor-lost');
  });

  test('says when there is nothing, and sends and marks nothing', async () => {
    expect(await failure(createFolderSource({ path: join(path, 'nowhere') }).folders())).toBe('not-found');
    expect(await failure(source.send(sampleMail('<x@x.example>')))).toBe('refused');
    await put('one.eml', letter('one'));
    const [one] = (await readChanges(source, 'inbox')).items;
    const before = await stat(join(path, 'one.eml'));
    expect(await source.mark(one!.id, true)).toBe(false);
    expect((await stat(join(path, 'one.eml'))).ctimeMs).toBe(before.ctimeMs);
    expect(await readdir(path)).toEqual(['one.eml']);
  });
});
