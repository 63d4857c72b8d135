// One program in three roles: who serves people reads no mailboxes, and who reads them is there for nothing else.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { openDatabase } from '../../src/server/db/open.ts';
import { enterMailboxes } from '../../src/server/mailbox/start.ts';
import { openMailboxStore, type MailboxStore } from '../../src/server/mailbox/store.ts';
import { processClock } from '../../src/server/queue/clock.ts';
import { dana } from '../server/world.ts';
import { startSignIn } from './identity.ts';
import { createProcess } from './process.ts';
import { until } from './until.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of undo.splice(0).reverse()) await close();
});

test.each<['web' | 'daemon' | 'all', boolean]>([
  ['web', false],
  ['daemon', true],
  ['all', true],
])(
  'the role %s reads mailboxes that are due: %s',
  async (role, reads) => {
    const folder = mkdtempSync(join(tmpdir(), 'alongside-roles-'));
    undo.push(() => rmSync(folder, { recursive: true }));
    const look = async <Answer>(work: (store: MailboxStore) => Promise<Answer>): Promise<Answer> => {
      const database = await openDatabase({ file: join(folder, 'alongside.sqlite') });
      const answer = await work(openMailboxStore(database, processClock(Date.now)));
      await database.close();
      return answer;
    };
    await look((store) => enterMailboxes(store, [{ owner: dana.objectId, address: dana.address }]));
    const signIn = await startSignIn();
    undo.push(() => signIn.close());
    const process = await createProcess(role, { ...signIn.environment, DATA_DIR: folder });
    undo.push(() => process.kill());
    const runs = () =>
      look(({ tables }) => tables.selectFrom('mailbox_account').select('generation').executeTakeFirstOrThrow());
    await process.start();
    // Whoever reads begins before the doors answer; what was begun is finished.
    await process.stop();
    if (!reads) expect(await runs()).toEqual({ generation: 0 });
    else await until('it was read', async () => (await runs()).generation > 0);
  },
  60_000,
);
