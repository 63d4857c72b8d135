import { describe, expect, test } from '@jest/globals';
import { aMessage } from './memory-mailbox.ts';
import { aWorld, ok, refused } from './world.ts';

const pdf = { id: '', name: 'offer.pdf', contentType: 'application/pdf', isInline: false, contentId: null };
const mail = aMessage({
  id: 'bWFpbDE=',
  headers: [
    { name: 'Message-ID', value: '<spring@fabrikam.example>' },
    { name: 'References', value: '<winter@fabrikam.example>' },
  ],
  files: [
    { ...pdf, bytes: '%PDF' },
    { ...pdf, name: 'inner.eml', contentType: 'message/rfc822', bytes: 'Subject: inner\r\n' },
  ],
});

describe('what a pane asks about the mail it is beside', () => {
  test('the body, as HTML and as text', async () => {
    const call = await aWorld([mail]).open(mail.id);
    expect(await call(37, { coercionType: 3 })).toEqual(ok('<p>Hello Dana</p>'));
    expect(await call(37, { coercionType: 0 })).toEqual(ok('Hello Dana'));
  });

  test('a plain mail asked for as HTML shows its signs, it does not become markup', async () => {
    const plain = aMessage({ id: 'a', body: { contentType: 'text', content: 'a < b\n&c' } });
    const call = await aWorld([plain]).open('a');
    expect(await call(37, { coercionType: 3 })).toEqual(ok('<div style="white-space:pre-wrap">a &lt; b\n&amp;c</div>'));
  });

  test('all headers, in their order', async () => {
    const call = await aWorld([mail]).open(mail.id);
    const text = 'Message-ID: <spring@fabrikam.example>\r\nReferences: <winter@fabrikam.example>\r\n';
    expect(await call(168)).toEqual(ok(text));
  });

  test('attachments: files as base64, mails as text', async () => {
    const call = await aWorld([mail]).open(mail.id);
    expect(await call(150, { id: 'part0' })).toEqual(ok({ content: btoa('%PDF'), format: 'base64' }));
    expect(await call(150, { id: 'part1' })).toEqual(ok({ content: 'Subject: inner\r\n', format: 'eml' }));
    expect(await call(150, { id: 'part7' })).toEqual(refused(9003));
  });

  test('custom properties stay with the mail', async () => {
    const world = aWorld([mail]);
    const call = await world.open(mail.id);
    expect(await call(3)).toEqual({ wasSuccessful: true, customProperties: '{}' });
    expect(await call(4, { customProperties: { 'alongside.change': 'abc' } })).toEqual(ok());
    const again = await world.open(mail.id);
    expect(await again(3)).toEqual({ wasSuccessful: true, customProperties: '{"alongside.change":"abc"}' });
    expect(await call(4, { customProperties: { big: 'x'.repeat(2500) } })).toEqual(refused(9019));
  });

  test('a category the mailbox knows marks the mail, another one is refused', async () => {
    const world = aWorld([mail]);
    const call = await world.open(mail.id);
    expect(await call(158, { categories: ['Tracked to CRM', 'Nonsense'] })).toEqual(refused(9044));
    expect(await call(157)).toEqual(ok([]));
    expect(await call(158, { categories: ['Tracked to CRM'] })).toEqual(ok());
    expect(await call(158, { categories: ['Tracked to CRM'] })).toEqual(ok());
    expect(await call(157)).toEqual(ok([{ displayName: 'Tracked to CRM', color: 'Preset7' }]));
    expect(world.changes()).toBe(2); // the list shows the mark
    expect(await call(159, { categories: ['Tracked to CRM'] })).toEqual(ok());
    expect(world.mailbox.messages.get(mail.id)?.categories).toEqual([]);
  });

  test('forms are opened by the host', async () => {
    const world = aWorld([mail]);
    const call = await world.open(mail.id);
    await call(8, { itemId: 'bWFpbDI=' });
    await call(11, { htmlBody: '<p>Thanks</p>' });
    await call(44, { toRecipients: ['a@b.example'], subject: 'Hello', attachments: [['item', 'Mail', 'bWFpbDE=']] });
    expect(world.opened).toEqual(['bWFpbDI=']);
    expect(world.forms).toMatchObject([
      { toAll: true, body: '<p>Thanks</p>', attachments: [] },
      {
        to: [{ address: 'a@b.example' }],
        subject: 'Hello',
        attachments: [{ kind: 'item', name: 'Mail', source: 'bWFpbDE=' }],
      },
    ]);
  });

  test('roaming settings are replaced as a whole', async () => {
    const world = aWorld([mail]);
    const call = await world.open(mail.id);
    await call(404, [{ a: '1', b: '2' }]);
    await call(404, [{ b: '3' }]);
    expect(world.mailbox.settings).toEqual({ b: '3' });
  });
});

describe('what goes wrong', () => {
  test('a call that no host knows', async () => {
    const call = await aWorld([mail]).open(mail.id);
    expect(await call(9999)).toEqual(refused(5000));
    expect(await call(Number.NaN)).toEqual(refused(5000));
  });

  test('parameters of another shape', async () => {
    const call = await aWorld([mail]).open(mail.id);
    expect(await call(158, { categories: 'Tracked to CRM' })).toEqual(refused(9031));
    expect(await call(150)).toEqual(refused(9031));
  });

  test('more than the manifest asked for', async () => {
    const call = await aWorld([mail], 'ReadItem').open(mail.id);
    expect(await call(157)).toEqual(ok([]));
    expect(await call(158, { categories: [] })).toEqual(refused(7000));
    const asked = await aWorld([mail]).open(mail.id);
    expect(await asked(160)).toEqual(refused(7000)); // master categories need the mailbox permission
    const mailboxWide = await aWorld([mail], 'ReadWriteMailbox').open(mail.id);
    expect(await mailboxWide(160)).toEqual(ok([{ displayName: 'Tracked to CRM', color: 'Preset7' }]));
  });

  test('the wrong kind of item, or none', async () => {
    const world = aWorld([mail]);
    const call = await world.open(mail.id);
    expect(await call(17, { subject: 'New' })).toEqual(refused(9032));
    expect(await world.callsOn(null)(37, { coercionType: 0 })).toEqual(refused(9032));
    expect(await world.callsOn(null)(157)).toEqual(refused(9032));
  });

  test('the mailbox does not answer, or not with what was asked', async () => {
    const world = aWorld([mail]);
    const call = await world.open(mail.id);
    world.mailbox.down = true;
    expect(await call(157)).toEqual(refused(9041));
    world.mailbox.down = false;
    world.mailbox.messages.delete(mail.id);
    expect(await call(157)).toEqual(refused(9040));
  });
});

describe('bars above the mail', () => {
  const bar = (key: string, type = 0) => ({ key, type, message: `Bar ${key}`, icon: 'Icon.16', persistent: false });

  test('are added, replaced, listed and removed', async () => {
    const world = aWorld([mail]);
    const call = await world.open(mail.id);
    expect(await call(33, bar('a'))).toEqual(ok());
    expect(await call(33, bar('a'))).toEqual(refused(9023));
    expect(await call(35, { ...bar('a', 2), message: 'It failed' })).toEqual(ok());
    const shown = [{ key: 'a', type: 'errorMessage', message: 'It failed', persistent: false }];
    expect(await call(34)).toEqual(ok(shown));
    expect(world.notifications.of(mail.id)).toEqual(shown);
    expect(await call(36, { key: 'a' })).toEqual(ok());
    expect(await call(36, { key: 'a' })).toEqual(refused(9024));
  });

  test('replacing what is not there adds it; five are the most', async () => {
    const call = await aWorld([mail]).open(mail.id);
    for (const key of ['a', 'b', 'c', 'd', 'e']) expect(await call(35, bar(key))).toEqual(ok());
    expect(await call(33, bar('f'))).toEqual(refused(9025));
    expect(await call(33, { ...bar('g'), message: 'x'.repeat(151) })).toEqual(refused(9031));
  });

  test('who leaves the mail finds only the lasting ones again', async () => {
    const world = aWorld([mail]);
    const call = await world.open(mail.id);
    await call(33, bar('passing'));
    await call(33, { ...bar('lasting'), persistent: true });
    world.notifications.leave(mail.id);
    expect(world.notifications.of(mail.id).map(({ key }) => key)).toEqual(['lasting']);
  });
});
