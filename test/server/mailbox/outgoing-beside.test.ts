// What others do to a mail between two of our steps: nothing of theirs is written over, and nothing leaves twice.
import { expect, test } from '@jest/globals';
import { SourceError } from '../../../src/server/mailbox/source.ts';
import { forEachEngine } from '../engines.ts';
import { failureOf, openOutgoingWorld, type Outside } from './outgoing-world.ts';

const minute = 60_000;

forEachEngine('sending beside others', ({ open }) => {
  const start = async () => openOutgoingWorld(await open());

  /** Does something once, right before the so many-th of our changes to the mail is on its way. */
  const beforePatch = (nth: number, work: () => Promise<unknown>): Outside => {
    let patches = 0;
    return async (call, when) => {
      if (when === 'before' && call.startsWith('PATCH') && (patches += 1) === nth) await work();
    };
  };

  test.each([
    ['does not leave', {}, { sent: 1, problems: [] }, 1],
    ['is not given up', { mostBytes: 1 }, { sent: 0, problems: [{ code: 'too-large' }] }, 0],
  ])('what was changed since it was read %s before it is read again', async (_, limits, then, copies) => {
    const w = await start();
    const file = { filename: 'a.txt', mimetype: 'text/plain', body: btoa('More than a byte.') };
    const id = await w.pending('Changed.', { email_activity_mime_attachment: [file] });
    const contact = await w.dana.create('contacts', { lastname: 'Ada' });
    const change = async () => {
      const about = { 'regardingobjectid_contact@odata.bind': `contacts(${contact})` };
      expect((await w.dana.send('PATCH', `emails(${id})`, about)).status).toBe(204);
    };
    const report = await w.process({ outside: beforePatch(1, change), ...limits }).run();
    expect(report).toMatchObject({ sent: 0, problems: [] });
    expect(await w.read(id)).toMatchObject({ statuscode: 6, deliveryattempts: 0 });
    expect(await w.process(limits).run()).toMatchObject(then);
    expect(w.copies('Changed.')).toHaveLength(copies);
  });

  test('a late word about a try is not written over the next one', async () => {
    const w = await start();
    const id = await w.pending('Late.');
    let arrive = (): void => undefined;
    let go = (): void => undefined;
    const isLeaving = new Promise<void>((resolve) => (arrive = resolve));
    const mayLeave = new Promise<void>((resolve) => (go = resolve));
    const other = w.process({
      outside: async (call, when) => {
        if (call !== 'send' || when !== 'before') return;
        arrive();
        await mayLeave;
      },
    });
    let second: Promise<{ sent: number }> = Promise.resolve({ sent: 0 });
    const takeOver = beforePatch(2, async () => {
      await w.crm().update(`emails(${id})`, { statecode: 1, statuscode: 6 });
      second = other.run();
      await isLeaving;
    });
    const outside: Outside = async (call, when) => {
      if (call === 'send') throw new SourceError('unavailable', 'The mailbox is busy.');
      await takeOver(call, when);
    };
    await w.process({ outside }).run();
    expect(await w.read(id)).toMatchObject({ statuscode: 7, deliveryattempts: 2 });
    go();
    expect(await second).toMatchObject({ sent: 1 });
    expect(await w.read(id)).toMatchObject({ statuscode: 3 });
    expect(w.copies('Late.')).toHaveLength(1);
  });

  test.each([
    ['the mailbox answers', 15 * minute, false],
    ['the mailbox is away', 6 * 60 * minute, true],
  ])('a mail that is just leaving is judged by nobody: while %s, not for %i ms', async (_, patience, isAway) => {
    const w = await start();
    const id = await w.pending('Just leaving.');
    w.items.isHidden = true;
    const unheard: Outside = (call, when) => {
      if (call === 'send' && when === 'after') throw failureOf(call, when);
    };
    await w.process({ outside: unheard }).run();
    const away: Outside = (call, when) => {
      if (isAway && call === 'folders') throw failureOf(call, when);
    };
    const judge = async () => {
      await w.process({ outside: away }).run();
      return (await w.read(id))['statuscode'];
    };
    expect(await judge()).toBe(7);
    w.later(patience - minute);
    expect(await judge()).toBe(7);
    w.later(2 * minute);
    expect(await judge()).toBe(8);
    expect(w.copies('Just leaving.')).toHaveLength(1);
  });

  test('a CRM that is away lets all mails wait: none is passed over', async () => {
    const w = await start();
    const first = await w.pending('First.');
    await w.pending('Second.');
    const away: Outside = (call, when) => {
      if (when === 'before' && call.startsWith(`GET emails(${first})`)) throw failureOf(call, when);
    };
    await expect(w.process({ outside: away }).run()).rejects.toThrow();
    expect(w.items.mails).toEqual([]);
    expect(await w.process().run()).toMatchObject({ sent: 2 });
  });
});
