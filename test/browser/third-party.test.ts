import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { describeInBrowser } from './describe.ts';
import { emailsAbout, openBrowser, openOutlook, startStack, until, type Outlook } from './outlook.ts';

/**
 * In Outlook on the web the pane is a frame of another site, and browsers then refuse storage or give the frame a partition of
 * its own. The host is opened under another name than the add-in, so that Chromium does both here.
 */
const hostName = '127.0.0.1';

/** Playwright switches partitioning off; of two such lists Chromium takes the last. */
const partitioning = ['--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,MediaRouter'];

/** A browser profile in which a frame of another site may keep nothing, or something of its own. */
function profileThat(does: 'refuses' | 'partitions'): string {
  const profile = mkdtempSync(join(tmpdir(), 'alongside-profile-'));
  mkdirSync(join(profile, 'Default'));
  const blocks = does === 'refuses';
  const preferences = { profile: { cookie_controls_mode: blocks ? 1 : 0, block_third_party_cookies: blocks } };
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences));
  return profile;
}

/** What the pane's frame may keep, asked in the frame itself. */
async function storageOf(outlook: Outlook): Promise<{ local: boolean; database: boolean }> {
  return (await outlook.paneFrame()).evaluate(async () => {
    const allowed = async (attempt: () => unknown) => {
      try {
        await attempt();
        return true;
      } catch {
        return false;
      }
    };
    return {
      local: await allowed(() => localStorage.length),
      database: await allowed(
        () =>
          new Promise((resolve, reject) => {
            const request = indexedDB.open('may-i');
            request.onsuccess = () => {
              request.result.close();
              resolve(indexedDB.deleteDatabase('may-i'));
            };
            request.onerror = () => reject(request.error ?? new Error('refused'));
          }),
      ),
    };
  });
}

describeInBrowser('a third-party pane whose storage is refused', () => {
  let profile: string;
  let outlook: Outlook;
  beforeAll(async () => {
    profile = profileThat('refuses');
    outlook = await openOutlook({ hostName, profile });
  });
  afterEach(() => outlook.fault('none'));
  afterAll(async () => {
    await outlook.close();
    rmSync(profile, { recursive: true, force: true });
  });

  test('shows whom the mail is from and tracks it', async () => {
    const subject = 'The lobby machine gave up at breakfast';
    await outlook.read(subject);
    expect(new URL(outlook.page.url()).hostname).toBe(hostName);
    expect(await storageOf(outlook)).toEqual({ local: false, database: false });
    await outlook.pane.getByText('This browser stores nothing for this pane.').waitFor();

    await outlook.person.getByText('Head of Purchasing').waitFor();
    await outlook.button('Track').click();
    await outlook.says('Tracked');
    expect(await emailsAbout(outlook.stack, subject)).toHaveLength(1);
  });

  test('the CRM is down: queued on the server, and done when it is back', async () => {
    const subject = 'They named the machine Bertha';
    await outlook.read(subject);
    await outlook.says('Not tracked');
    outlook.fault('crm-down');
    await outlook.button('Track').click();
    await outlook.says('Queued');
    outlook.fault('none');
    await outlook.says('Tracked');
    expect(await emailsAbout(outlook.stack, subject)).toHaveLength(1);
  });

  test('nobody answers: the pane says that nothing is saved, never that it waits; and sends it once when it can', async () => {
    const subject = 'New address, same thirst';
    await outlook.read(subject);
    await outlook.says('Not tracked');
    const words = await everyWord(outlook);
    outlook.fault('server-unreachable');
    await outlook.button('Track').click();
    await outlook.tracking.getByText('Not saved yet. Keep this pane open.').first().waitFor();
    outlook.fault('none');
    await outlook.says('Tracked', 40_000);
    expect(await emailsAbout(outlook.stack, subject)).toHaveLength(1);
    const said = (await words()).join('\n');
    expect(said).toContain('Not saved yet');
    expect(said).not.toMatch(/on this device/i);
  });
});

describeInBrowser('a third-party pane whose storage is a partition of its own', () => {
  test('what waits in it survives closing the browser, and goes when the server answers again', async () => {
    const { stack, end } = await startStack();
    const profile = profileThat('partitions');
    const subject = 'The lobby machine gave up at breakfast';
    const open = () => openBrowser(stack, { hostName, profile, arguments: partitioning });
    let outlook = await open();
    try {
      await outlook.read(subject);
      expect(await storageOf(outlook)).toEqual({ local: true, database: true });
      await outlook.says('Not tracked');
      stack.fault('server-unreachable');
      await outlook.button('Track').click();
      await outlook.says('Waiting on this device');
      expect(await keptBeside(outlook)).toEqual([]);
      await outlook.close();

      outlook = await open();
      await outlook.read(subject);
      await outlook.says('Waiting on this device');
      stack.fault('none');
      await outlook.says('Tracked', 40_000);
      await until(
        () => emailsAbout(stack, subject),
        (rows) => rows.length === 1,
      );
    } finally {
      await outlook.close();
      await end();
      rmSync(profile, { recursive: true, force: true });
    }
  });

  /** What the add-in's own page finds of the pane's storage: nothing when the frame has a partition of its own. */
  async function keptBeside({ context, stack }: Outlook): Promise<string[]> {
    const page = await context.newPage();
    await page.goto(`${stack.addinUrl}/config.json`);
    const databases = await page.evaluate(() => indexedDB.databases());
    await page.close();
    return databases.map(({ name }) => name ?? '');
  }
});

/** Collects whatever the pane says from now on. */
async function everyWord(outlook: Outlook): Promise<() => Promise<string[]>> {
  const frame = await outlook.paneFrame();
  await frame.evaluate(() => {
    const said = new Set<string>();
    Object.assign(window, { said });
    new MutationObserver(() => said.add(document.body.innerText)).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
  return () => frame.evaluate(() => [...(window as unknown as { said: Set<string> }).said]);
}
