import { readFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeInBrowser } from './describe.ts';
import { crmClient, openOutlook, type Outlook } from './outlook.ts';

/** Where pictures go when somebody wants to look at the page. */
const pictures = process.env['PICTURES'];

const file = (name: string, text: string) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
const people = (lines: string[]) =>
  ['First Name;Last Name;E-mail;Birthday;Company;Role at the fair', ...lines].join('\r\n');
const good = ['Ana;Costa;ana@fair.example;1980-02-03;Fabrikam;Speaker', 'Bo;Lind;bo@fair.example;;Nobody Ltd;Guest'];
const bad = 'Cy;Ames;cy@fair.example;31.02.1980;;';

describeInBrowser('importing and exporting', () => {
  let outlook: Outlook;
  let page: Page;
  beforeAll(async () => {
    outlook = await openOutlook();
  });
  beforeEach(async () => {
    page = await outlook.context.newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(`${outlook.stack.addinUrl}/crm/import`);
  });
  afterAll(() => outlook.close());

  const look = async (name: string) => {
    if (pictures !== undefined) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  };
  const violations = async () => {
    const { violations: found } = await new AxeBuilder({ page }).analyze();
    return found.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
  };
  const give = (name: string, text: string) => page.locator('input[type=file]').setInputFiles(file(name, text));
  const heading = (name: string) => page.getByRole('heading', { name, exact: true });

  test('a person sees what a file means, corrects it, imports it, and takes it out again', async () => {
    await look('1-file');
    expect(await violations()).toEqual([]);
    await give('fair.csv', people([...good, bad]));
    await heading('fair.csv').waitFor();
    await heading('1 cell does not fit').waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('check-title');
    await page
      .getByRole('cell', { name: /31\.02\.1980/ })
      .first()
      .waitFor();
    expect(await page.getByRole('button', { name: /^Import/ }).getAttribute('aria-disabled')).toBe('true');
    await look('2-errors');
    expect(await violations()).toEqual([]);
    // What does not fit is left out, what was not understood is given a place.
    await page.getByLabel('Birthday goes into').selectOption({ label: 'Leave out' });
    await heading('1 cell does not fit').waitFor({ state: 'detached' });
    await page.getByLabel('Role at the fair goes into').selectOption({ label: 'Job Title' });
    await page.getByRole('region', { name: 'As it would be stored' }).getByText('Speaker').waitFor();
    await look('3-ready');
    await page.getByRole('button', { name: 'Import 3 rows' }).click();
    await heading('Done').waitFor();
    expect(await page.getByRole('status').textContent()).toBe('Done: 3 created, 0 updated, 0 left out.');
    await look('4-done');
    expect(await violations()).toEqual([]);
    const { value } = await crmClient(outlook.stack).retrieveMultiple<{ jobtitle: string }>({
      collection: 'contacts',
      filter: "endswith(emailaddress1,'@fair.example')",
      orderBy: ['emailaddress1'],
    });
    expect(value.map(({ jobtitle }) => jobtitle)).toEqual(['Speaker', 'Guest', null]);
    await page.getByLabel('View').selectOption({ label: 'Changed in the last 30 days' });
    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export as CSV' }).click();
    const saved = readFileSync(await (await saving).path(), 'utf8');
    expect(saved.slice(0, 12)).toBe('\ufeffFirst Name,');
    expect(saved).toContain('ana@fair.example');
  });

  test('who is there already is shown, and a person decides', async () => {
    for (const name of ['ana', 'bo'])
      await crmClient(outlook.stack).create({
        collection: 'contacts',
        data: { lastname: name, emailaddress1: `${name}@again.example` },
      });
    const lines = [...good, 'Di;Beck;di@fair.example;;;'].map((line) => line.replace('@fair', '@again'));
    await give('again.csv', people(lines));
    await heading('2 rows are there already').waitFor();
    await page.getByRole('button', { name: 'Import 1 row' }).waitFor();
    await page.getByRole('radio', { name: 'Update what is there' }).check();
    await look('5-duplicates');
    expect(await violations()).toEqual([]);
    await page.getByRole('button', { name: 'Import 3 rows' }).click();
    await heading('Done').waitFor();
    expect(await page.getByRole('status').textContent()).toBe('Done: 1 created, 2 updated, 0 left out.');
  });

  test('a file that cannot be read is answered with a sentence', async () => {
    await give('broken.csv', 'Name\n"open');
    await page.getByRole('alert').getByText('A quotation mark').waitFor();
    await give('empty.csv', '');
    await page.getByRole('alert').getByText('The file is empty.').waitFor();
  });

  test.each([
    ['narrow', { width: 320, height: 800 }, 'light', 'ltr'],
    ['dark', { width: 900, height: 800 }, 'dark', 'ltr'],
    ['from the right', { width: 900, height: 800 }, 'light', 'rtl'],
  ] as const)('%s', async (name, size, colorScheme, direction) => {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    await page.evaluate((dir) => document.documentElement.setAttribute('dir', dir), direction);
    await give('fair.csv', people([...good, bad]));
    await heading('1 cell does not fit').waitFor();
    await look(`6-${name}`);
    expect(await violations()).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
  });

  test('the keyboard is enough', async () => {
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    expect(await page.getByRole('radio', { name: 'Leads' }).isChecked()).toBe(true);
    await page.keyboard.press('Tab');
    await page.locator('input[type=file]:focus').waitFor();
    const opening = page.waitForEvent('filechooser');
    await page.keyboard.press('Space');
    await (await opening).setFiles(file('leads.csv', 'Name,Email,Company\nKai Hart,kai@keys.example,Litware\n'));
    await heading('leads.csv').waitFor();
    const button = page.getByRole('button', { name: 'Import 1 row' });
    for (let presses = 0; presses < 20; presses += 1) {
      await page.keyboard.press('Tab');
      if (await button.evaluate((element) => element === document.activeElement)) break;
    }
    await page.keyboard.press('Enter');
    await heading('Done').waitFor();
  });
});
