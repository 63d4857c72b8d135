import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { describeInBrowser } from './describe.ts';
import { openOutlook, until, type Outlook } from './outlook.ts';

describeInBrowser('the pane, 320 px wide', () => {
  let outlook: Outlook;
  beforeAll(async () => {
    outlook = await openOutlook();
  });
  beforeEach(async () => {
    await outlook.page.emulateMedia({ colorScheme: 'light', forcedColors: 'none', reducedMotion: 'reduce' });
    await outlook.page.reload();
  });
  afterEach(() => outlook.fault('none'));
  afterAll(() => outlook.close());

  const states: Readonly<Record<string, () => Promise<unknown>>> = {
    async 'a card'() {
      await outlook.read('The lobby machine gave up at breakfast');
      await outlook.person.getByRole('heading', { name: 'Open opportunities' }).waitFor();
      await outlook.pane.getByRole('button', { name: 'Jonas Lindqvist, Contact' }).waitFor();
      await outlook.says('Not tracked');
    },
    async 'a tracked mail'() {
      await outlook.read('They named the machine Bertha');
      await outlook.says('Not tracked');
      await outlook.button('Track').click();
      await outlook.says('Tracked');
    },
    async 'the search for a record'() {
      await outlook.read('Purchase order 4500117 - twelve Barista Duo');
      await outlook.button('Set regarding…').click();
      await outlook.pane.getByRole('combobox').fill('fabri');
      await outlook.pane
        .getByRole('option', { name: /Fabrikam Hotels/ })
        .first()
        .waitFor();
    },
    async 'the form for a stranger, with what is wrong in it'() {
      await outlook.read('A small bakery with a big question');
      await outlook.button('Add contact').click();
      const form = outlook.pane.getByRole('form', { name: 'New contact' });
      await form.getByLabel('Last name').fill('');
      await form.getByRole('button', { name: 'Add contact' }).click();
      await form.getByText('Please fill this in.').waitFor();
    },
    async 'several records to choose from'() {
      await outlook.read('New address, same thirst');
      await outlook.person
        .getByRole('button', { name: /The Old Town Bookshop/ })
        .first()
        .waitFor();
    },
    async 'a queued change'() {
      await outlook.read('A coffee bar for the new spa');
      await outlook.says('Not tracked');
      outlook.fault('crm-down');
      await outlook.button('Track').click();
      await outlook.says('Queued');
    },
    async 'nothing selected'() {
      await outlook.read('Numbers before Monday');
      await outlook.page.getByRole('listbox').press('Escape');
      await outlook.pane.getByRole('heading', { name: 'No message selected' }).waitFor();
    },
  };

  test.each(Object.keys(states))('%s: nothing to find fault with, in light, dark and forced colours', async (state) => {
    await states[state]!();
    await outlook.page.mouse.move(0, 0);
    expect({ light: await faults() }).toEqual({ light: [] });
    await repainted(() => outlook.page.emulateMedia({ colorScheme: 'dark' }));
    expect({ dark: await faults() }).toEqual({ dark: [] });
    await repainted(() => outlook.page.emulateMedia({ forcedColors: 'active' }));
    expect({ forced: await faults() }).toEqual({ forced: [] });
    const frame = await outlook.paneFrame();
    const room = await frame.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth] as const);
    expect(room[0]).toBeLessThanOrEqual(room[1]); // nothing to scroll sideways
    expect(room[1]).toBeLessThanOrEqual(320);
  });

  /** The pane follows Outlook's colours a moment later: a theme is loaded when it is needed. */
  async function repainted(change: () => Promise<void>): Promise<void> {
    const frame = await outlook.paneFrame();
    const paper = () => frame.evaluate(() => document.body.style.backgroundColor);
    const before = await paper();
    await change();
    await until(paper, (colour) => colour !== before);
  }

  async function faults(): Promise<string[]> {
    const { violations, passes } = await new AxeBuilder({ page: outlook.page })
      .include(['iframe[title="Alongside"]', 'html'])
      .analyze();
    expect(passes.length).toBeGreaterThan(5); // it did look into the frame
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
  }

  test('without a mouse: from the list into the pane, Track, heard, and on to the rest of the page', async () => {
    const { page } = outlook;
    await outlook.read('Arabica falls, oat milk rises: your week in beans');
    await outlook.says('Not tracked');
    const list = page.getByRole('listbox');
    await list.focus();
    const subject = 'Numbers before Monday';
    for (let line = 0; !(await isOpen(subject)); line += 1) {
      expect(line).toBeLessThan(60);
      await list.press(line === 0 ? 'Home' : 'ArrowDown');
    }
    await outlook.says('Not tracked');

    const announced = await outlook.tracking.getByRole('status').elementHandle();
    await tabUntil(async () => (await focused()).name === 'Track');
    expect(await focused()).toMatchObject({ region: 'Tracking', ring: true });
    await page.keyboard.press('Enter');
    await outlook.says('Tracked');
    expect(await announced.textContent()).toBe('Tracked'); // the same element as before: what changes in it is read out
    expect((await focused()).region).toBe('Tracking'); // the button is gone, the place is not lost

    await tabUntil(async () => !(await page.evaluate(() => document.activeElement?.tagName === 'IFRAME')));
  });

  const isOpen = async (subject: string) => (await outlook.page.getByRole('article', { name: subject }).count()) > 0;

  async function tabUntil(there: () => Promise<boolean>): Promise<void> {
    for (let presses = 0; !(await there()); presses += 1) {
      expect(presses).toBeLessThan(60);
      await outlook.page.keyboard.press('Tab');
      // Who tabs into the pane is led to its first control a moment later.
      await until(focused, ({ name }) => name !== 'BODY');
    }
  }

  /** What has the focus in the pane, and whether a person sees it. */
  async function focused(): Promise<{ name: string | null; region: string | null; ring: boolean }> {
    return (await outlook.paneFrame()).evaluate(() => {
      const element = document.hasFocus() ? document.activeElement : null;
      if (element === null) return { name: null, region: null, ring: false };
      const drawn = [getComputedStyle(element), getComputedStyle(element, '::after')];
      return {
        name: element === document.body ? 'BODY' : element.textContent,
        region: element.closest('section[aria-label]')?.getAttribute('aria-label') ?? null,
        ring: drawn.some(({ outlineStyle, boxShadow }) => outlineStyle !== 'none' || boxShadow !== 'none'),
      };
    });
  }
});
