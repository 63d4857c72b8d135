// A data directory of an earlier version is used on: its mails are in the log of changes as if they came when it was opened.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { createChangeLog } from '../../src/server/local/mailbox/change-log.ts';
import { prepareDelivery } from '../../src/server/local/mailbox/deliver.ts';
import { openStore } from '../../src/server/local/mailbox/store.ts';
import { sampleMail } from '../contracts/mail-source.ts';

const everything = { from: 0, until: 1_000, most: 100 };

test('a mailbox of version 1 gets its log, and keeps it afterwards', async () => {
  const place = mkdtempSync(join(tmpdir(), 'alongside-upgrade-'));
  const file = join(place, 'mailbox.sqlite');
  const deliver = async (store: ReturnType<typeof openStore>, name: string) => {
    const mail = { owner: 'ada@contoso.example', folder: 'inbox', origin: 'own' as const, isRead: false };
    (await prepareDelivery(store, { ...mail, raw: Buffer.from(sampleMail(`<${name}@x.example>`)), received: 0 }))();
  };
  const first = openStore(file);
  await deliver(first, 'one');
  await deliver(first, 'two');
  first.close();

  const raw = new DatabaseSync(file);
  const triggers = raw.prepare(`select name from sqlite_schema where type = 'trigger'`).all() as { name: string }[];
  for (const { name } of triggers) raw.exec(`drop trigger ${name}`);
  raw.exec('drop table change; drop table change_clock; drop table folder; pragma user_version = 1');
  raw.close();

  const upgraded = openStore(file);
  const log = createChangeLog(upgraded);
  expect(log.inFolder('ada@contoso.example', 'inbox', everything)).toHaveLength(2);
  const until = log.clock();
  await deliver(upgraded, 'three');
  expect(log.inFolder('ada@contoso.example', 'inbox', { ...everything, from: until })).toHaveLength(1);
  upgraded.close();
  const again = openStore(file);
  expect(createChangeLog(again).inFolder('ada@contoso.example', 'inbox', everything)).toHaveLength(3);
  again.close();
  rmSync(place, { recursive: true });
});
