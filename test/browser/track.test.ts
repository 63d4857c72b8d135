import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeInBrowser } from './describe.ts';
import { emailsAbout, openOutlook, until, type Outlook } from './outlook.ts';

describeInBrowser('tracking a mail', () => {
  let outlook: Outlook;
  beforeAll(async () => {
    outlook = await openOutlook();
  });
  afterAll(() => outlook.close());

  test('from the open message to the e-mail in the CRM, and back again', async () => {
    const subject = 'Re: The lobby machine gave up at breakfast';
    await outlook.read(subject);
    await outlook.person.getByRole('heading', { name: 'Hannah Meyer' }).waitFor();
    await outlook.person.getByText('Head of Purchasing').waitFor();
    expect(await outlook.person.getByRole('link', { name: '+49 451 555 0142' }).getAttribute('href')).toMatch(/^tel:/);

    await outlook.button('Track').click();
    await outlook.says('Tracked');
    const [email, ...more] = await emailsAbout(outlook.stack, subject);
    expect(more).toEqual([]);
    expect(email).toMatchObject({ subject, directioncode: false, statecode: 1 });
    await outlook.page
      .getByRole('option', { name: /lobby machine.*Tracked to CRM/ })
      .first()
      .waitFor();

    await outlook.button('Undo').click();
    await outlook.says('Not tracked');
    expect(await emailsAbout(outlook.stack, subject)).toEqual([]);
  });

  test('the ribbon button tracks without a pane', async () => {
    await outlook.select('They named the machine Bertha');
    await outlook.page
      .getByRole('toolbar', { name: 'Ribbon' })
      .getByRole('button', { name: 'Track', exact: true })
      .click();
    await outlook.page
      .getByRole('region', { name: 'Notifications' })
      .getByText(/tracked/i)
      .waitFor();
    expect(await emailsAbout(outlook.stack, 'They named the machine Bertha')).toHaveLength(1);
  });

  test('setting the regarding record needs no mouse, tracks and links in one go', async () => {
    const subject = 'Purchase order 4500117 - twelve Barista Duo';
    await outlook.read(subject);
    await outlook.button('Set regarding…').press('Enter');
    const search = outlook.pane.getByRole('combobox');
    await search.pressSequentially('fabri');
    await outlook.pane
      .getByRole('option', { name: /Fabrikam Hotels/ })
      .first()
      .waitFor();
    await search.press('ArrowDown');
    await search.press('Enter');
    await outlook.says('Tracked');
    const [email] = await until(
      () => emailsAbout(outlook.stack, subject),
      ([row]) => row?._regardingobjectid_value != null,
    );
    const regarding = email!._regardingobjectid_value!;
    await outlook.tracking.getByRole('link').first().waitFor();
    expect(await outlook.tracking.getByRole('link').first().getAttribute('href')).toContain(regarding);

    await outlook.tracking.getByRole('button', { name: 'More actions' }).press('Enter');
    await outlook.pane.getByRole('menuitem', { name: 'Untrack…' }).press('Enter');
    await outlook.button('Keep the e-mail in the CRM').press('Enter');
    await outlook.tracking.getByText('The e-mail is still in the CRM').waitFor();
    expect(await emailsAbout(outlook.stack, subject)).toHaveLength(1);

    await outlook.button('Track').click();
    await outlook.says('Tracked');
    expect(await emailsAbout(outlook.stack, subject)).toHaveLength(1);
  });

  test('a removal can be taken back for ten seconds, and is carried out when it is not', async () => {
    const subject = 'New address, same thirst';
    await outlook.read(subject);
    await outlook.button('Track').click();
    await outlook.says('Tracked');
    const remove = async () => {
      await outlook.tracking.getByRole('button', { name: 'More actions' }).click();
      await outlook.pane.getByRole('menuitem', { name: 'Untrack…' }).click();
      await outlook.button('Remove it from the CRM').click();
      await outlook.tracking.getByText(/Removing it from the CRM in/).waitFor();
    };
    await remove();
    await outlook.button('Undo').click();
    await outlook.says('Tracked');
    expect(await emailsAbout(outlook.stack, subject)).toHaveLength(1);

    await remove();
    await until(
      () => emailsAbout(outlook.stack, subject),
      (rows) => rows.length === 0,
    );
    await outlook.says('Not tracked');
  });

  test('two colleagues who received the same mail make one e-mail', async () => {
    const subject = 'A small bakery with a big question';
    await outlook.read(subject);
    await outlook.button('Track').click();
    await outlook.says('Tracked');

    const miguel = await outlook.newWindow();
    await miguel.switchUser('Miguel Santos');
    await miguel.read(subject);
    await miguel.tracking.getByText(/by Dana Whitfield/).waitFor();
    await miguel.page
      .getByRole('toolbar', { name: 'Ribbon' })
      .getByRole('button', { name: 'Track', exact: true })
      .click();
    await miguel.page
      .getByRole('region', { name: 'Notifications' })
      .getByText(/tracked/i)
      .waitFor();
    expect(await emailsAbout(outlook.stack, subject)).toHaveLength(1);
    await miguel.close();
  });

  test('a message that is to be tracked once it is sent is tracked when its sent copy is opened, once for everybody', async () => {
    const subject = `The roast of ${Date.now()}`;
    await outlook.page.getByRole('button', { name: 'New mail' }).click();
    const message = outlook.page.getByRole('region', { name: 'New message' });
    await outlook.openPane();
    const to = message.getByLabel('To', { exact: true });
    await to.fill('miguel@contoso.example');
    await to.press('Enter');
    await message.getByLabel('Subject').fill(subject);
    await outlook.button('Track when sent').click();
    await outlook.pane.getByText('It is tracked when you open it in Sent Items.').waitFor();
    await message.getByRole('button', { name: 'Send' }).click();
    await message.waitFor({ state: 'detached' });
    expect(await emailsAbout(outlook.stack, subject)).toEqual([]);

    await outlook.page.getByText('Sent Items', { exact: true }).click();
    await outlook.read(subject);
    await outlook.says('Tracked');
    expect(await emailsAbout(outlook.stack, subject)).toMatchObject([{ directioncode: true }]);

    const miguel = await outlook.newWindow();
    await miguel.switchUser('Miguel Santos');
    await miguel.read(subject);
    await miguel.tracking.getByText(/by Dana Whitfield/).waitFor();
    await miguel.close();
    await outlook.page.getByText('Inbox', { exact: true }).click();
  });
});
