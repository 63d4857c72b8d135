import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeDovecot } from '../dovecot/describe.ts';
import { startDovecot, type Dovecot } from '../dovecot/dovecot.ts';
import { describeInBrowser } from './describe.ts';
import { openOutlook, type Outlook } from './outlook.ts';

/** Where pictures go when somebody wants to look at the page. */
const pictures = process.env['PICTURES'];

const exchange = 'IMAP of Exchange Online, as an application';

describeInBrowser('a folder that is tracked', () => {
  let outlook: Outlook;
  let page: Page;
  beforeAll(async () => {
    outlook = await openOutlook();
    page = await outlook.context.newPage();
    page.setDefaultTimeout(20_000);
  });
  afterAll(() => outlook.close());

  const look = async (name: string) => {
    if (pictures !== undefined) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  };
  const violations = async () => {
    const { violations: found } = await new AxeBuilder({ page }).exclude('[data-tabster-dummy]').analyze();
    return found.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
  };
  const mine = () => page.getByRole('region', { name: 'dana@contoso.example' });
  const chooseFolder = async () => {
    await mine().getByRole('tab', { name: 'Folders' }).click();
    await mine().getByRole('listitem').filter({ hasText: 'Suppliers' }).getByRole('button').click();
  };

  test('an administrator enters how a mailbox is signed in to; what is wrong is said where it was typed', async () => {
    await page.goto(`${outlook.stack.addinUrl}/admin/`);
    await page.getByRole('button', { name: 'Add a mailbox' }).press('Enter');
    const form = page.getByRole('form', { name: 'Add a mailbox' });
    await form.getByRole('textbox', { name: 'Mail address' }).fill('sam@contoso.example');
    await form.getByRole('textbox', { name: 'Whose it is' }).fill('5f1d3a52-6c1e-4d3f-9a53-0c7e1a6f2b11');
    await form.getByRole('combobox', { name: 'How it is read' }).selectOption({ label: exchange });
    expect(await form.getByRole('textbox', { name: 'Server' }).inputValue()).toBe('outlook.office365.com');
    await form.getByRole('textbox', { name: 'User name' }).fill('sam@contoso.example');
    await form.getByRole('textbox', { name: 'Client id' }).fill('app-1');
    await form.getByRole('textbox', { name: 'Client secret' }).fill('open sesame');
    await look('mailboxes-0-add');
    expect(await violations()).toEqual([]);
    await page.setViewportSize({ width: 320, height: 800 });
    await look('mailboxes-0-add-narrow');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    await page.setViewportSize({ width: 1280, height: 900 });
    await form.getByRole('button', { name: 'Add', exact: true }).click();
    // The tenant was not filled in.
    await form.getByText('tokenEndpoint').waitFor();
    await form.getByRole('button', { name: 'Cancel' }).click();
    await form.waitFor({ state: 'detached' });
  });

  describeDovecot('a mailbox whose password was changed', () => {
    let dovecot: Dovecot;
    beforeAll(async () => {
      dovecot = await startDovecot();
    });
    afterAll(() => dovecot.close());

    test('stops, says why, and goes on when the new one is entered', async () => {
      await page.goto(`${outlook.stack.addinUrl}/admin/`);
      await page.getByRole('button', { name: 'Add a mailbox' }).click();
      const form = page.getByRole('form', { name: 'Add a mailbox' });
      await form.getByRole('textbox', { name: 'Mail address' }).fill('dana.private@fabrikam.example');
      await form.getByRole('textbox', { name: 'Whose it is' }).fill('d0a7a000-0001-4000-8000-000000000001');
      await form.getByRole('combobox', { name: 'How it is read' }).selectOption({ label: 'IMAP with a password' });
      await form.getByRole('textbox', { name: 'Server' }).fill('127.0.0.1');
      await form.getByRole('textbox', { name: 'Port' }).fill(String(dovecot.port));
      await form.getByRole('switch', { name: 'Encrypted from the first byte' }).click();
      await form.getByRole('textbox', { name: 'User name' }).fill(dovecot.addUser());
      await form.getByLabel('Password').fill('the old one');
      await form.getByRole('button', { name: 'Add', exact: true }).click();
      const entered = page.getByRole('region', { name: 'dana.private@fabrikam.example' });
      await entered.getByRole('button', { name: 'Test and enable' }).click();
      await entered.getByText('Stopped').waitFor();
      expect(await entered.getByText('The sign-in to this mailbox is not accepted.').count()).toBe(1);
      // The server's own words are there once, not in the heading as well.
      expect(await entered.getByText('AUTHENTICATIONFAILED').count()).toBe(1);
      await look('mailboxes-4-stopped');
      expect(await violations()).toEqual([]);
      await entered.getByRole('button', { name: 'Enter it again' }).click();
      await entered.getByLabel('Password').fill(dovecot.password);
      await entered.getByRole('button', { name: 'Save' }).click();
      await entered.getByText('Ready').waitFor();
      expect(await entered.getByText('AUTHENTICATIONFAILED').count()).toBe(0);
    });
  });

  test('its owner says what is to happen with the mail in it, and sees that it happened and why', async () => {
    await page.goto(`${outlook.stack.addinUrl}/admin/`);
    await mine().getByText('Ready').waitFor();
    expect(await violations()).toEqual([]);
    await mine().getByRole('button', { name: 'More' }).click();
    await chooseFolder();
    const rule = mine().getByRole('form', { name: 'Suppliers' });
    await rule.getByRole('combobox', { name: 'Regarding' }).fill('Fabrikam');
    await page
      .getByRole('option', { name: /^Fabrikam Hotels/ })
      .first()
      .click();
    await rule.getByRole('combobox', { name: 'Which mail' }).selectOption({ label: 'Also what lies here already' });
    await look('mailboxes-1-rule');
    expect(await violations()).toEqual([]);
    await rule.getByRole('button', { name: 'Track this folder' }).click();
    await mine().getByText('All mail is tracked, regarding Fabrikam Hotels').waitFor();

    await mine().getByRole('button', { name: 'Sync now' }).click();
    await mine().getByRole('tab', { name: 'Mail', exact: true }).click();
    const order = mine().getByRole('listitem').filter({ hasText: 'Order confirmation 70211' });
    await order.getByText('Tracked without a click. It lies in a tracked folder.').waitFor();
    await look('mailboxes-2-mail');
    expect(await violations()).toEqual([]);

    // The pane says so as well.
    await outlook.page.bringToFront();
    await outlook.page.getByText('Suppliers', { exact: true }).first().click();
    await outlook.read('Order confirmation 70211');
    await outlook.pane.getByText('Fabrikam Hotels').first().waitFor();
    await outlook.pane.getByRole('button', { name: 'More actions' }).click();
    await outlook.pane.getByRole('menuitem', { name: 'Why is it tracked?' }).click();
    await outlook.pane.getByText('Tracked without a click. It lies in a tracked folder.').waitFor();
    await outlook.pane.getByRole('button', { name: 'Close' }).press('Escape');
    await outlook.pane.getByRole('button', { name: 'More actions' }).waitFor();
  });
});
