// A mail that some program hands over whole, as RFC 5322 bytes: delivered to the mailboxes of this stack, nothing leaves it.
import { readSummary } from '../../mailbox/folder/summary.ts';
import { headOf } from '../../mailbox/mime/head.ts';
import type { Person } from '../../mailbox/folder/summary.ts';
import { mailDate, newMessageId } from './compose.ts';
import { prepareDelivery } from './deliver.ts';
import type { Store } from './store.ts';

/** What a mail server adds when the author's program did not, and what it takes away before others see it. */
const rewrite = (raw: Buffer, add: readonly string[], withBcc: boolean): Buffer => {
  const end = headOf(raw).length;
  const head = raw.toString('latin1', 0, end);
  const kept = withBcc ? head : head.replace(/^bcc:[^\n]*(\n[ \t][^\n]*)*(\n|$)/gim, '').replace(/\r?\n$/, '');
  return Buffer.concat([Buffer.from([...add, kept].join('\r\n'), 'latin1'), raw.subarray(end)]);
};

export type SendResult = 'sent' | 'no-recipients' | 'other-sender';

export const createSending = (store: Store, now: () => number) => ({
  /** `mailboxesOf` tells where mail to an address ends here. */
  sendMime: async (
    owner: Person,
    raw: Buffer,
    mailboxesOf: (address: string) => readonly string[],
    keepCopy = true,
  ): Promise<{ result: SendResult; mailboxes: readonly string[] }> => {
    const summary = await readSummary(raw);
    if (summary.from?.address.toLowerCase() !== owner.address) return { result: 'other-sender', mailboxes: [] };
    const people = [...summary.to, ...summary.cc, ...summary.bcc].filter(({ address }) => address);
    if (people.length === 0) return { result: 'no-recipients', mailboxes: [] };
    const add = [
      ...(summary.messageId === null ? [`Message-ID: ${newMessageId(owner.address)}`] : []),
      ...(summary.sent === null ? [`Date: ${mailDate(new Date(now()))}`] : []),
    ];
    const common = { origin: 'own' as const, received: now() };
    const mine = { ...common, owner: owner.address, folder: 'sentitems', raw: rewrite(raw, add, true), isRead: true };
    const writes = keepCopy ? [await prepareDelivery(store, mine)] : [];
    const theirs = rewrite(raw, add, false);
    const inboxes = [...new Set(people.flatMap(({ address }) => mailboxesOf(address)))];
    for (const address of inboxes) {
      writes.push(
        await prepareDelivery(store, { ...common, owner: address, folder: 'inbox', raw: theirs, isRead: false }),
      );
    }
    store.transaction(() => writes.forEach((write) => write()));
    return { result: 'sent', mailboxes: [owner.address, ...inboxes] };
  },
});

export type Sending = ReturnType<typeof createSending>;
