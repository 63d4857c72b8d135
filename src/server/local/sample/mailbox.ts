// Delivers the sample's mails: each to the mailboxes of those it is addressed to, and to its sender's Sent Items. So two
// colleagues hold the same bytes, as after a real delivery.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Identity } from '../identity.ts';
import { prepareDelivery } from '../mailbox/deliver.ts';
import { folderKey } from '../../mailbox/folder/tree.ts';
import { readSummary } from '../../mailbox/folder/summary.ts';
import type { Summary } from '../../mailbox/folder/summary.ts';
import type { Store } from '../mailbox/store.ts';
import { daysUntil, shiftMail } from './shift.ts';

const directory = fileURLToPath(new URL('./mail', import.meta.url));
const unreadFor = 2 * 24 * 60 * 60 * 1000;

/** Every .eml below sample/mail; a sub-folder is a mail folder. */
const sampleMails = () =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.eml'))
    .sort()
    .map((name) => ({
      name,
      folder: name.split(/[/\\]/).slice(0, -1).join('/'),
      raw: readFileSync(join(directory, name)),
    }));

const mailboxesFor = (summary: Summary, identity: Pick<Identity, 'mailboxesOf'>) =>
  new Set([...summary.to, ...summary.cc, ...summary.bcc].flatMap(({ address }) => identity.mailboxesOf(address)));

/** Runs once in the life of a data directory; the shift is noted there. */
export const deliverSample = async (store: Store, identity: Pick<Identity, 'mailboxesOf'>, now: number) => {
  if (store.setting('sample shift') !== undefined) return;
  const mails = await Promise.all(
    sampleMails().map(async (mail) => ({ ...mail, summary: await readSummary(mail.raw) })),
  );
  const newest = Math.max(...mails.map(({ summary }) => summary.received ?? 0));
  const days = daysUntil(newest, now);
  const writes: (() => void)[] = [];
  for (const { folder, raw, summary } of mails) {
    const shifted = shiftMail(raw, days);
    const received = (summary.received ?? newest) + days * 24 * 60 * 60 * 1000;
    const isRead = (summary.received ?? 0) < newest - unreadFor;
    const common = { raw: shifted, origin: 'sample' as const, received };
    for (const owner of mailboxesFor(summary, identity)) {
      writes.push(await prepareDelivery(store, { ...common, owner, folder: folderKey(folder), isRead }));
    }
    for (const owner of identity.mailboxesOf(summary.from?.address ?? '')) {
      writes.push(await prepareDelivery(store, { ...common, owner, folder: 'sentitems', isRead: true }));
    }
  }
  store.transaction(() => {
    writes.forEach((write) => write());
    store.setSetting('sample shift', String(days));
  });
};
