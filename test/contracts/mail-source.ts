import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SourceError, type MailSource, type SourceItem } from '../../src/server/mailbox/source.ts';

/**
 * One mailbox for one test, and what happens to it beside the source: deliveries, and other programs of its owner. Mails are
 * named by their Message-ID, folders by their name; `inbox` is the one with that role.
 */
export interface TestMailbox {
  /** A source as after a restart of the program: it knows nothing of the ones opened before. */
  open(): Promise<MailSource>;
  /** Most mails on one page of what `open` answers. */
  readonly pageSize: number;
  createFolder(name: string): Promise<void>;
  /** @param receivedAt default: now */
  deliver(folder: string, mail: Uint8Array, receivedAt?: Date): Promise<void>;
  move(messageId: string, from: string, to: string): Promise<void>;
  remove(messageId: string, folder: string): Promise<void>;
  /** Another program sets or takes our category. */
  mark(messageId: string, folder: string, tracked: boolean): Promise<void>;
  isRead(messageId: string, folder: string): Promise<boolean>;
  close(): Promise<void>;
}

interface SampleMail {
  readonly subject?: string;
  /** Further header lines. */
  readonly headers?: readonly string[];
  readonly body?: string;
}

export function sampleMail(messageId: string, more: SampleMail = {}): Uint8Array {
  const lines = [
    'From: "Grace Hopper" <grace@fabrikam.example>',
    'To: Ada <ada@contoso.example>, "Turing, Alan" <alan@contoso.example>',
    'Cc: team@contoso.example',
    `Subject: ${more.subject ?? 'Offer'}`,
    'Date: Fri, 20 Nov 2026 10:15:00 +0200',
    `Message-ID: ${messageId}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    ...(more.headers ?? []),
    '',
    more.body ?? 'Grüße aus Zürich.',
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'utf8');
}

export const always = new Date(0);

/** Asks until there is no more. */
export async function readChanges(source: MailSource, folderId: string, from: string | null = null, since = always) {
  const [items, gone]: [SourceItem[], string[]] = [[], []];
  let [cursor, pages, more] = [from, 0, true];
  while (more) {
    const page = await source.changes(folderId, cursor, since);
    items.push(...page.items);
    gone.push(...page.gone);
    ({ cursor, more } = page);
    pages += 1;
    if (pages > 1_000) throw new Error('It says for ever that there is more.');
  }
  return { items, gone, cursor, pages };
}

const messageIds = (items: readonly SourceItem[]) => items.map((item) => item.internetMessageId).sort();

export async function inboxOf(source: MailSource): Promise<string> {
  return (await source.folders()).find(({ role }) => role === 'inbox')!.id;
}

export async function folderNamed(source: MailSource, name: string): Promise<string> {
  return (await source.folders()).find((folder) => folder.name === name)!.id;
}

/**
 * What every body of MailSource promises. One that is `readOnly` is read from files that nobody tells us about: it takes no marks,
 * and what is gone it does not say.
 */
export function mailSourceContract(
  name: string,
  create: () => Promise<TestMailbox>,
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): void {
  const testOfMailbox = (title: string, story: () => Promise<void>) => {
    if (!readOnly) test(title, story);
  };
  describe(`a mailbox read by ${name}`, () => {
    let mailbox: TestMailbox;
    let source: MailSource;
    let inbox: string;
    const opened: MailSource[] = [];
    const open = async () => {
      const next = await mailbox.open();
      opened.push(next);
      return next;
    };
    const changes = (cursor: string | null, since?: Date) => readChanges(source, inbox, cursor, since);
    const rejection = async (call: Promise<unknown>) => {
      const error: unknown = await call.then(() => undefined, (cause: unknown) => cause); // prettier-ignore
      expect(error).toBeInstanceOf(SourceError);
      return (error as SourceError).code;
    };

    beforeEach(async () => {
      mailbox = await create();
      source = await open();
      inbox = await inboxOf(source);
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((each) => each.close()));
      await mailbox.close();
    });

    test('names its folders, parents before their children', async () => {
      await mailbox.createFolder('Kunden Größe 大');
      const folders = await source.folders();
      expect(folders.filter(({ role }) => role === 'inbox')).toHaveLength(1);
      expect(folders.filter(({ role }) => role === 'sent')).toHaveLength(1);
      expect(folders.map((folder) => folder.name)).toContain('Kunden Größe 大');
      expect(new Set(folders.map(({ id }) => id)).size).toBe(folders.length);
      const known = new Set<string | null>([null]);
      for (const folder of folders) {
        expect(known).toContain(folder.parentId);
        known.add(folder.id);
      }
    });

    test('tells of a new mail once, with what its headers say', async () => {
      const subject = '=?utf-8?Q?Angebot_f=C3=BCr_Z=C3=BCrich?=';
      const mail = sampleMail('<one@fabrikam.example>', { subject, headers: ['Sensitivity: private'] });
      const receivedAt = new Date('2026-11-20T08:15:07.000Z');
      await mailbox.deliver('inbox', mail, receivedAt);
      const first = await changes(null);
      expect(first.items).toEqual([
        {
          id: expect.any(String),
          folderId: inbox,
          version: expect.any(String),
          internetMessageId: '<one@fabrikam.example>',
          subject: 'Angebot für Zürich',
          from: { name: 'Grace Hopper', address: 'grace@fabrikam.example' },
          to: [
            { name: 'Ada', address: 'ada@contoso.example' },
            { name: 'Turing, Alan', address: 'alan@contoso.example' },
          ],
          cc: [expect.objectContaining({ address: 'team@contoso.example' })],
          bcc: [],
          sentAt: '2026-11-20T08:15:00.000Z',
          receivedAt: receivedAt.toISOString(),
          sensitivity: 'private',
          isDraft: false,
          isMarked: false,
          size: mail.length,
          // Not known, or known to be none.
          ...(first.items[0]?.headers === undefined ? {} : { headers: '' }),
        },
      ]);
      const second = await changes(first.cursor);
      expect(second).toMatchObject({ items: [], gone: [] });
      await mailbox.deliver('inbox', sampleMail('<two@fabrikam.example>'));
      const third = await changes(second.cursor);
      expect(messageIds(third.items)).toEqual(['<two@fabrikam.example>']);
    });

    test('takes mails that lack everything', async () => {
      await mailbox.deliver('inbox', Buffer.from('Subject: bare\r\n\r\nNobody wrote this.\r\n'));
      const { items } = await changes(null);
      expect(items).toMatchObject([{ internetMessageId: null, subject: 'bare', from: null, to: [], sentAt: null }]);
    });

    test('goes on from a cursor after a restart, and asking twice harms nothing', async () => {
      await mailbox.deliver('inbox', sampleMail('<one@fabrikam.example>'));
      const { cursor } = await changes(null);
      await mailbox.deliver('inbox', sampleMail('<two@fabrikam.example>'));
      await source.close();
      source = await open();
      const once = await changes(cursor);
      const again = await changes(cursor);
      expect(messageIds(once.items)).toEqual(['<two@fabrikam.example>']);
      expect(again.items).toEqual(once.items);
      expect(await changes(again.cursor)).toMatchObject({ items: [], gone: [] });
    });

    test('begins at the given moment, and later brings whatever comes', async () => {
      const since = new Date('2026-11-10T12:00:00.000Z');
      const at = (offset: number) => new Date(since.getTime() + offset);
      await mailbox.deliver('inbox', sampleMail('<month@fabrikam.example>'), at(-30 * 86_400_000));
      await mailbox.deliver('inbox', sampleMail('<before@fabrikam.example>'), at(-1_000));
      await mailbox.deliver('inbox', sampleMail('<then@fabrikam.example>'), at(0));
      await mailbox.deliver('inbox', sampleMail('<after@fabrikam.example>'), at(1_000));
      const { items, cursor } = await changes(null, since);
      expect(messageIds(items)).toEqual(['<after@fabrikam.example>', '<then@fabrikam.example>']);
      await mailbox.deliver('inbox', sampleMail('<next@fabrikam.example>'));
      expect(messageIds((await changes(cursor, since)).items)).toEqual(['<next@fabrikam.example>']);
    });

    testOfMailbox('our category comes and goes, whoever sets it, and each time it shows', async () => {
      await mailbox.deliver('inbox', sampleMail('<one@fabrikam.example>'));
      await mailbox.deliver('inbox', sampleMail('<two@fabrikam.example>'));
      let { items, cursor } = await changes(null);
      const [one] = items.filter((item) => item.internetMessageId === '<one@fabrikam.example>');
      let version = one!.version;
      const next = async (isMarked: boolean) => {
        ({ items, cursor } = await changes(cursor));
        const news = items.filter(({ id }) => id === one!.id);
        expect(news.at(-1)).toEqual({ ...one, version: expect.any(String), isMarked });
        expect(news.at(-1)!.version).not.toBe(version);
        version = news.at(-1)!.version;
      };
      expect(await source.mark(one!.id, true)).toBe(true);
      await next(true);
      expect(await source.mark(one!.id, true)).toBe(true);
      expect(await source.mark(one!.id, false)).toBe(true);
      await next(false);
      await mailbox.mark('<one@fabrikam.example>', 'inbox', true);
      await next(true);
      await mailbox.mark('<one@fabrikam.example>', 'inbox', false);
      await next(false);
    });

    testOfMailbox(
      'our category shows on mail that is older than the given moment, and so does that it went',
      async () => {
        const since = new Date(Date.now() - 3_600_000);
        const old = new Date(since.getTime() - 30 * 86_400_000);
        for (const id of ['<marked@old.example>', '<left@old.example>'])
          await mailbox.deliver('inbox', sampleMail(id), old);
        let { items, cursor } = await changes(null, since);
        expect(items).toEqual([]);
        for (const isMarked of [true, false]) {
          await mailbox.mark('<marked@old.example>', 'inbox', isMarked);
          ({ items, cursor } = await changes(cursor, since));
          expect(items.map((item) => [item.internetMessageId, item.isMarked])).toContainEqual([
            '<marked@old.example>',
            isMarked,
          ]);
          expect(messageIds(items)).not.toContain('<left@old.example>');
        }
        await mailbox.deliver('inbox', sampleMail('<new@fabrikam.example>'));
        expect(messageIds((await changes(cursor, since)).items)).toContain('<new@fabrikam.example>');
      },
    );

    testOfMailbox('what was moved or deleted is gone from its folder', async () => {
      await mailbox.createFolder('Kunden');
      const kunden = await folderNamed(source, 'Kunden');
      for (const id of ['<stays@x.example>', '<moves@x.example>', '<dies@x.example>']) {
        await mailbox.deliver('inbox', sampleMail(id));
      }
      const [before, there] = [await changes(null), await readChanges(source, kunden)];
      const idOf = (id: string) => before.items.find((item) => item.internetMessageId === id)!.id;
      await mailbox.move('<moves@x.example>', 'inbox', 'Kunden');
      await mailbox.remove('<dies@x.example>', 'inbox');
      const after = await changes(before.cursor);
      expect([...after.gone].sort()).toEqual([idOf('<moves@x.example>'), idOf('<dies@x.example>')].sort());
      const arrived = await readChanges(source, kunden, there.cursor);
      expect(messageIds(arrived.items)).toEqual(['<moves@x.example>']);
      expect(await source.mime(idOf('<dies@x.example>'), 1e6)).toBeNull();
      expect(await source.mark(idOf('<dies@x.example>'), true)).toBe(false);
      expect(await source.mime(arrived.items[0]!.id, 1e6)).not.toBeNull();
      expect(await source.count(inbox)).toBe(1);
      expect(await changes(after.cursor)).toMatchObject({ items: [], gone: [] });
    });

    test('gives the whole mail, byte for byte, and reading does not make it read', async () => {
      const body = `${'long '.repeat(3_000)}\r\n.\r\n..dots\r\nFrom here\r\n\ttab \xff\xfe 大\r\n\r\n`;
      const mail = sampleMail('<one@fabrikam.example>', { body });
      await mailbox.deliver('inbox', mail);
      const { items } = await changes(null);
      const read = await source.mime(items[0]!.id, mail.length);
      expect(Buffer.from(read!).equals(mail)).toBe(true);
      expect(await rejection(source.mime(items[0]!.id, mail.length - 1))).toBe('too-large');
      expect(await mailbox.isRead('<one@fabrikam.example>', 'inbox')).toBe(false);
    });

    test('brings many mails page by page, none left out', async () => {
      const ids = Array.from({ length: 2 * mailbox.pageSize + 1 }, (_, number) => `<${String(number)}@many.example>`);
      for (const id of ids) await mailbox.deliver('inbox', sampleMail(id));
      let [cursor, more, most]: [string | null, boolean, number] = [null, true, 0];
      const seen = new Set<string | null>();
      while (more) {
        const page = await source.changes(inbox, cursor, always);
        most = Math.max(most, page.items.length);
        for (const item of page.items) seen.add(item.internetMessageId);
        ({ cursor, more } = page);
      }
      expect([...seen].sort()).toEqual([...ids].sort());
      expect(most).toBeLessThanOrEqual(mailbox.pageSize);
      expect(await source.count(inbox)).toBe(ids.length);
    });

    testOfMailbox('a restart between two pages loses nothing, and neither does what happens then', async () => {
      const ids = Array.from({ length: 2 * mailbox.pageSize }, (_, number) => `<${String(number)}@many.example>`);
      for (const id of ids) await mailbox.deliver('inbox', sampleMail(id));
      const first = await source.changes(inbox, null, always);
      expect(first.more).toBe(true);
      await mailbox.deliver('inbox', sampleMail('<between@many.example>'));
      await mailbox.mark(first.items[0]!.internetMessageId!, 'inbox', true);
      await source.close();
      source = await open();
      const rest = await changes(first.cursor);
      // What happens while pages are read may come with the next question only.
      const later = await changes(rest.cursor);
      const all = new Map(
        [first, rest, later].flatMap(({ items }) => items.map((item) => [item.internetMessageId, item])),
      );
      expect([...all.keys()].sort()).toEqual([...ids, '<between@many.example>'].sort());
      expect(all.get(first.items[0]!.internetMessageId)!.isMarked).toBe(true);
    });

    testOfMailbox('whatever happens between two questions, what was told adds up to what is there', async () => {
      await mailbox.createFolder('Kunden');
      const ids = new Map([['inbox', inbox], ['Kunden', await folderNamed(source, 'Kunden')]]); // prettier-ignore
      const truth = new Map([...ids.keys()].map((folder) => [folder, new Map<string, boolean>()]));
      const heard = new Map([...ids.keys()].map((folder) => [folder, new Map<string, SourceItem>()]));
      const cursors = new Map<string, string | null>();
      let delivered = 0;
      const read = async (folder: string) => {
        const told = await readChanges(source, ids.get(folder)!, cursors.get(folder) ?? null);
        for (const id of told.gone) heard.get(folder)!.delete(id);
        for (const item of told.items) heard.get(folder)!.set(item.id, item);
        cursors.set(folder, told.cursor);
      };
      const act = async (step: string, choice: number) => {
        const [folder, other] = choice % 2 === 0 ? (['inbox', 'Kunden'] as const) : (['Kunden', 'inbox'] as const);
        const there = truth.get(folder)!;
        const mail = [...there.keys()].at(choice % Math.max(there.size, 1));
        if (step === 'deliver') {
          const id = `<random-${String((delivered += 1))}@x.example>`;
          await mailbox.deliver(folder, sampleMail(id));
          there.set(id, false);
        } else if (step === 'read') await read(folder);
        else if (step === 'restart') {
          await source.close();
          source = await open();
        } else if (mail === undefined) return;
        else if (step === 'remove') {
          await mailbox.remove(mail, folder);
          there.delete(mail);
        } else if (step === 'move') {
          await mailbox.move(mail, folder, other);
          truth.get(other)!.set(mail, there.get(mail)!);
          there.delete(mail);
        } else {
          await mailbox.mark(mail, folder, step === 'mark');
          there.set(mail, step === 'mark');
        }
      };
      const steps = fc.constantFrom(
        'deliver',
        'deliver',
        'deliver',
        'mark',
        'unmark',
        'move',
        'remove',
        'read',
        'restart',
      );
      const stories = fc.array(fc.tuple(steps, fc.nat(1_000)), { minLength: 20, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(stories, async (story) => {
          for (const [step, choice] of story) await act(step, choice);
          for (const folder of ids.keys()) {
            await read(folder);
            const seen = [...heard.get(folder)!.values()].map((item) => [item.internetMessageId, item.isMarked]);
            expect(seen.sort()).toEqual([...truth.get(folder)!].sort());
            expect(await source.count(ids.get(folder)!)).toBe(truth.get(folder)!.size);
          }
        }),
        { numRuns: 3, endOnFailure: true },
      );
    });

    test('refuses what it does not know with its code', async () => {
      expect(await rejection(source.changes('no-such-folder', null, always))).toBe('not-found');
      expect(await rejection(source.count('no-such-folder'))).toBe('not-found');
      expect(await rejection(source.changes(inbox, 'no cursor of ours', always))).toBe('cursor-lost');
      expect(await source.mime('no item of ours', 1e6)).toBeNull();
      expect(await source.mark('no item of ours', true)).toBe(false);
    });

    test('hints that something happened, where it can', async () => {
      if (source.watch === undefined) return;
      let hints = 0;
      const stop = await source.watch(inbox, () => (hints += 1));
      await mailbox.deliver('inbox', sampleMail('<one@fabrikam.example>'));
      while (hints === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      await stop();
      expect(messageIds((await changes(null)).items)).toEqual(['<one@fabrikam.example>']);
    });

    test('is closed for good', async () => {
      await source.close();
      await source.close();
      expect(await rejection(source.changes(inbox, null, always))).toBe('unavailable');
    });
  });
}
