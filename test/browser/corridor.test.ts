import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { describeInBrowser } from './describe.ts';
import { emailsAbout, openBrowser, openOutlook, startStack, until, type Outlook } from './outlook.ts';

describeInBrowser('when the CRM cannot', () => {
  let outlook: Outlook;
  beforeAll(async () => {
    outlook = await openOutlook();
  });
  afterEach(() => outlook.fault('none'));
  afterAll(() => outlook.close());

  test.each([
    ['crm-down', 'Re: The lobby machine gave up at breakfast'],
    ['crm-429', 'Purchase order 4500117 - twelve Barista Duo'],
    ['crm-500', 'A small bakery with a big question'],
    ['crm-garbage', 'New address, same thirst'],
    ['crm-slow', 'They named the machine Bertha'],
  ] as const)(
    '%s: the click is queued, and done by itself when the CRM is back, without a reload',
    async (fault, subject) => {
      await outlook.read(subject);
      await outlook.says('Not tracked');
      outlook.fault(fault);
      await outlook.button('Track').click();
      await outlook.says('Queued');
      outlook.fault('none');
      await outlook.says('Tracked');
      expect(await emailsAbout(outlook.stack, subject)).toHaveLength(1);
    },
  );

  test('crm-403: the click is refused with the reason, not queued, and can be dropped', async () => {
    const subject = 'Automatic reply: Purchase order 4500117 - twelve Barista Duo';
    await outlook.read(subject);
    await outlook.says('Not tracked');
    outlook.fault('crm-403');
    await outlook.button('Track').click();
    await outlook.says('Refused');
    await outlook.tracking.getByText(/does not hold the necessary privileges/).waitFor();
    outlook.fault('none');
    await outlook.button('Drop it').click();
    await outlook.says('Not tracked');
    expect(await emailsAbout(outlook.stack, subject)).toEqual([]);
  });
});

describeInBrowser('when nobody answers', () => {
  test('the click waits on the device, survives closing the browser, and goes when the server answers again', async () => {
    const { stack, end } = await startStack();
    const profile = mkdtempSync(join(tmpdir(), 'alongside-profile-'));
    const subjects = ['Re: The lobby machine gave up at breakfast', 'They named the machine Bertha'];
    try {
      const before = await openBrowser(stack, { profile });
      for (const subject of subjects) {
        await before.read(subject);
        await before.says('Not tracked');
        stack.fault('server-unreachable'); // the second mail is opened when nobody can say whether it is tracked
        await before.button('Track').click();
        await before.says('Waiting on this device');
      }
      await before.close();

      const after = await openBrowser(stack, { profile });
      await after.read(subjects[0]!);
      await after.says('Waiting on this device');
      stack.fault('none');
      await after.says('Tracked', 40_000);
      for (const subject of subjects) {
        await until(
          () => emailsAbout(stack, subject),
          (rows) => rows.length === 1,
          40_000,
        );
      }
      await after.close();
    } finally {
      await end();
      rmSync(profile, { recursive: true, force: true });
    }
  });
});
