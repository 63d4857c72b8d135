// The whole local stack: the daemon has the local Graph tell it of new mail, and a mailbox that was told of is due.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { startLocal } from '../../../src/server/local/start.ts';

const dana = 'dana@contoso.example';

test('a mail that comes makes its mailbox due', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'alongside-listening-'));
  const local = await startLocal({ port: 0, hostPort: 0, dataDir, log: () => {} });
  const ask = async (url: string, init: RequestInit = {}) => {
    const authorization = `Bearer ${await local.token(dana)}`;
    return fetch(url, { ...init, headers: { authorization, ...init.headers } });
  };
  const mailbox = async () => {
    const answer = await ask(`${local.addinUrl}/sync/v1/mailboxes`);
    const { mailboxes } = (await answer.json()) as { mailboxes: { id: string; address: string; nextAt: string }[] };
    return mailboxes.find(({ address }) => address === dana)!;
  };
  const until = async (condition: () => Promise<boolean>) => {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 100));
  };
  try {
    const { id } = await mailbox();
    // The first poll may have been before the doors were open; the next one asks again.
    await until(async () => {
      await ask(`${local.addinUrl}/sync/v1/mailboxes/${id}/sync`, { method: 'POST' });
      return local.graph.subscriptions.list().some(({ owner }) => owner === dana);
    });
    // Without a hint the next run is minutes away; with one it is at most 20 s after the start of the last.
    const isSoon = async () => Date.parse((await mailbox()).nextAt) - Date.now() < 60_000;
    await until(async () => !(await isSoon()));
    const raw = `From: ${dana}\r\nTo: ${dana}\r\nSubject: Note\r\n\r\nTo myself\r\n`;
    const sent = await ask(`${local.hostUrl}/graph/v1.0/me/sendMail`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: Buffer.from(raw).toString('base64'),
    });
    expect(sent.status).toBe(202);
    await until(isSoon);
  } finally {
    await local.stop();
    rmSync(dataDir, { recursive: true });
  }
}, 120_000);
