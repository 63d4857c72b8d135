import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { ImapSourceOptions } from '../../../src/server/mailbox/imap/imap-source.ts';
import { createImapSource } from '../../../src/server/mailbox/imap/imap-source.ts';
import { SourceError, type MailSource } from '../../../src/server/mailbox/source.ts';
import { always, folderNamed, readChanges, sampleMail } from '../../contracts/mail-source.ts';
import { describeDovecot } from '../../dovecot/describe.ts';
import { dialects, startDovecot, type Dialect, type Dovecot } from '../../dovecot/dovecot.ts';
import { startProxy, type Proxy } from '../../dovecot/proxy.ts';
import { accountOf, openTestMailbox, type ImapTestMailbox } from '../../dovecot/test-mailbox.ts';

const codeOf = async (call: Promise<unknown>) => {
  const error: unknown = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(SourceError);
  return (error as SourceError).code;
};
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
};

for (const dialect of Object.keys(dialects) as Dialect[]) {
  describeDovecot(`a day of an IMAP mailbox with ${dialect}`, () => {
    let dovecot: Dovecot;
    let mailbox: ImapTestMailbox;
    let source: MailSource;
    let proxy: Proxy;
    const through = (more: Partial<ImapSourceOptions> = {}) => mailbox.open({ port: proxy.port, ...more });
    const idsOf = (found: Awaited<ReturnType<typeof readChanges>>) =>
      found.items.map((item) => item.internetMessageId).sort();

    beforeAll(async () => {
      dovecot = await startDovecot({ dialect });
      proxy = await startProxy(dovecot.port);
    });
    afterAll(async () => {
      await proxy.close();
      await dovecot.close();
    });
    beforeEach(async () => {
      mailbox = await openTestMailbox(dovecot);
      source = await through();
    });
    afterEach(async () => {
      await source.close();
      await mailbox.close();
    });

    test('a folder that was deleted and made again is read anew, none of its mails lost or taken for another', async () => {
      await mailbox.createFolder('Kunden');
      await mailbox.deliver('Kunden', sampleMail('<old@x.example>'));
      const before = await readChanges(source, 'Kunden');
      await mailbox.owner.mailboxClose();
      await mailbox.owner.mailboxDelete('Kunden');
      expect(await codeOf(source.changes('Kunden', before.cursor, always))).toBe('not-found');
      await mailbox.createFolder('Kunden');
      await mailbox.deliver('Kunden', sampleMail('<new@x.example>'));
      expect(await codeOf(source.changes('Kunden', before.cursor, always))).toBe('cursor-lost');
      // The new mail has the number of the old one.
      expect(await source.mime(before.items[0]!.id, 1e6)).toBeNull();
      expect(await source.mark(before.items[0]!.id, true)).toBe(false);
      expect(idsOf(await readChanges(source, 'Kunden'))).toEqual(['<new@x.example>']);
    });

    test('a UIDVALIDITY that changes between two pages loses the cursor, and the folder is read again without doubles', async () => {
      for (let number = 0; number < 25; number += 1) {
        await mailbox.deliver('inbox', sampleMail(`<${String(number)}@x.example>`));
      }
      const first = await source.changes('INBOX', null, always);
      expect(first.more).toBe(true);
      dovecot.doveadm('mailbox', 'update', '--uid-validity', '4000000001', '-u', mailbox.user, 'INBOX');
      await source.close();
      source = await through();
      expect(await codeOf(source.changes('INBOX', first.cursor, always))).toBe('cursor-lost');
      expect(new Set(idsOf(await readChanges(source, 'INBOX'))).size).toBe(25);
    });

    test('a renamed folder is another folder, with all its mails', async () => {
      await mailbox.createFolder('Kunden');
      await mailbox.createFolder('Kunden/Größe & Maß');
      await mailbox.deliver('Kunden/Größe & Maß', sampleMail('<one@x.example>'));
      const folder = (await source.folders()).find(({ name }) => name === 'Größe & Maß');
      expect(folder).toMatchObject({ parentId: 'Kunden', role: null });
      const before = await readChanges(source, folder!.id);
      await mailbox.owner.mailboxRename('Kunden/Größe & Maß', 'Archiv & Ablage');
      expect(await codeOf(source.changes(folder!.id, before.cursor, always))).toBe('not-found');
      const renamed = await folderNamed(source, 'Archiv & Ablage');
      expect(idsOf(await readChanges(source, renamed))).toEqual(['<one@x.example>']);
    });

    test('a line that is cut in the middle of a mail gives no half mail', async () => {
      const mail = sampleMail('<one@x.example>', { body: 'x'.repeat(70).concat('\r\n').repeat(2_000) });
      await mailbox.deliver('inbox', mail);
      const { items } = await readChanges(source, 'INBOX');
      source = await through();
      proxy.cutInLiteral(10_000, 500);
      expect(await codeOf(source.mime(items[0]!.id, 1e6))).toBe('unavailable');
      const read = await source.mime(items[0]!.id, 1e6);
      expect(Buffer.from(read!).equals(mail)).toBe(true);
    });

    test('a line that is cut while it lay idle is made anew within the same call', async () => {
      await mailbox.deliver('inbox', sampleMail('<one@x.example>'));
      const { cursor } = await readChanges(source, 'INBOX');
      const before = proxy.connections;
      await readChanges(source, 'INBOX', cursor);
      expect(proxy.connections).toBe(before);
      proxy.cut();
      await mailbox.deliver('inbox', sampleMail('<two@x.example>'));
      expect(idsOf(await readChanges(source, 'INBOX', cursor))).toEqual(['<two@x.example>']);
      expect(proxy.connections).toBe(before + 1);
    });

    test('a server that restarts is unavailable meanwhile; cursors and listening go on', async () => {
      await mailbox.deliver('inbox', sampleMail('<one@x.example>'));
      const { cursor } = await readChanges(source, 'INBOX');
      let hints = 0;
      const listening = await mailbox.open();
      await listening.watch!('INBOX', () => (hints += 1));
      await mailbox.close();
      await dovecot.stop();
      expect(await codeOf(source.changes('INBOX', cursor, always))).toBe('unavailable');
      await dovecot.start();
      await until(() => hints > 0);
      const again = await openTestMailbox(dovecot, mailbox.user);
      mailbox = again;
      const heard = hints;
      await mailbox.deliver('inbox', sampleMail('<two@x.example>'));
      await until(() => hints > heard);
      expect(idsOf(await readChanges(source, 'INBOX', cursor))).toEqual(['<two@x.example>']);
      await listening.close();
    });

    test('a password that was changed stops this mailbox and no other, until the new one is known', async () => {
      await mailbox.deliver('inbox', sampleMail('<one@x.example>'));
      const { cursor } = await readChanges(source, 'INBOX');
      const other = await openTestMailbox(dovecot);
      const others = await other.open();
      await dovecot.setPassword(mailbox.user, 'a new one');
      await source.close();
      source = await through();
      expect(await codeOf(source.changes('INBOX', cursor, always))).toBe('unauthorized');
      expect(await codeOf(source.folders())).toBe('unauthorized');
      expect((await others.folders()).length).toBeGreaterThan(0);
      await source.close();
      source = await through({ auth: { password: 'a new one' } });
      await mailbox.deliver('inbox', sampleMail('<two@x.example>'));
      expect(idsOf(await readChanges(source, 'INBOX', cursor))).toEqual(['<two@x.example>']);
      await others.close();
      await other.close();
    });

    test('3,000 mails come in bounded pages, each once, and nothing is asked that would mark them read', async () => {
      const count = 3_000;
      await mailbox.owner.mailboxOpen('INBOX');
      dovecot.fill(mailbox.user, count, (number) => sampleMail(`<${String(number)}@bulk.example>`));
      await source.close();
      source = await through({ pageSize: 200 });
      const before = proxy.sent.length;
      const found = await readChanges(source, 'INBOX');
      expect(found.items).toHaveLength(count);
      expect(new Set(idsOf(found)).size).toBe(count);
      expect(found.pages).toBe(Math.ceil(count / 200));
      expect(found.cursor!.length).toBeLessThan(1_000);
      expect(await readChanges(source, 'INBOX', found.cursor)).toMatchObject({ items: [], gone: [], pages: 1 });
      expect(proxy.sent.slice(before)).not.toMatch(
        /BODY\[|RFC822\]|\bSTORE\b|\bEXPUNGE\b|\bMOVE\b|\bCOPY\b|\bDELETE\b|\bSELECT\b/,
      );
    });
  });
}

describeDovecot('signing in to IMAP with a token', () => {
  test('the token of the moment is used, and one that is not taken is unauthorized', async () => {
    const good = new Set(['token-1']);
    const issuer = createServer((request, response) => {
      const token = new URL(request.url ?? '/', 'http://issuer.example').searchParams.get('token') ?? '';
      const known = good.has(token);
      response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
      response.end(JSON.stringify(known ? { email: 'ada@contoso.example' } : { error: 'invalid_token' }));
    }).listen(0, '127.0.0.1');
    await once(issuer, 'listening');
    const tokenUrl = `http://127.0.0.1:${String((issuer.address() as AddressInfo).port)}/?token=`;
    const dovecot = await startDovecot({ tokenUrl });
    let token = 'token-1';
    const accessToken = () => Promise.resolve(token);
    const source = createImapSource({ ...accountOf(dovecot, 'ada@contoso.example'), auth: { accessToken } });
    try {
      expect((await source.folders()).some(({ role }) => role === 'inbox')).toBe(true);
      await dovecot.stop();
      await dovecot.start();
      token = 'token-2';
      expect(await codeOf(source.folders())).toBe('unauthorized');
      good.add('token-2');
      expect((await source.folders()).some(({ role }) => role === 'inbox')).toBe(true);
    } finally {
      await source.close();
      await dovecot.close();
      issuer.closeAllConnections();
      issuer.close();
    }
  });
});
