// A person tries the local stack with a mailbox of his own: entered at /admin/, with its password, and still read after a restart.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createHttp } from '../../src/api/http.ts';
import { createMailboxes } from '../../src/api/mailboxes.ts';
import { openIdentity } from '../../src/server/local/identity.ts';
import { startLocal, type Local } from '../../src/server/local/start.ts';
import { sampleMail } from '../contracts/mail-source.ts';
import { describeDovecot } from '../dovecot/describe.ts';
import { startDovecot, type Dovecot } from '../dovecot/dovecot.ts';
import { openTestMailbox } from '../dovecot/test-mailbox.ts';
import { until } from './mailbox/mailbox-world.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of undo.splice(0).reverse()) await close();
});

const dana = 'd0a7a000-0001-4000-8000-000000000001';

const mailboxesOf = (local: Local) =>
  createMailboxes(
    createHttp({ fetch, baseUrl: `${local.addinUrl}/sync/v1/`, token: () => local.token(), timeout: 30_000 }),
  );

test('what seals passwords is the same at every start, and another one in another data directory', async () => {
  const [here, there] = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'alongside-own-')));
  undo.push(() => [here, there].forEach((directory) => rmSync(directory!, { recursive: true })));
  const keys = [];
  for (const directory of [here, here, there]) keys.push((await openIdentity(directory!, 3000)).sealingKey);
  expect(keys[1]).toBe(keys[0]);
  expect(keys[2]).not.toBe(keys[0]);
  expect(Buffer.from(keys[0]!, 'base64')).toHaveLength(32);
});

describeDovecot('a mailbox of one’s own, by IMAP', () => {
  let dovecot: Dovecot;
  beforeAll(async () => {
    dovecot = await startDovecot();
  });
  afterAll(() => dovecot.close());

  test('is read by the local stack, and after a restart without being asked for the password again', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'alongside-own-'));
    undo.push(() => rmSync(dataDir, { recursive: true }));
    const start = () => startLocal({ port: 0, hostPort: 0, dataDir, log: () => {} });
    const mailbox = await openTestMailbox(dovecot);
    const { user } = mailbox;
    undo.push(() => mailbox.close());
    let local = await start();
    undo.push(() => local.stop());
    const { id, connection } = await mailboxesOf(local).create({
      ...{ address: 'dana.private@fabrikam.example', owner: dana, password: dovecot.password },
      source: { kind: 'imap', host: '127.0.0.1', port: dovecot.port, secure: false, user },
    });
    expect(connection).toMatchObject({ host: '127.0.0.1', user });
    expect(await mailboxesOf(local).test(id)).toMatchObject({ state: 'ready' });
    await local.stop();

    local = await start();
    const all = { includeSubfolders: false, regarding: null, appliesTo: 'all' } as const;
    await until(async () => (await mailboxesOf(local).folders(id)).length > 0);
    await mailboxesOf(local).setRule(id, 'INBOX', all);
    await mailbox.deliver('inbox', sampleMail('<own@fabrikam.example>'));
    await mailboxesOf(local).syncNow(id);
    await until(
      async () => (await mailboxesOf(local).list(false)).mailboxes.find((each) => each.id === id)?.counts.tracked === 1,
    );
  });
});
