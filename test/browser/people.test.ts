import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Route } from 'playwright-core';
import { describeInBrowser } from './describe.ts';
import { crmClient, openOutlook, until, type Outlook } from './outlook.ts';

describeInBrowser('the people on a mail', () => {
  let outlook: Outlook;
  beforeAll(async () => {
    outlook = await openOutlook();
  });
  afterAll(() => outlook.close());

  const heading = (name: string) => outlook.person.getByRole('heading', { name, exact: true });
  const contactsOf = async (filter: string) => {
    const { value } = await crmClient(outlook.stack).retrieveMultiple<Record<string, unknown>>({
      collection: 'contacts',
      select: ['contactid', 'firstname', 'lastname', 'emailaddress1', 'telephone1', 'jobtitle'],
      filter,
    });
    return value;
  };

  test('a stranger becomes a contact: filled in from the mail, compared with whom the CRM knows, made once', async () => {
    await crmClient(outlook.stack).create({
      collection: 'contacts',
      data: { firstname: 'Ingrid', lastname: 'Solberg', emailaddress1: 'private@solberg.example' },
    });
    await outlook.read('A small bakery with a big question');
    await heading('Ingrid Solberg').waitFor();
    await outlook.person.getByText('Nobody in the CRM has this address.').waitFor();
    await outlook.button('Add contact').click();

    const form = outlook.pane.getByRole('form', { name: 'New contact' });
    const field = (label: string) => form.getByLabel(label);
    await form.waitFor();
    expect(await field('First name').inputValue()).toBe('Ingrid');
    expect(await field('Last name').inputValue()).toBe('Solberg');
    expect(await field('E-mail').inputValue()).toBe('ingrid@solbergbakery.example');
    await until(
      () => field('Telephone').inputValue(),
      (phone) => phone === '+49 451 555 0199', // read from the signature, so it comes a moment later
    );
    await field('Job title').fill('Master baker');

    await form.getByRole('button', { name: 'Add contact' }).click();
    await form.getByText('Is it one of these?').waitFor();
    await form.getByText('Contact · private@solberg.example').waitFor();
    expect(await contactsOf(`emailaddress1 eq 'ingrid@solbergbakery.example'`)).toEqual([]);
    await form.getByRole('button', { name: 'No, add a new one' }).click();

    await outlook.person.getByText('Master baker').waitFor();
    expect(await contactsOf(`emailaddress1 eq 'ingrid@solbergbakery.example'`)).toEqual([
      expect.objectContaining({
        firstname: 'Ingrid',
        lastname: 'Solberg',
        telephone1: '+49 451 555 0199',
        jobtitle: 'Master baker',
      }),
    ]);
  });

  test('two records with one address: the person says who it is, and may think again', async () => {
    await outlook.read('New address, same thirst');
    const choices = outlook.person.getByRole('group', { name: 'Several records have this address' });
    await choices.getByRole('button', { name: /Contact · Owner · The Old Town Bookshop/ }).waitFor();
    await choices.getByRole('button', { name: /Lead · Canteen Manager · Proseware/ }).click();
    await outlook.person.getByText('Canteen Manager').waitFor();
    await choices.waitFor({ state: 'detached' });

    await outlook.select('A small bakery with a big question');
    await heading('Ingrid Solberg').waitFor();
    await outlook.select('New address, same thirst');
    await outlook.person.getByText('Canteen Manager').waitFor(); // not asked again

    await outlook.button('Not the right one?').click();
    await choices.getByRole('button', { name: /Contact · Owner/ }).click();
    await outlook.person.getByText('The Old Town Bookshop').waitFor();
  });

  test('a chip for everybody else on the mail says who they are and opens their card', async () => {
    await outlook.read('The lobby machine gave up at breakfast');
    await heading('Hannah Meyer').waitFor();
    const others = outlook.pane.getByRole('region', { name: 'Also on this message' });
    await others.getByRole('button', { name: 'Miguel Santos, Colleague' }).waitFor();
    await others.getByRole('button', { name: 'Jonas Lindqvist, Contact' }).click();
    await heading('Jonas Lindqvist').waitFor();
    await outlook.person.getByText('Facility Manager').waitFor();
    await others.getByRole('button', { name: 'Hannah Meyer, Contact' }).waitFor();

    await outlook.button('Back').click();
    await heading('Hannah Meyer').waitFor();
  });

  test('a new message to a colleague: the pane shows who gets it, and it arrives', async () => {
    const subject = `The buns at ${Date.now()}`;
    await outlook.page.getByRole('button', { name: 'New mail' }).click();
    const message = outlook.page.getByRole('region', { name: 'New message' });
    await outlook.openPane();
    await outlook.pane.getByText('You can track this message once it is sent.').waitFor();
    await outlook.pane.getByText('Add somebody to the message to see who they are.').waitFor();

    const to = message.getByLabel('To', { exact: true });
    for (const address of ['miguel@contoso.example', 'hannah.meyer@fabrikam.example']) {
      await to.fill(address);
      await to.press('Enter');
    }
    await heading('Miguel Santos').waitFor();
    await outlook.pane
      .getByRole('region', { name: 'Recipients' })
      .getByRole('button', { name: 'Hannah Meyer, Contact' })
      .waitFor();
    expect(await outlook.button('Track').count()).toBe(0);

    await message.getByLabel('Subject').fill(subject);
    await message.getByRole('textbox', { name: 'Message body' }).fill('There are cardamom buns in the kitchen.');
    await message.getByRole('button', { name: 'Send' }).click();
    await message.waitFor({ state: 'detached' });

    const miguel = await outlook.newWindow();
    await miguel.switchUser('Miguel Santos');
    await miguel.read(subject);
    await miguel.person.getByRole('heading', { name: 'Dana Whitfield' }).waitFor();
    await miguel.says('Not tracked');
    await miguel.close();
  });
});

/** Who wrote what. */
const written: readonly (readonly [subject: string, address: string, name: string])[] = [
  ['The lobby machine gave up at breakfast', 'hannah.meyer@fabrikam.example', 'Hannah Meyer'],
  ['They named the machine Bertha', 'priya@northwind.example', 'Priya Raman'],
  ['Scan from 2F', 'scanner-2f@fabrikam.example', 'scanner-2f@fabrikam.example'],
  ['New address, same thirst', 'marco.rossi@proseware.example', 'Marco Rossi'],
  ['A coffee bar for the new spa', 'amara.okafor@fabrikam.example', 'Amara Okafor'],
  ['Purchase order 4500117 - twelve Barista Duo', 'tom.becker@northwind.example', 'Tom Becker'],
  ['A small bakery with a big question', 'ingrid@solbergbakery.example', 'Ingrid Solberg'],
  ['Arabica falls, oat milk rises: your week in beans', 'weekly@beanmarket.example', 'Bean Market Weekly'],
  ['Tasting at the Madrid lounge', 'lucia.fernandez@tailspin.example', 'Lucía Fernández'],
  ['Numbers before Monday', 'miguel@contoso.example', 'Miguel Santos'],
  ['Automatic reply: Purchase order 4500117 - twelve Barista Duo', 'tom.becker@northwind.example', 'Tom Becker'],
];

describeInBrowser('switching messages faster than the CRM answers', () => {
  test('never shows one person under another’s name, nor anybody under another’s mail', async () => {
    const outlook = await openOutlook();
    try {
      await outlook.context.addInitScript(recordCards);
      await outlook.page.reload();
      const [first, ...others] = written;
      await outlook.read(first![0]);
      await outlook.person.getByText('Head of Purchasing').waitFor();

      // Every answer of the CRM is held back and let go when three newer ones were asked for: the older after the newer.
      const held: Route[] = [];
      const letGo = (route: Route | undefined) => route?.continue().catch(() => undefined); // the pane may have given up on it
      let holding = true;
      await outlook.context.route('**/api/data/**', (route) => (holding ? void held.push(route) : route.continue()));
      for (const [subject] of others) {
        await outlook.select(subject);
        if (held.length > 3) await letGo(held.splice(-2, 1)[0]);
      }
      const [last] = others.slice(-1);
      await outlook.page.getByRole('article', { name: last![0] }).waitFor();
      await outlook.person.getByRole('heading', { name: last![2] }).waitFor();
      holding = false;
      for (const route of held.reverse()) await letGo(route);
      await outlook.person.getByRole('link', { name: last![1] }).waitFor();
      await outlook.says('Not tracked');

      const seen = await (await outlook.paneFrame()).evaluate(() => window.cards ?? []);
      expect(new Set(seen.map(({ subject }) => subject)).size).toBeGreaterThan(5);
      for (const card of seen) expect({ card, belongs: belongs(card) }).toEqual({ card, belongs: true });
    } finally {
      await outlook.context.unrouteAll({ behavior: 'ignoreErrors' });
      await outlook.close();
    }
  });

  const belongs = ({ subject, from, name, address }: Card): boolean =>
    written.some(
      ([title, sender, called]) =>
        title === subject && sender === from && called === name && (address === null || address === sender),
    );
});

interface Card {
  /** Of the mail that the pane had open. */
  readonly subject: string;
  readonly from: string;
  /** On the card: its heading, and the address once the CRM told it. */
  readonly name: string;
  readonly address: string | null;
}

declare global {
  interface Window {
    cards?: Card[];
  }
}

/** Runs in every frame before its scripts: writes down every card that is ever shown, and which mail was open then. */
function recordCards(): void {
  const cards: Card[] = [];
  window.cards = cards;
  let open = { subject: '', from: '' };
  const mark = performance.mark.bind(performance);
  performance.mark = (name, options) => {
    const item = name === 'alongside:item' ? (Office.context.mailbox.item as Office.MessageRead | null) : null;
    if (item) open = { subject: item.subject, from: item.from.emailAddress };
    return mark(name, options);
  };
  const look = () => {
    const card = document.querySelector('[aria-label="Person"]');
    const name = card?.querySelector('h1')?.textContent ?? null;
    const link = card?.querySelector('a[href^="mailto:"]')?.textContent ?? null;
    if (name === null) return;
    const before = cards.at(-1);
    const now = { ...open, name, address: link };
    if (JSON.stringify(before) !== JSON.stringify(now)) cards.push(now);
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
}
