// Draws every state of the pane at both widths in both themes, for people to look at, and the picture of the README:
// node test/browser/pictures.ts FOLDER
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { loseChanges, signOut, waitForDays } from './device.ts';
import { openOutlook, type Outlook } from './outlook.ts';

const folder = process.argv[2] ?? 'docs/pictures';

async function shoot(outlook: Outlook, name: string): Promise<void> {
  await outlook.page.mouse.move(700, 880); // no tooltip, no hover
  await outlook.pane.locator('body').evaluate(() => document.fonts.ready.then(() => undefined));
  await outlook.page
    .locator('aside')
    .last()
    .screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}

/** One walk through the states; each picture is taken when the pane says what it shall show. */
async function walk(outlook: Outlook, suffix: string): Promise<void> {
  const picture = (name: string) => shoot(outlook, `${name}-${suffix}`);
  await outlook.read('Re: The lobby machine gave up at breakfast');
  await outlook.person.getByRole('heading', { name: 'Open opportunities' }).waitFor();
  await picture('card');
  await outlook.button('Set regarding…').click();
  await outlook.pane.getByRole('option').first().waitFor();
  await picture('search');
  await outlook.pane.getByRole('combobox').press('Escape');
  await outlook.button('Track').click();
  await outlook.says('Tracked');
  await picture('tracked');
  await outlook.tracking.getByRole('button', { name: 'More actions' }).click();
  await outlook.pane.getByRole('menuitem', { name: 'Untrack…' }).click();
  await picture('untrack');
  await outlook.button('Cancel').click();
  await outlook.read('A small bakery with a big question');
  await outlook.button('Add contact').waitFor();
  await picture('nobody');
  await outlook.button('Add contact').click();
  await outlook.pane.getByLabel('First name').waitFor();
  await picture('add');
  await outlook.read('New address, same thirst');
  await outlook.says('Not tracked');
  await picture('several');
  outlook.fault('crm-down');
  await outlook.button('Track').click();
  await outlook.says('Queued');
  await picture('queued');
  outlook.fault('none');
  await outlook.says('Tracked');
  await outlook.read('They named the machine Bertha');
  await outlook.says('Not tracked');
  outlook.fault('server-unreachable');
  await outlook.button('Track').click();
  await outlook.says('Waiting on this device');
  await picture('waiting');
  outlook.fault('crm-403');
  await outlook.read('Who takes Lübeck on Thursday?');
  await outlook.button('Track').click();
  await outlook.says('Refused');
  await picture('refused');
  outlook.fault('none');
}

/** What the strip says of the device, one state after the other; each begins with the pane opened anew. */
async function walkStrip(outlook: Outlook, suffix: string): Promise<void> {
  const strip = outlook.pane.locator('[role=status]').first();
  const picture = async (name: string, says: string | RegExp) => {
    await strip.getByText(says).waitFor();
    await shoot(outlook, `strip-${name}-${suffix}`);
  };
  await loseChanges(outlook, 3);
  await picture('lost', /^3 changes waited here/);
  await outlook.button('OK').click();
  const signInAgain = await signOut(outlook);
  await outlook.button('Track').click();
  await picture('sign-in', '1 change waits on this device.');
  await signInAgain();
  await strip.getByRole('button', { name: 'Sign in' }).click();
  await outlook.says('Tracked');
  await waitForDays(outlook);
  await picture('old', /^The oldest has waited since/);
  outlook.fault('none');
  await strip.getByRole('button').first().waitFor({ state: 'detached' });
}

mkdirSync(folder, { recursive: true });
for (const colorScheme of ['light', 'dark', 'contrast'] as const) {
  const outlook = await openOutlook({ colorScheme: colorScheme === 'light' ? 'light' : 'dark' });
  if (colorScheme === 'contrast') await outlook.page.emulateMedia({ forcedColors: 'active' });
  await outlook.page.getByRole('button', { name: '320 px' }).click();
  await walkStrip(outlook, `320-${colorScheme}`).finally(() => outlook.close());
}
for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [320, 450]) {
    const outlook = await openOutlook({ colorScheme });
    await outlook.page.getByRole('button', { name: `${width} px` }).click();
    if (colorScheme === 'light' && width === 320) {
      await outlook.read('Re: The lobby machine gave up at breakfast');
      await outlook.person.getByRole('heading', { name: 'Open opportunities' }).waitFor();
      await outlook.button('Track').click();
      await outlook.says('Tracked');
      await outlook.page.getByRole('listbox').getByText('Tracked to CRM').first().waitFor();
      await outlook.page.mouse.move(700, 880);
      await outlook.page.screenshot({ path: join(folder, 'overview.png'), animations: 'disabled' });
      await outlook.button('Undo').click();
      await outlook.says('Not tracked');
    }
    await walk(outlook, `${width}-${colorScheme}`).finally(() => outlook.close());
  }
}
