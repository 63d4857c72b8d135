import { describe, expect, test } from '@jest/globals';
import { aMessage } from './memory-mailbox.ts';
import { aWorld, ok, refused } from './world.ts';

const amara = { address: 'amara@fabrikam.example', name: 'Amara Okafor' };
const wire = (person: object) => ({ ...person, recipientType: 2, appointmentResponse: 0 });
const TO = 0;

describe('a pane beside a mail being written', () => {
  test('reads and sets subject and recipients', async () => {
    const { call, draft } = aWorld().write({ subject: 'Draft' });
    expect(await call(18)).toEqual(ok('Draft'));
    expect(await call(17, { subject: 'Prices' })).toEqual(ok());
    expect(await call(17, { subject: 'x'.repeat(256) })).toEqual(refused(9031));
    expect(await call(22, { recipientField: TO, recipientArray: [amara] })).toEqual(ok());
    expect(await call(15, { recipientField: TO })).toEqual(ok([wire(amara)]));
    expect(draft.fields()).toMatchObject({ subject: 'Prices', to: [amara] });
  });

  test('hears which fields the person changed', () => {
    const { draft } = aWorld().write();
    const heard: string[] = [];
    draft.subscribe((changed) => heard.push(...changed));
    draft.change({ cc: [amara] });
    expect(heard).toEqual(['cc']);
  });

  test('writes into the body in the format it has', async () => {
    const html = aWorld().write({ body: '<p>Bye</p>' });
    expect(await html.call(14)).toEqual(ok('html'));
    await html.call(23, { data: 'a < b', coercionType: 0 });
    expect(html.draft.fields().body).toBe('<div style="white-space:pre-wrap">a &lt; b</div><p>Bye</p>');
    await html.call(38, { data: '<p>All new</p>', coercionType: 3 });
    await html.call(13, { data: '<i>first</i>', coercionType: 3 }); // nobody has a cursor: to the front
    expect(html.draft.fields().body).toBe('<i>first</i><p>All new</p>');
    const text = aWorld().write({ bodyType: 'text' });
    await text.call(38, { data: '<p>Plain</p>', coercionType: 3 });
    expect(text.draft.fields().body).toBe('Plain');
  });

  test('sets headers of its own', async () => {
    const { call } = aWorld().write();
    await call(152, { internetHeaderNameValuePairs: { 'x-alongside': '1', 'x-other': '2' } });
    await call(153, { internetHeaderKeys: ['x-other'] });
    expect(await call(151, { internetHeaderKeys: ['x-alongside', 'x-other'] })).toEqual(ok({ 'x-alongside': '1' }));
  });

  test('has no id until it is saved, and one draft however often it is saved', async () => {
    const world = aWorld();
    const { call } = world.write({ subject: 'Prices', to: [amara] });
    expect(await call(164)).toEqual(refused(9046));
    const [first, second] = await Promise.all([call(32), call(32)]);
    expect(first).toEqual(second);
    expect(await call(164)).toEqual(first);
    expect([...world.mailbox.messages.values()]).toMatchObject([{ subject: 'Prices', isDraft: true }]);
  });

  test('attaches files and mails, and takes them away again', async () => {
    const world = aWorld([aMessage({ id: 'bWFpbDE=' })]);
    const { call, draft } = world.write();
    expect(await call(148, { base64String: btoa('hello'), name: 'a.txt' })).toEqual(ok('file1'));
    expect(await call(148, { base64String: btoa('world!'), name: 'b.txt' })).toEqual(ok('file2'));
    expect(await call(19, { itemId: 'bWFpbDE=', name: 'mail.eml' })).toEqual(ok('file3'));
    expect(
      draft
        .fields()
        .attachments.map(({ size }) => size)
        .slice(0, 2),
    ).toEqual([5, 6]);
    await call(32);
    expect(await call(20, { attachmentIndex: 'file1' })).toEqual(ok());
    expect(await call(20, { attachmentIndex: 'file2' })).toEqual(ok());
    expect(await call(20, { attachmentIndex: 'file2' })).toEqual(refused(9008));
    await call(32);
    const saved = world.mailbox.messages.get(draft.id()!)!;
    expect(saved.files.map(({ name }) => name)).toEqual(['mail.eml']);
  });

  test('is sent with what was changed last', async () => {
    const world = aWorld();
    const { draft, call } = world.write({ to: [amara] });
    await call(32);
    await call(17, { subject: 'Last word' });
    await draft.send();
    expect(world.mailbox.sent).toEqual([draft.id()]);
    expect(world.mailbox.messages.get(draft.id()!)).toMatchObject({ subject: 'Last word', folder: 'sentitems' });
  });

  test('that could not be saved still is not saved, and can be saved later', async () => {
    const world = aWorld();
    const { draft, call } = world.write();
    draft.change({ subject: 'Keep me' });
    world.mailbox.down = true;
    expect(await call(32)).toEqual(refused(9041));
    expect(draft.isDirty()).toBe(true);
    world.mailbox.down = false;
    expect(await call(32)).toMatchObject({ wasSuccessful: true });
    expect(draft.isDirty()).toBe(false);
  });

  test('keeps session data as long as the form is open, and closes the form', async () => {
    const world = aWorld();
    const { call } = world.write();
    await call(185, { name: 'step', value: '2' });
    expect(await call(186, { name: 'step' })).toEqual(ok('2'));
    await call(189, { name: 'step' });
    expect(await call(186, { name: 'step' })).toEqual(refused(9050));
    await call(41);
    expect(world.closed).toEqual(['draft:1']);
  });

  test('says what kind of mail it is and who sends it', async () => {
    const { call } = aWorld().write();
    expect(await call(174)).toEqual(ok({ composeType: 'newMail', coercionType: 'html' }));
    expect(await call(107)).toEqual(ok(wire({ name: 'Dana Whitfield', address: 'dana@contoso.example' })));
  });
});
