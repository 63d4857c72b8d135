import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { describeInBrowser } from './describe.ts';
import { fillUp, loseChanges, signOut, waitForDays } from './device.ts';
import { emailsAbout, openOutlook, until, type Outlook } from './outlook.ts';

describeInBrowser('the strip above everything', () => {
  let outlook: Outlook;
  beforeEach(async () => {
    outlook = await openOutlook();
  });
  afterEach(() => outlook.close());

  const strip = () => outlook.pane.locator('[role=status]').first();
  const subject = 'They named the machine Bertha';

  test('what waited for days is said to be old, and can be exported', async () => {
    const change = await waitForDays(outlook);
    await strip().getByText('1 change waits on this device.').waitFor();
    await strip()
      .getByText(/^The oldest has waited since .+\. Export the changes to be safe\.$/)
      .waitFor();
    const downloading = outlook.page.waitForEvent('download');
    await strip().getByRole('button', { name: 'Export' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^alongside-\d{4}-\d\d-\d\d\.json$/);
    const file = JSON.parse(readFileSync(await download.path(), 'utf8')) as { format: string; entries: object[] };
    expect(file).toMatchObject({ format: 'alongside-outbox', entries: [{ change: { id: change.id } }] });

    outlook.fault('none');
    await until(
      () => emailsAbout(outlook.stack, change.mail.subject),
      (rows) => rows.length === 1,
      40_000,
    );
    await strip().getByText('1 change waits on this device.').waitFor({ state: 'detached' });
  });

  test('a click while signed out waits, says so, and goes once its person has signed in', async () => {
    const signInAgain = await signOut(outlook);
    await outlook.button('Track').click();
    await outlook.says('Waiting on this device');
    await outlook.tracking.getByText('You need to sign in.').first().waitFor();
    await signInAgain();
    await strip().getByRole('button', { name: 'Sign in' }).click();
    await outlook.says('Tracked');
    await strip().getByRole('button').waitFor({ state: 'detached' });
    expect(await emailsAbout(outlook.stack, subject)).toHaveLength(1);
  });

  test('a device without space says so, and the click goes to the server', async () => {
    await fillUp(outlook);
    await outlook.button('Track').click();
    await outlook.says('Tracked');
    await strip()
      .getByText(/^This device is out of space\./)
      .waitFor();
    expect(await emailsAbout(outlook.stack, subject)).toHaveLength(1);
  });

  test('an outbox that the browser cleared is told with its number, until it was read', async () => {
    await loseChanges(outlook, 3);
    const told = strip().getByText(/^3 changes waited here when the browser’s storage was cleared, and are gone\./);
    await told.waitFor();
    await strip().getByRole('button', { name: 'OK' }).click();
    await told.waitFor({ state: 'detached' });
    await outlook.page.reload();
    await outlook.read(subject);
    await outlook.says('Not tracked');
    expect(await told.count()).toBe(0);
  });
});
