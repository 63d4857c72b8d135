import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeInBrowser } from './describe.ts';
import { emailsAbout, openBrowser, startStack, until, type Outlook } from './outlook.ts';

describeInBrowser('two colleagues with the same mail open', () => {
  let server: Awaited<ReturnType<typeof startStack>>;
  let dana: Outlook;
  let miguel: Outlook;
  beforeAll(async () => {
    server = await startStack();
    dana = await openBrowser(server.stack, {});
    miguel = await openBrowser(server.stack, {});
    await miguel.switchUser('Miguel Santos');
  });
  afterAll(async () => {
    await dana.close();
    await miguel.close();
    await server.end();
  });

  const open = async (subject: string) => {
    for (const outlook of [dana, miguel]) {
      await outlook.read(subject);
      await outlook.says('Not tracked');
    }
  };

  test('what one does the other sees within five seconds without touching anything: who tracked it, and that it is gone', async () => {
    const subject = 'Guests complain about the grinder in the quiet zone';
    await open(subject);
    await dana.button('Track').click();
    await dana.says('Tracked');
    await miguel.tracking.getByText(/^\d?\d:\d\d.* by Dana Whitfield$/).waitFor({ timeout: 5_000 });

    await dana.button('Undo').click();
    await dana.says('Not tracked');
    await miguel.says('Not tracked', 5_000);
    expect(await emailsAbout(server.stack, subject)).toEqual([]);
  });

  test('a click that waited in the queue is seen by the colleague once it is carried out', async () => {
    const subject = 'Arabica falls, oat milk rises: your week in beans';
    await open(subject);
    dana.fault('crm-down');
    await dana.button('Track').click();
    await dana.says('Queued');
    dana.fault('none');
    await until(
      () => emailsAbout(server.stack, subject),
      (rows) => rows.length === 1,
    );
    await miguel.tracking.getByText(/by Dana Whitfield/).waitFor({ timeout: 10_000 });
  });
});
