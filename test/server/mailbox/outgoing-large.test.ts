// A large mail is brought into its mailbox before it is claimed: what does not leave then is taken away again, and what may have
// left is not.
import { afterAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { SourceError, type LetterFile, type MailSource } from '../../../src/server/mailbox/source.ts';
import { forEachEngine } from '../engines.ts';
import { mailbox, openOutgoingWorld, type Outside, type OutgoingWorld } from './outgoing-world.ts';

const minute = 60_000;
const none = { sent: 0, problems: [], stopped: null };

forEachEngine('a large mail', ({ open }) => {
  let opened: Promise<OutgoingWorld> | undefined;
  const start = async () => {
    const w = await (opened ??= open().then((database) => openOutgoingWorld(database)));
    await sql`update email set statecode = 2, statuscode = 5 where statuscode in (6, 7)`.execute(w.database.db);
    return w;
  };
  afterAll(async () => (await opened)?.world.app.close());

  /** A mailbox to which a mail of more than 4 kB is large. What it is told, in order; each may go wrong. */
  const process = (
    w: OutgoingWorld,
    goes: { prepare?: () => unknown; send?: () => unknown; check?: () => unknown } = {},
  ) => {
    const told: string[] = [];
    const files: LetterFile[] = [];
    const source: MailSource = {
      ...w.items.source(),
      send: async () => void told.push('send small'),
      large: {
        ...{ above: 4_000, most: 10_000 },
        async prepare(_mime, given) {
          told.push('prepare');
          await goes.prepare?.();
          files.push(...given);
          return {
            send: async () => {
              told.push('send');
              await goes.send?.();
            },
            discard: async () => void told.push('discard'),
          };
        },
        forget: async () => void told.push('forget'),
      },
    };
    const check = async () => void (await goes.check?.());
    const sender = w.process().sender;
    return { told, files, run: () => sender.sendPending({ mailbox, source, check }) };
  };
  const pending = (w: OutgoingWorld, size = 5_000) =>
    w.pending('Plans.', {
      email_activity_mime_attachment: [
        { filename: 'plan.pdf', mimetype: 'application/pdf', body: Buffer.alloc(size, 'x').toString('base64') },
        { filename: 'empty.txt', mimetype: 'text/plain', body: '' },
      ],
    });

  test('is prepared with its files, and leaves once; another goes as ever', async () => {
    const w = await start();
    const id = await pending(w);
    const { told, files, run } = process(w);
    expect([await run(), await run()]).toEqual([{ ...none, sent: 1 }, none]);
    expect(told).toEqual(['prepare', 'send']);
    expect(files.map(({ name, size }) => [name, size])).toEqual([
      ['plan.pdf', 5_000],
      ['empty.txt', 0],
    ]);
    expect(Buffer.from(await files[0]!.read(0, 5_000)).toString()).toBe('x'.repeat(5_000));
    expect(await w.read(id)).toMatchObject({ statuscode: 3, deliveryattempts: 1 });
    await pending(w, 100);
    await w.pending('Long.', { description: `<p>${'x'.repeat(20_000)}</p>` });
    expect([await run(), told.slice(2)]).toEqual([{ ...none, sent: 2 }, ['send small', 'send small']]);
  });

  test('of which a mailbox takes no more than it says fails, and says so', async () => {
    const w = await start();
    const id = await pending(w, 10_001);
    const { told, run } = process(w);
    expect(await run()).toMatchObject({ problems: [{ mailId: id, code: 'too-large' }] });
    expect(told).toEqual([]);
  });

  test('that cannot be prepared just now waits, longer each time, and its mailbox rests', async () => {
    const w = await start();
    const id = await pending(w);
    const away = () => {
      throw new SourceError('unavailable', 'Away.');
    };
    for (const [attempts, wait] of [
      [1, 5],
      [2, 10],
    ] as const) {
      const { told, run } = process(w, { prepare: away });
      expect(await run()).toMatchObject({ problems: [{ level: 'warning' }], stopped: { code: 'unavailable' } });
      expect(told).toEqual(['prepare']);
      expect(await w.read(id)).toMatchObject({
        statuscode: 6,
        deliveryattempts: attempts,
        alongside_senderror: 'Away.',
      });
      w.later((wait - 1) * minute);
      expect(await process(w).run()).toEqual(none);
      w.later(2 * minute);
    }
    expect(await process(w).run()).toMatchObject({ sent: 1 });
  });

  test('that the mailbox refuses fails; a fault of our own is nobody’s end', async () => {
    const w = await start();
    const id = await pending(w);
    // Nothing has left while a mail is prepared: a mailbox that does not know breaks its word.
    for (const error of [new TypeError('x is undefined'), new SourceError('unknown-outcome', '?')])
      await expect(process(w, { prepare: () => Promise.reject(error) }).run()).rejects.toBe(error);
    expect(await w.read(id)).toMatchObject({ statuscode: 6, deliveryattempts: 0 });
    const refused = process(w, {
      prepare: () => {
        throw new SourceError('refused', 'No.');
      },
    });
    expect(await refused.run()).toMatchObject({ problems: [{ mailId: id, code: 'refused' }], stopped: null });
    expect(await w.read(id)).toMatchObject({ statuscode: 8, alongside_senderror: 'No.' });
  });

  test.each<[string, (w: OutgoingWorld, id: string) => Parameters<typeof process>[1], readonly string[], number]>([
    [
      'was changed since it was read',
      (w, id) => ({ prepare: () => w.set(id, { versionnumber: 9_000_000_000 }) }),
      ['prepare', 'discard'],
      6,
    ],
    [
      'is another process’s by now',
      () => {
        return { check: () => Promise.reject(new Error('The lease is over.')) };
      },
      ['prepare', 'discard'],
      6,
    ],
    [
      'was claimed by who slept then',
      (w) => {
        let checks = 0;
        return { check: () => void ((checks += 1) === 2 && w.later(3 * minute)) };
      },
      ['prepare', 'discard'],
      6,
    ],
    [
      'the mailbox does not send now',
      () => ({ send: () => Promise.reject(new SourceError('throttled', 'Later.')) }),
      ['prepare', 'send', 'discard'],
      6,
    ],
    [
      'the mailbox will not send',
      () => ({ send: () => Promise.reject(new SourceError('refused', 'No.')) }),
      ['prepare', 'send', 'discard'],
      8,
    ],
    [
      'may have left',
      () => ({ send: () => Promise.reject(new SourceError('unknown-outcome', '?')) }),
      ['prepare', 'send'],
      7,
    ],
  ])('that %s', async (_what, goes, expected, statuscode) => {
    const w = await start();
    const id = await pending(w);
    const { told, run } = process(w, goes(w, id));
    await run().catch((error: unknown) => {
      expect(String(error)).toContain('The lease is over.');
    });
    expect(told).toEqual(expected);
    expect(await w.read(id)).toMatchObject({ statuscode });
  });

  test('of which a file is gone before it is opened does not leave without it', async () => {
    const w = await start();
    const id = await pending(w);
    const outside: Outside = async (call, when) => {
      if (when === 'before' && call.startsWith('POST InitializeAttachmentBlocksDownload'))
        await sql`delete from activitymimeattachment where objectid = ${id}`.execute(w.database.db);
    };
    const source = { ...w.items.source(), large: { above: 4_000, most: 10_000 } } as unknown as MailSource;
    const report = await w.process({ outside }).sender.sendPending({ mailbox, source, check: async () => undefined });
    expect(report).toMatchObject({ problems: [{ mailId: id, code: 'unreadable' }] });
    expect(await w.read(id)).toMatchObject({ alongside_senderror: 'The attachment plan.pdf is not there any more.' });
  });
});
