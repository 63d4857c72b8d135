import { afterEach, describe, expect, test } from '@jest/globals';
import { dateIn } from '../../src/model/header-block.ts';
import type { Mailbox } from '../../src/outlook/mailbox.ts';
import { createOfficeMailbox } from '../../src/outlook/office-mailbox.ts';
import { FakeOffice, type FakeMail } from './fake-office.ts';

let last = new FakeOffice();
afterEach(() => last.idle());

function start(options: ConstructorParameters<typeof FakeOffice>[0] = {}) {
  const office = new FakeOffice(options);
  office.install();
  last = office;
  return { office, mailbox: createOfficeMailbox({ tracked: 'Tracked in the CRM.' }) };
}

const changed = (mailbox: Mailbox): Promise<void> =>
  new Promise((resolve) => {
    const stop = mailbox.subscribe(() => {
      stop();
      resolve();
    });
  });

const plain: FakeMail = { id: 'm1', messageId: '<1@x.example>', headers: 'Date: Fri, 20 Nov 2026 08:59:30 +0100' };

describe('mails as they come', () => {
  test('a mail that lacks everything is still a mail', async () => {
    const { office, mailbox } = start();
    office.open({ id: 'm1' });
    const mail = await mailbox.current()!.read();
    expect(mail.message).toMatchObject({ from: null, internetMessageId: null, sentAt: null, subject: '', to: [] });
    expect(await mail.readBodyHtml()).toBe('');
  });

  test('an Outlook without headers leaves the date unknown', async () => {
    const { office, mailbox } = start({ headers: false });
    office.open(plain);
    expect((await mailbox.current()!.read()).message.sentAt).toBeNull();
  });

  test('an invitation is a mail that can be tracked, an appointment is not a mail', () => {
    const { office, mailbox } = start();
    office.open({ ...plain, itemClass: 'IPM.Schedule.Meeting.Request' });
    expect(mailbox.current()).toMatchObject({ kind: 'mail', message: { kind: 'meeting-request' } });
    office.open({ id: 'a1', kind: 'appointment', from: { displayName: 'Lea', emailAddress: 'lea@x.example' } });
    expect(mailbox.current()).toMatchObject({ kind: 'appointment', message: { from: { name: 'Lea' } } });
  });

  test('an attached mail comes as its text, a link to a cloud is not handed out', async () => {
    const { office, mailbox } = start();
    const attachments = [
      { id: 'eml', name: 'a.eml', size: 8, content: 'Subject: ü', format: 'eml' },
      { id: 'url', name: 'b.pdf', size: 8, content: 'https://files.example/b', format: 'url' },
    ];
    office.open({ ...plain, attachments });
    const mail = await mailbox.current()!.read();
    expect(await (await mail.readAttachment('eml')).text()).toBe('Subject: ü');
    await expect(mail.readAttachment('url')).rejects.toThrow('link');
  });

  test('a large attachment comes byte for byte, however its base64 is broken into lines', async () => {
    const { office, mailbox } = start();
    const bytes = Buffer.from(Uint8Array.from({ length: 2_000_003 }, (_, at) => (at * 7) % 251));
    const content = bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
    office.open({ ...plain, attachments: [{ id: 'a', name: 'a.bin', size: bytes.length, content, format: 'base64' }] });
    const mail = await mailbox.current()!.read();
    const read = await mail.readAttachment('a');
    expect(Buffer.from(await read.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test('the importance is what the headers say', async () => {
    const { office, mailbox } = start();
    office.open({ ...plain, headers: 'Importance: high\r\nDate: x' });
    expect((await mailbox.current()!.read()).message.importance).toBe('high');
    office.open({ ...plain, headers: 'X-Priority: 5 (Lowest)' });
    expect((await mailbox.current()!.read()).message.importance).toBe('low');
  });

  test.each([
    ['Date: Fri, 20 Nov 2026 08:59:30 +0100', '2026-11-20T07:59:30.000Z'],
    [
      'Received: x\r\n\tby y\r\ndate:  20 Nov 2026 07:59:30 GMT\r\nSubject: Date: 1 Jan 1999',
      '2026-11-20T07:59:30.000Z',
    ],
    ['Date: Fri, 20 Nov 2026\r\n 08:59:30 +0100 (CET)\r\n', '2026-11-20T07:59:30.000Z'],
    ['Date: the other day', null],
    ['X-Date: Fri, 20 Nov 2026 08:59:30 +0100', null],
    ['', null],
  ])('%j is sent at %s', (headers, sentAt) => expect(dateIn(headers)).toBe(sentAt));
});

describe('a draft', () => {
  test('tells its recipients as they are added, and stays the same opening', async () => {
    const { office, mailbox } = start();
    const lea = { displayName: 'Lea', emailAddress: 'lea@x.example' };
    const draft = office.compose([lea]);
    const { turn } = mailbox.current()!;
    expect(mailbox.current()).toMatchObject({ kind: 'draft', message: { kind: 'draft', to: [] } });
    await changed(mailbox);
    expect(mailbox.current()!.message.to).toEqual([{ name: 'Lea', address: 'lea@x.example' }]);
    draft.setTo([lea, { displayName: 'Tom', emailAddress: 'tom@x.example' }]);
    await changed(mailbox);
    expect(mailbox.current()!.message.to).toHaveLength(2);
    expect(mailbox.current()!.turn).toBe(turn);
    await expect(mailbox.current()!.read()).rejects.toMatchObject({ name: 'ItemClosed' });
  });

  test('whose recipients come late does not replace the mail opened meanwhile', async () => {
    const { office, mailbox } = start();
    office.holding = true;
    office.compose([{ displayName: 'Lea', emailAddress: 'lea@x.example' }]);
    office.open(plain);
    office.release();
    await mailbox.current()!.read();
    expect(mailbox.current()).toMatchObject({ kind: 'mail', message: { itemId: 'm1' } });
  });
});

describe('a draft that is to be tracked once it is sent', () => {
  const dana = { displayName: 'Dana', emailAddress: 'Dana@contoso.example' };
  const write = async () => {
    const { office, mailbox } = start();
    office.compose([]);
    const wish = mailbox.current()!.wish!;
    expect(await wish.isMade()).toBe(false);
    await wish.make();
    expect(await wish.isMade()).toBe(true);
    const [[name, stamp] = ['', '']] = [...office.draftHeaders];
    const sent = {
      ...plain,
      id: 'draft',
      from: dana,
      headers: `Date: x\r\n${name.toUpperCase()}:\r\n ${stamp}\r\nTo: y`,
    };
    return { office, mailbox, wish, stamp, sent };
  };

  test('carries a stamp that its sent copy is known by, until the wish is fulfilled', async () => {
    const { office, mailbox, stamp, sent } = await write();
    office.open(sent);
    const { message, wish } = await mailbox.current()!.read();
    expect(message.stamp).toBe(stamp);
    expect(wish?.stamp).toBe(stamp);
    await wish!.settle();
    office.open(sent);
    const again = await mailbox.current()!.read();
    expect(again.message.stamp).toBe(stamp);
    expect(again.wish).toBeUndefined();
  });

  test('is forgotten when its author takes it back', async () => {
    const { office, mailbox, wish, sent } = await write();
    await wish.takeBack();
    expect([...office.draftHeaders]).toEqual([]);
    office.open(sent);
    expect((await mailbox.current()!.read()).wish).toBeUndefined();
  });

  test('a stranger who copies the stamp has no wish here, nor has a forward that took the property along', async () => {
    const { office, mailbox, sent } = await write();
    for (const mail of [
      { ...sent, id: 'received' }, // says it is from Dana; her mailbox knows nothing of it
      { ...sent, from: { displayName: 'Eve', emailAddress: 'eve@else.example' } },
      { ...sent, headers: 'X-Alongside-Stamp: 0190aaaa-0000-7000-8000-000000000001' },
      { ...sent, headers: 'X-Alongside-Stamp: <script>' },
    ]) {
      office.open(mail);
      expect((await mailbox.current()!.read()).wish).toBeUndefined();
    }
  });

  test('an Outlook without headers is asked for none', () => {
    const { office, mailbox } = start({ headers: false });
    office.compose([]);
    expect(mailbox.current()!.wish).toBeNull();
  });
});

describe('marks', () => {
  test('where the mailbox does not know the category, a property and a line above the mail do', async () => {
    const { office, mailbox } = start();
    office.masterCategories = [];
    office.open(plain);
    await mailbox.current()!.marks.show(true);
    expect(office.categories.get('m1')?.size).toBe(0);
    expect(await mailbox.current()!.marks.lastKnown()).toBe(true);
    expect(office.notifications).toMatchObject([{ message: 'Tracked in the CRM.', type: 'informationalMessage' }]);
  });

  test('a phone without categories gets the property', async () => {
    const { office, mailbox } = start({ category: false });
    office.open(plain);
    await mailbox.current()!.marks.show(true);
    expect(office.properties.get('m1')?.get('alongside.tracked')).toBe('<1@x.example>');
  });

  test('a property that came along with a forward says nothing about it', async () => {
    const { office, mailbox } = start();
    office.properties.set('m1', new Map([['alongside.tracked', '<original@x.example>']]));
    office.open(plain);
    expect(await mailbox.current()!.marks.lastKnown()).toBe(false);
  });

  test('an untracked mail keeps its other categories', async () => {
    const { office, mailbox } = start();
    office.categories.set('m1', new Set(['Red', 'Tracked to CRM']));
    office.open(plain);
    await mailbox.current()!.marks.show(false);
    expect([...office.categories.get('m1')!]).toEqual(['Red']);
  });
});

describe('a host with habits', () => {
  test('is never asked more than three things at once', async () => {
    const { office, mailbox } = start();
    office.open({ ...plain, body: 'x' });
    const mail = await mailbox.current()!.read();
    await Promise.all(Array.from({ length: 12 }, () => mail.readBodyHtml()));
    expect(office.mostAtOnce).toBeLessThanOrEqual(3);
  });

  test('that forgot to say that another mail is open is found out when the pane is looked at', () => {
    const { office, mailbox } = start();
    office.open(plain);
    office.openSilently({ ...plain, id: 'm2' });
    expect(mailbox.current()!.message.itemId).toBe('m1');
    mailbox.recheck();
    expect(mailbox.current()!.message.itemId).toBe('m2');
    const { turn } = mailbox.current()!;
    mailbox.recheck();
    expect(mailbox.current()!.turn).toBe(turn);
  });

  test('shows no more than 150 characters above a mail', async () => {
    const { office, mailbox } = start();
    office.open(plain);
    await mailbox.current()!.notify('x'.repeat(400), 'error');
    expect(office.notifications[0]?.message).toHaveLength(150);
    expect(office.notifications[0]?.type).toBe('errorMessage');
  });
});
