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
    await outlook.tracking
      .getByText(/do not have the rights/)
      .first()
      .waitFor();
    outlook.fault('none');
    await outlook.button('Drop it').click();
    await outlook.says('Not tracked');
    expect(await emailsAbout(outlook.stack, subject)).toEqual([]);
  });
});

describeInBrowser('behind a proxy that keeps a stream back until it is whole', () => {
  let outlook: Outlook;
  const asked: string[] = [];
  beforeAll(async () => {
    outlook = await openOutlook();
    await outlook.context.route('**/sync/v1/events*', (route) => {
      const request = route.request();
      if (request.headers()['accept'] === 'text/event-stream') return; // never answered
      asked.push(new URL(request.url()).search);
      return route.continue();
    });
  });
  afterAll(() => outlook.close());

  test('the pane asks for the news, and a queued click is done by itself', async () => {
    const subject = 'They named the machine Bertha';
    await outlook.read(subject);
    await outlook.says('Not tracked');
    await until(
      async () => asked.filter((query) => query.endsWith('&wait=25')).length,
      (count) => count > 0,
    );
    const heard = outlook.context.waitForEvent('response', async (response) => {
      if (!response.url().includes('wait=25')) return false;
      return (await response.text()).includes('"state":"done"');
    });
    outlook.fault('crm-down');
    await outlook.button('Track').click();
    await outlook.says('Queued');
    outlook.fault('none');
    await heard;
    await outlook.says('Tracked');
    expect(await emailsAbout(outlook.stack, subject)).toHaveLength(1);
  });
});

describeInBrowser('without a network', () => {
  const ways = {
    'the browser is offline': (outlook: Outlook, offline: boolean) => outlook.context.setOffline(offline),
    'the developer bar says offline': async (outlook: Outlook, offline: boolean) =>
      outlook.fault(offline ? 'offline' : 'none'),
  };

  test.each(Object.entries(ways))(
    '%s: the click waits, and goes by itself when the network is back',
    async (_way, goOffline) => {
      const outlook = await openOutlook();
      const subject = 'Re: The lobby machine gave up at breakfast';
      try {
        await outlook.read(subject);
        await outlook.says('Not tracked');
        await goOffline(outlook, true);
        await outlook.button('Track').click();
        await outlook.says('Waiting on this device');
        await goOffline(outlook, false);
        await outlook.says('Tracked', 40_000);
        expect(await emailsAbout(outlook.stack, subject)).toHaveLength(1);
      } finally {
        await outlook.close();
      }
    },
  );
});

describeInBrowser('when nobody answers', () => {
  const profile = mkdtempSync(join(tmpdir(), 'alongside-profile-'));
  let server: Awaited<ReturnType<typeof startStack>>;
  let browser: Outlook | null = null;
  beforeAll(async () => {
    server = await startStack();
  });
  afterAll(async () => {
    await browser?.close();
    await server.end();
    rmSync(profile, { recursive: true, force: true });
  });

  test('the click waits on the device, survives closing the browser, and goes when the server answers again', async () => {
    const { stack } = server;
    const [first, second] = ['Re: The lobby machine gave up at breakfast', 'They named the machine Bertha'] as const;
    browser = await openBrowser(stack, { profile });
    await browser.read(first);
    await browser.says('Not tracked');
    stack.fault('server-unreachable');
    await browser.button('Track').click();
    await browser.says('Waiting on this device');
    await browser.read(second);
    await browser.says('Not known');
    await browser.button('Track').click();
    await browser.says('Waiting on this device');
    await browser.close();

    browser = await openBrowser(stack, { profile });
    await browser.read(first);
    await browser.says('Waiting on this device');
    stack.fault('none');
    await browser.says('Tracked', 40_000);
    for (const subject of [first, second]) {
      await until(
        () => emailsAbout(stack, subject),
        (rows) => rows.length === 1,
        40_000,
      );
    }
    const [earlier, later] = [await emailsAbout(stack, first), await emailsAbout(stack, second)];
    expect(earlier[0]!.activityid < later[0]!.activityid).toBe(true);
  });
});
