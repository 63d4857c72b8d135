import { afterEach, describe, expect, test } from '@jest/globals';
import type { MailMessage } from '../../src/model/message.ts';
import type { Mailbox } from '../../src/outlook/mailbox.ts';
import { createOfficeMailbox } from '../../src/outlook/office-mailbox.ts';
import { FakeOffice } from './fake-office.ts';
import { createMemoryMailbox } from './memory-mailbox.ts';

const order: MailMessage = {
  itemId: 'mail-1',
  kind: 'received',
  internetMessageId: '<order-1@northwind.example>',
  subject: 'Purchase order',
  from: { name: 'Tom Becker', address: 'tom@northwind.example' },
  to: [{ name: 'Dana Whitfield', address: 'dana@contoso.example' }],
  cc: [],
  bcc: [],
  sentAt: '2026-11-20T07:59:30.000Z',
  receivedAt: '2026-11-20T08:00:00.000Z',
  importance: 'normal',
  attachments: [
    { id: 'a1', name: 'order.txt', contentType: 'application/octet-stream', size: 5, isInline: false },
    { id: 'a2', name: 'empty.txt', contentType: 'application/octet-stream', size: 9, isInline: false },
  ],
};

interface World {
  readonly mailbox: Mailbox;
  /** Opens the purchase order under another id. */
  readonly open: (itemId: string) => void;
  readonly close: () => void;
  readonly isMarked: (itemId: string) => boolean;
  readonly lines: () => readonly string[];
}

let last = new FakeOffice();
afterEach(() => last.idle());

const worlds: Record<string, () => World> = {
  Outlook() {
    const office = new FakeOffice();
    office.install();
    last = office;
    const mailbox = createOfficeMailbox({ tracked: 'Tracked in the CRM.' });
    return {
      mailbox,
      open: (id) =>
        office.open({
          id,
          subject: order.subject,
          messageId: order.internetMessageId ?? undefined,
          from: { displayName: 'Tom Becker', emailAddress: 'tom@northwind.example' },
          to: [{ displayName: 'Dana Whitfield', emailAddress: 'dana@contoso.example' }],
          headers: 'From: Tom\r\nDate: Fri, 20 Nov 2026 08:59:30\r\n +0100 (CET)\r\n',
          body: '<p>Twelve.</p>',
          attachments: [
            { id: 'a1', name: 'order.txt', size: 5, content: btoa('hello'), format: 'base64' },
            { id: 'a2', name: 'empty.txt', size: 9, content: '', format: 'base64' },
          ],
        }),
      close: () => office.open(null),
      isMarked: (id) => office.categories.get(id)?.has('Tracked to CRM') === true,
      lines: () => office.notifications.map(({ message }) => message),
    };
  },

  memory() {
    const mailbox = createMemoryMailbox();
    const bytes = new Map([['a1', new TextEncoder().encode('hello')]]);
    return {
      mailbox,
      open: (itemId) => mailbox.open({ message: { ...order, itemId }, bodyHtml: '<p>Twelve.</p>', bytes }),
      close: () => mailbox.close(),
      isMarked: (id) => mailbox.marked.has(id),
      lines: () => mailbox.lines.map(({ text }) => text),
    };
  },
};

describe.each(Object.entries(worlds))('a mailbox (%s)', (_name, create) => {
  test('knows whose it is, and tells everything but the Date header at once', () => {
    const { mailbox, open } = create();
    expect(mailbox.user.address).toBe('dana@contoso.example');
    expect(mailbox.language).toBe('de-DE');
    expect(mailbox.current()).toBeNull();
    open('mail-1');
    expect(mailbox.current()).toMatchObject({ kind: 'mail', message: { ...order, sentAt: null } });
    expect(mailbox.current()).toBe(mailbox.current());
  });

  test('reads the rest: date, body, attachments', async () => {
    const { mailbox, open } = create();
    open('mail-1');
    const mail = await mailbox.current()!.read();
    expect(mail.message).toEqual(order);
    expect(await mail.readBodyHtml()).toBe('<p>Twelve.</p>');
    expect(await (await mail.readAttachment('a1')).text()).toBe('hello');
    await expect(mail.readAttachment('a2')).rejects.toThrow();
  });

  test('says when another item is open, until nobody listens any more', () => {
    const { mailbox, open, close } = create();
    const seen: (string | null)[] = [];
    const stop = mailbox.subscribe(() => seen.push(mailbox.current()?.message.itemId ?? null));
    open('mail-1');
    open('mail-2');
    close();
    stop();
    open('mail-3');
    expect(seen).toEqual(['mail-1', 'mail-2', null]);
  });

  test('never gives one mail’s answer for another', async () => {
    const { mailbox, open } = create();
    open('mail-1');
    const first = mailbox.current()!;
    const late = first.read();
    open('mail-2');
    await expect(late).rejects.toMatchObject({ name: 'ItemClosed' });
    await expect(first.read()).rejects.toMatchObject({ name: 'ItemClosed' });

    const mail = await mailbox.current()!.read();
    const body = mail.readBodyHtml();
    open('mail-1');
    await expect(body).rejects.toMatchObject({ name: 'ItemClosed' });
    await expect(mail.readAttachment('a1')).rejects.toMatchObject({ name: 'ItemClosed' });
    expect(mailbox.current()!.turn).toBeGreaterThan(first.turn);
  });

  test('marks a mail as tracked, knows it later, and takes the mark away', async () => {
    const { mailbox, open, isMarked, lines } = create();
    open('mail-1');
    expect(await mailbox.current()!.marks.lastKnown()).toBe(false);
    await mailbox.current()!.marks.show(true);
    expect(isMarked('mail-1')).toBe(true);
    open('mail-2');
    expect(await mailbox.current()!.marks.lastKnown()).toBe(false);
    open('mail-1');
    expect(await mailbox.current()!.marks.lastKnown()).toBe(true);
    await mailbox.current()!.marks.show(false);
    expect(isMarked('mail-1')).toBe(false);
    await mailbox.current()!.notify('Done.', 'information');
    expect(lines()).toEqual(['Done.']);
  });
});
