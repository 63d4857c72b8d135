// Whatever happens in a mailbox and to Graph, and wherever the reader is interrupted: in the end it knows what is there.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SourceError, type SourceItem } from '../../../src/server/mailbox/source.ts';
import { always, folderNamed, inboxOf, sampleMail } from '../../contracts/mail-source.ts';
import { openGraphMailbox, openGraphWorld, type GraphWorld } from './graph-world.ts';

let world: GraphWorld;
beforeAll(async () => {
  world = await openGraphWorld();
});
afterAll(() => world.close());

const which = fc.nat(30);
const deliver = fc.record({ does: fc.constant('deliver' as const) });
const mark = fc.record({ does: fc.constant('mark' as const), which, tracked: fc.boolean() });
// A reader that is killed between an answer and its transaction asks with the old cursor again.
const read = fc.record({
  does: fc.constant('read' as const),
  pages: fc.integer({ min: 1, max: 4 }),
  isKilled: fc.boolean(),
});
const step = fc.oneof(
  { weight: 6, arbitrary: deliver },
  { weight: 4, arbitrary: mark },
  fc.record({ does: fc.constant('move' as const), which }),
  fc.record({ does: fc.constant('remove' as const), which }),
  fc.record({ does: fc.constant('expire' as const), kind: fc.constantFrom('gone', 'not-found', 'invalid') }),
  fc.record({
    does: fc.constant('weather' as const),
    weather: fc.record({
      repeats: fc.nat(2),
      replays: fc.nat(5),
      emptyPages: fc.nat(2),
      shuffled: fc.boolean(),
      removedFirst: fc.boolean(),
      partial: fc.boolean(),
      answers: fc.record({ status: fc.constantFrom(429, 500, 503, 504), times: fc.nat(2) }),
    }),
  }),
  { weight: 4, arbitrary: read },
);

interface Reader {
  readonly folder: string;
  readonly name: string;
  cursor: string | null;
  more: boolean;
  readonly known: Map<string, SourceItem>;
}

test('the reader of a delta query ends up with the truth', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 90 }), fc.boolean(), async (steps, hasFilter) => {
      world.behave();
      const mailbox = openGraphMailbox(world, world.newUser(), 3);
      await mailbox.createFolder('Kunden');
      let source = mailbox.source();
      const since = hasFilter ? new Date('2026-01-01T00:00:00Z') : always;
      const reader = (folder: string, name: string): Reader => ({
        folder,
        name,
        cursor: null,
        more: true,
        known: new Map(),
      });
      const readers = [reader(await inboxOf(source), 'inbox'), reader(await folderNamed(source, 'Kunden'), 'Kunden')];
      const there: { id: string; folder: string }[] = [];
      let delivered = 0;

      const readPage = async (each: Reader, isKilled: boolean) => {
        try {
          const page = await source.changes(each.folder, each.cursor, since);
          if (isKilled) return;
          for (const id of page.gone) each.known.delete(id);
          for (const item of page.items) each.known.set(item.id, item);
          [each.cursor, each.more] = [page.cursor, page.more];
        } catch (error) {
          if (!(error instanceof SourceError)) throw error;
          if (error.code === 'cursor-lost') {
            each.known.clear();
            [each.cursor, each.more] = [null, true];
          } else expect(['throttled', 'unavailable']).toContain(error.code);
        }
      };

      for (const next of steps) {
        const mail = 'which' in next ? there[next.which % Math.max(there.length, 1)] : undefined;
        if (next.does === 'deliver') {
          const id = `<m${String((delivered += 1))}@x.example>`;
          await mailbox.deliver('inbox', sampleMail(id));
          there.push({ id, folder: 'inbox' });
        } else if (next.does === 'move' && mail) {
          const to = mail.folder === 'inbox' ? 'Kunden' : 'inbox';
          await mailbox.move(mail.id, mail.folder, to);
          mail.folder = to;
        } else if (next.does === 'remove' && mail) {
          await mailbox.remove(mail.id, mail.folder);
          there.splice(there.indexOf(mail), 1);
        } else if (next.does === 'mark' && mail) {
          await mailbox.mark(mail.id, mail.folder, next.tracked);
        } else if (next.does === 'expire') {
          world.misbehaves.expireTokens(next.kind);
        } else if (next.does === 'weather') {
          world.misbehaves.set(next.weather);
        } else if (next.does === 'read') {
          if (next.isKilled) source = mailbox.source();
          for (const each of readers)
            for (let page = 0; page < next.pages; page += 1) await readPage(each, next.isKilled);
        }
      }

      world.behave();
      for (const each of readers) {
        // A round that was under way ends where it began; the next one brings the rest.
        let asked = 0;
        for (let rounds = 0; rounds < 2; rounds += 1) {
          do {
            await readPage(each, false);
            if ((asked += 1) > 300) throw new Error('It does not come to an end.');
          } while (each.more);
        }
        const truth = there
          .filter(({ folder }) => folder === each.name)
          .map(({ id }) => [id, mailbox.categories(id, each.name).length > 0]);
        const known = [...each.known.values()].map((item) => [item.internetMessageId, item.isMarked]);
        expect(known.sort()).toEqual(truth.sort());
      }
    }),
    { numRuns: 20, endOnFailure: true },
  );
}, 180_000);
