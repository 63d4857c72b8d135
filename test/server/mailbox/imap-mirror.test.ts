import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { trackedKeyword } from '../../../src/server/mailbox/imap/item.ts';
import { readChanges, sampleMail } from '../../contracts/mail-source.ts';
import { describeDovecot } from '../../dovecot/describe.ts';
import { startDovecot, type Dovecot, type DovecotOptions } from '../../dovecot/dovecot.ts';
import { openTestMailbox, type ImapTestMailbox } from '../../dovecot/test-mailbox.ts';

const mbsync = '/usr/bin/mbsync';
const isThere = existsSync(mbsync) || process.env['REQUIRE']?.includes('dovecot') === true;

/**
 * All mails of an account as mbsync, a program that is not ours, brings them into an empty Maildir: folder, flags, moment of
 * arrival, bytes. The header by which it knows its own copies is new every time.
 */
function mirror(dovecot: Dovecot, user: string): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'alongside-mirror-'));
  try {
    const settings = join(directory, 'mbsyncrc');
    const mails = join(directory, 'mails');
    mkdirSync(mails);
    writeFileSync(
      settings,
      `
IMAPAccount account
Host 127.0.0.1
Port ${String(dovecot.port)}
User ${user}
Pass "${dovecot.password}"
SSLType None
AuthMechs LOGIN

IMAPStore far
Account account

MaildirStore near
Path ${mails}/
Inbox ${mails}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Sync Pull
Create Near
Expunge None
CopyArrivalDate yes
SyncState ${directory}/
`,
    );
    const { status, stderr } = spawnSync(mbsync, ['-c', settings, 'all'], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`mbsync: ${stderr}`);
    return readdirSync(mails, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\/(?:cur|new)\/[^/]+$/.test(path))
      .map((path) => {
        const file = join(mails, path);
        const bytes = readFileSync(file, 'latin1').replace(/^X-TUID: .*\n/m, '');
        const [folder, flags] = [path.replace(/\/(?:cur|new)\/.*/, ''), /:2,(.*)$/.exec(path)?.[1] ?? ''];
        const hash = createHash('sha256').update(bytes, 'latin1').digest('hex');
        return `${folder} ${flags} ${statSync(file).mtime.toISOString()} ${hash}`;
      })
      .sort();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What mbsync does not copy: keywords, and the numbers of mails. By Dovecot's own program; our keyword left out. */
function facts(dovecot: Dovecot, user: string): string {
  const fields = 'mailbox uid flags date.received date.saved size.physical';
  return dovecot
    .doveadm('-f', 'tab', 'fetch', '-u', user, fields, 'all')
    .replaceAll(trackedKeyword, '')
    .replace(/ +\t/g, '\t');
}

async function fill(mailbox: ImapTestMailbox) {
  await mailbox.createFolder('Kunden');
  await mailbox.createFolder('Kunden/Größe & Maß');
  const flags = [
    [],
    ['\\Seen'],
    ['\\Flagged', '\\Answered'],
    ['\\Deleted'],
    ['\\Draft', '\\Seen'],
    ['$Forwarded', 'Work'],
  ];
  for (const folder of ['INBOX', 'Sent', 'Kunden', 'Kunden/Größe & Maß']) {
    for (const [number, each] of flags.entries()) {
      const body = `${'8 bit: äöü \t\r\n'.repeat(number * 50)}no newline at the end`;
      const mail = sampleMail(`<${String(number)}@${String(folder.length)}.example>`, { body });
      await mailbox.owner.append(folder, Buffer.from(mail), each, new Date(Date.UTC(2026, 9, 1 + number, 3)));
    }
  }
}

const variants: readonly DovecotOptions[] = [
  { format: 'maildir' },
  { format: 'sdbox', dialect: 'neither, as Exchange on one’s own premises' },
];

describeDovecot('a mailbox after it was synchronised', () => {
  const isRequired = process.env['REQUIRE']?.includes('dovecot') === true;
  (isThere || isRequired ? test : test.skip).each(variants)(
    'is what it was, byte for byte, but for our category (%j; needs mbsync: install isync)',
    async (options) => {
      const dovecot = await startDovecot(options);
      const mailbox = await openTestMailbox(dovecot);
      try {
        await fill(mailbox);
        const [before, factsBefore] = [mirror(dovecot, mailbox.user), facts(dovecot, mailbox.user)];
        expect(before).toHaveLength(24);
        // Copying twice shows the same, so a difference would be one.
        expect(mirror(dovecot, mailbox.user)).toEqual(before);

        const source = await mailbox.open();
        const stop = await source.watch!('INBOX', () => undefined);
        for (const folder of await source.folders()) {
          const { items, cursor } = await readChanges(source, folder.id);
          for (const [number, item] of items.entries()) {
            expect((await source.mime(item.id, 1e7))!.length).toBe(item.size);
            expect(await source.mark(item.id, true)).toBe(true);
            if (number % 2 === 1) expect(await source.mark(item.id, false)).toBe(true);
          }
          await readChanges(source, folder.id, cursor);
          expect(await source.count(folder.id)).toBe(items.length);
        }
        await stop();
        await source.close();

        expect(mirror(dovecot, mailbox.user)).toEqual(before);
        expect(facts(dovecot, mailbox.user)).toBe(factsBefore);
        const marked = dovecot.doveadm('search', '-u', mailbox.user, 'keyword', trackedKeyword);
        expect(marked.trim().split('\n')).toHaveLength(12);
      } finally {
        await mailbox.close();
        await dovecot.close();
      }
    },
  );
});
