// Puts a mail into a mailbox: what a mail server would do at the end of its journey.
import { readSummary } from '../../mailbox/folder/summary.ts';
import { readContent } from './message.ts';
import type { Details } from './mailboxes.ts';
import { newKey } from './names.ts';
import { previewOf } from './plain-text.ts';
import type { Store } from './store.ts';

export interface Delivery {
  /** The mail address of the mailbox. */
  owner: string;
  folder: string;
  raw: Buffer;
  origin: 'own' | 'sample';
  isRead: boolean;
  received: number;
  /** A draft keeps its id when it is sent. */
  key?: string;
}

const insert = `insert into mail (key, origin, owner, folder, received, sent, message_id, is_read, summary, details)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Reads the mail, then answers a write that only has to be run; so several deliveries can be one transaction. */
export const prepareDelivery = async (store: Store, mail: Delivery): Promise<() => void> => {
  const [summary, content] = [await readSummary(mail.raw), await readContent(mail.raw)];
  const details: Details = {
    preview: previewOf(content),
    hasAttachments: content.attachments.some((part) => !part.inline),
    meeting: content.invitation,
  };
  const key = mail.key ?? newKey();
  const row = [
    mail.received,
    summary.sent,
    summary.messageId,
    mail.isRead ? 1 : 0,
    JSON.stringify(summary),
    JSON.stringify(details),
  ];
  return () => {
    store.run('delete from mail where key = ?', key);
    store.run(insert, key, mail.origin, mail.owner, mail.folder, ...row);
    store.run('insert into content values (?, ?)', key, mail.raw);
  };
};
