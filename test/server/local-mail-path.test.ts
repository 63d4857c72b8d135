// A person starts the local Outlook over their own mail. It is all there, whatever shape it has, and not a byte of it changes.
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openMail } from '../../src/server/local/mailbox/open.ts';
import type { Mail } from '../../src/server/local/mailbox/open.ts';

const dana = 'dana@contoso.example';
const miguel = 'miguel@contoso.example';
const inbox = { folder: 'inbox', order: 'receiveddatetime desc', skip: 0, top: 100 };

let place: string;
let opened: Mail[];

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'alongside-mail-'));
  opened = [];
});

afterEach(async () => {
  for (const mail of opened) await mail.close();
  rmSync(place, { recursive: true });
});

const open = async (path: string) => {
  const problems: string[] = [];
  const mail = await openMail({
    dataDir: join(place, 'data'),
    mail: path,
    identity: { mailboxesOf: () => [] },
    now: () => Date.parse('2026-11-21T10:00:00Z'),
    log: (sentence) => problems.push(sentence),
    changed: () => {},
  });
  opened.push(mail);
  await mail.settled();
  return { ...mail, problems };
};

const close = async (mail: Mail) => {
  opened = opened.filter((each) => each.close !== mail.close);
  await mail.close();
};

const put = (name: string, content: string | Buffer) => {
  const path = join(place, 'mail', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
};

const letter = (subject: string, more = '') =>
  `From: Hannah <hannah@fabrikam.example>\r\nTo: Dana <${dana}>\r\nSubject: ${subject}\r\nDate: Fri, 20 Nov 2026 09:00:00 +0100\r\n${more}\r\nHello ${subject}\r\n`;

/** Names, contents and modes of everything below a folder. */
const fingerprint = (path: string) => {
  const hash = createHash('sha256');
  for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()) {
    const found = statSync(join(path, name));
    hash.update(`${name} ${found.mode} ${found.mtimeMs} `);
    if (found.isFile()) hash.update(readFileSync(join(path, name)));
  }
  return hash.digest('hex');
};

const subjects = (mail: Mail, folder = 'inbox', owner = dana) =>
  mail.mailboxes
    .list(owner, { ...inbox, folder })
    .map((each) => each.summary.subject)
    .sort();

describe('a folder of .eml files', () => {
  test('is shown to both colleagues, its sub-folders as folders', async () => {
    put('one.eml', letter('One'));
    put('Projects/Harbour/two.EML', letter('Two'));
    put('Sent/three.eml', letter('Three'));
    put('notes.txt', 'no mail');
    const mail = await open(join(place, 'mail'));
    expect(mail.mailboxes.folders.list(dana).map(({ name, total }) => [name, total])).toEqual([
      ['Inbox', 1],
      ['Drafts', 0],
      ['Sent Items', 1],
      ['Projects', 0],
      ['Harbour', 1],
    ]);
    expect(subjects(mail, 'inbox', miguel)).toEqual(['One']);
  });

  test('keeps its bytes while mails are read, marked and answered', async () => {
    put('one.eml', letter('One'));
    put('box/two.eml', letter('Two'));
    const before = fingerprint(join(place, 'mail'));
    const mail = await open(join(place, 'mail'));
    const [one] = mail.mailboxes.list(dana, inbox);
    const content = await mail.mailboxes.content(one!.key);
    await mail.mailboxes.detailed(one!);
    mail.mailboxes.mark(dana, one!.key, { isRead: false, categories: ['Tracked to CRM'] });
    mail.properties.setExtension(dana, one!.key, 'alongside.customProperties', { value: { a: 1 } });
    const draft = mail.drafts.createAnswer('reply', { name: 'Dana', address: dana }, one!, content!);
    await mail.drafts.send({ name: 'Dana', address: dana }, draft, () => []);
    await close(mail);
    expect(fingerprint(join(place, 'mail'))).toBe(before);
  });

  test('keeps the marks of each colleague apart, over a restart and a renamed file', async () => {
    put('one.eml', letter('One'));
    const first = await open(join(place, 'mail'));
    const [one] = first.mailboxes.list(dana, inbox);
    first.mailboxes.mark(dana, one!.key, { categories: ['Tracked to CRM'] });
    await close(first);
    renameSync(join(place, 'mail/one.eml'), join(place, 'mail/renamed.eml'));
    const second = await open(join(place, 'mail'));
    expect(second.mailboxes.list(dana, inbox).map(({ categories }) => categories)).toEqual([['Tracked to CRM']]);
    expect(second.mailboxes.list(miguel, inbox).map(({ categories }) => categories)).toEqual([[]]);
    expect(await second.mailboxes.raw(one!.key)).toEqual(readFileSync(join(place, 'mail/renamed.eml')));
  });

  test('is looked at again: what came is there, what went is gone', async () => {
    put('one.eml', letter('One'));
    const mail = await open(join(place, 'mail'));
    put('two.eml', letter('Two'));
    rmSync(join(place, 'mail/one.eml'));
    await mail.settled();
    expect(subjects(mail)).toEqual(['Two']);
  });

  test('may hold what is hardly mail: all of it is listed, none of it breaks anything', async () => {
    put('empty.eml', '');
    put('zeros.eml', Buffer.alloc(5000));
    put('noise.eml', Buffer.from(Array.from({ length: 4000 }, (_, index) => (index * 7919) % 256)));
    put('bare.eml', 'Subject: bare\r\n\r\nno sender, no date, no id');
    put('charset.eml', letter('charset', 'Content-Type: text/plain; charset=klingon-8\r\n'));
    put('broken-base64.eml', letter('base64', 'Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n'));
    put('dates.eml', 'Date: the day after tomorrow\r\nSubject: dates\r\n\r\n');
    put('open-boundary.eml', letter('boundary', 'Content-Type: multipart/mixed; boundary=never\r\n'));
    put('deep.eml', deep(400));
    put('wide.eml', `Subject: wide\r\nX-Wide: ${'x'.repeat(3_000_000)}\r\n\r\nwide`);
    const mail = await open(join(place, 'mail'));
    const mails = mail.mailboxes.list(dana, inbox);
    expect(mails).toHaveLength(10);
    for (const each of mails) {
      const detailed = await mail.mailboxes.detailed(each);
      expect(typeof detailed.details?.preview).toBe('string');
      expect(await mail.mailboxes.content(each.key)).not.toBeNull();
    }
    const bare = mails.find(({ summary }) => summary.subject === 'bare');
    expect(bare?.summary).toMatchObject({ from: null, messageId: null, sent: null });
    expect(mail.problems).toEqual([]);
  });

  test('with 2,000 mails is read once, not at every start', async () => {
    for (let index = 0; index < 2000; index += 1) put(`${index % 10}/${index}.eml`, letter(`Mail ${index}`));
    const first = await open(join(place, 'mail'));
    expect(first.mailboxes.folders.list(dana).reduce((sum, { total }) => sum + total, 0)).toBe(2000);
    await close(first);
    const second = await open(join(place, 'mail'));
    const [newest] = second.mailboxes.list(dana, { ...inbox, folder: null, top: 1 });
    expect(newest?.summary.subject).toMatch(/^Mail /);
    expect(second.mailboxes.count(dana, { ...inbox, folder: '3' })).toBe(200);
  });
});

/** Parts in parts in parts. */
const deep = (depth: number) => {
  const parts = Array.from(
    { length: depth },
    (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n`,
  );
  return `Subject: deep\r\n${parts.join('')}Content-Type: text/plain\r\n\r\nbottom`;
};

describe('a Maildir', () => {
  test('has an inbox and sub-folders, and its flags say what was read', async () => {
    put('cur/1:2,S', letter('read'));
    put('cur/2:2,', letter('old but unread'));
    put('new/3', letter('new'));
    put('tmp/4', letter('half delivered'));
    put('.Projects.Harbour/cur/5:2,RS', letter('project'));
    const mail = await open(join(place, 'mail'));
    const unread = mail.mailboxes.list(dana, { ...inbox, isRead: false }).map(({ summary }) => summary.subject);
    expect(unread.sort()).toEqual(['new', 'old but unread']);
    expect(subjects(mail)).toEqual(['new', 'old but unread', 'read']);
    expect(subjects(mail, 'Projects/Harbour')).toEqual(['project']);
  });
});

describe('an mbox file', () => {
  const separator = 'From hannah@fabrikam.example Fri Nov 20 09:00:00 2026\n';
  const mboxLetter = (subject: string, body: string) =>
    `${separator}From: Hannah <hannah@fabrikam.example>\nSubject: ${subject}\nDate: Fri, 20 Nov 2026 09:00:00 +0100\nStatus: ${subject === 'read' ? 'RO' : 'O'}\n\n${body}\n\n`;

  test('is cut at its separators and nowhere else', async () => {
    const sly = 'Dear Dana,\nFrom now on we meet at 9.\n>From the hall one goes left.\n';
    put('all.mbox', mboxLetter('read', 'one') + mboxLetter('sly', sly) + mboxLetter('last', 'three'));
    const before = fingerprint(join(place, 'mail'));
    const mail = await open(join(place, 'mail/all.mbox'));
    expect(subjects(mail)).toEqual(['last', 'read', 'sly']);
    const found = mail.mailboxes.list(dana, inbox).find(({ summary }) => summary.subject === 'sly');
    expect((await mail.mailboxes.content(found!.key))?.text).toContain(
      'From now on we meet at 9.\nFrom the hall one goes left.',
    );
    expect(mail.mailboxes.list(dana, { ...inbox, isRead: true }).map(({ summary }) => summary.subject)).toEqual([
      'read',
    ]);
    expect(fingerprint(join(place, 'mail'))).toBe(before);
  });

  test('of many megabytes is found to the byte, also where a separator lies across two reads', async () => {
    const bodies = Array.from({ length: 40 }, (_, index) => 'x'.repeat(99_991 + index * 37));
    put('big', bodies.map((body, index) => mboxLetter(`Mail ${index}`, body)).join(''));
    const mail = await open(join(place, 'mail/big'));
    const found = mail.mailboxes.list(dana, inbox);
    expect(found).toHaveLength(40);
    for (const each of found) {
      const index = Number(each.summary.subject.slice(5));
      expect((await mail.mailboxes.content(each.key))?.text?.trim()).toBe(bodies[index]);
    }
  });
});

describe('a PATH that is no mail gets a sentence', () => {
  test.each([
    ['nothing there', 'nowhere', /There is nothing at .*nowhere/],
    ['a folder without mail', 'holiday', /holds no mail/],
    ['a file that is no mbox', 'holiday/beach.jpg', /is not mail/],
  ])('%s', async (_case, name, sentence) => {
    put('holiday/beach.jpg', Buffer.from([0xff, 0xd8, 0xff]));
    await expect(open(join(place, 'mail', name))).rejects.toThrow(sentence);
  });
});

test('a data directory that another Alongside uses is left alone, with a sentence', async () => {
  put('one.eml', letter('One'));
  await open(join(place, 'mail'));
  await expect(open(join(place, 'mail'))).rejects.toThrow(/in use by another process/);
});
