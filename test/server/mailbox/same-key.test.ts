import { webcrypto } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { identifyMail } from '../../../src/model/item-key.ts';
import { createOfficeMailbox } from '../../../src/outlook/office-mailbox.ts';
import { readSummary } from '../../../src/server/mailbox/folder/summary.ts';
import { readMail } from '../../../src/server/mailbox/mime/read-mail.ts';
import { FakeOffice } from '../../outlook/fake-office.ts';

const stamp = '0190a000-0000-7000-8000-000000000001';
const mails = {
  ordinary: ['Message-ID: <Aa.1@x.example>', 'From: "Ada L." <Ada@x.example>', 'Date: Fri, 20 Nov 2026 08:59:30 +0100'],
  'without an id': ['From: ada@x.example', 'Date: Fri, 20 Nov 2026 08:59:30 +0100 (CET)'],
  'with a stamp and no id': ['From: ada@x.example', `X-Alongside-Stamp: ${stamp}`, 'Date: 20 Nov 26 07:59 GMT'],
  'with two ids': ['Message-ID: <1@x>', 'Message-Id: <2@x>', 'From: ada@x.example'],
  'with an id over two lines': ['Message-ID:', ' <1@x>', 'From: ada@x.example', 'Date: Fri, 20 Nov 2026 08:59:30'],
  'with a group, and a sender': ['From: Team: ada@x.example;', 'Sender: bo@x.example', 'Date: yesterday'],
  'an answer': ['Message-ID: <2@x>', 'From: ada@x.example', 'In-Reply-To: <1@x>', 'References: <0@x>', ' <1@x>'],
};

let office = new FakeOffice();
afterEach(() => office.idle());

test.each(Object.entries(mails))('a mail %s is the same mail in the pane and in the mailbox', async (_, lines) => {
  const raw = Buffer.from(
    [...lines, 'Subject: Re: =?utf-8?q?Gr=C3=BC?=', ' =?utf-8?q?=C3=9Fe?=  [x]', '', 'Hello'].join('\r\n'),
  );
  const shown = await readSummary(raw);
  office = new FakeOffice();
  office.install();
  office.open({
    id: 'm1',
    subject: shown.subject,
    from: shown.from && { displayName: shown.from.name, emailAddress: shown.from.address },
    messageId: shown.messageId ?? undefined,
    headers: raw.subarray(0, raw.indexOf('\r\n\r\n')).toString(),
  });
  const pane = (await createOfficeMailbox({ tracked: '' }).current()!.read()).message;
  const daemon = await readMail(raw);
  const digest = (bytes: Uint8Array<ArrayBuffer>) => webcrypto.subtle.digest('SHA-256', bytes);
  const identity = await identifyMail('tenant', pane, digest);
  expect(await identifyMail('tenant', daemon.message, digest)).toEqual(identity);
  expect(daemon.headers).toBe(pane.headers ?? '');
  expect(identity.fingerprint).toMatchObject({ from: 'ada@x.example', subject: 'grüße [x]' });
});
