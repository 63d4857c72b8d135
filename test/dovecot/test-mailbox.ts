import { ImapFlow } from 'imapflow';
import { trackedKeyword } from '../../src/server/mailbox/imap/item.ts';
import { createImapSource, type ImapSourceOptions } from '../../src/server/mailbox/imap/imap-source.ts';
import type { MailSource } from '../../src/server/mailbox/source.ts';
import type { TestMailbox } from '../contracts/mail-source.ts';
import type { Dovecot } from './dovecot.ts';

export interface ImapTestMailbox extends TestMailbox {
  readonly user: string;
  /** The program of the mailbox's owner. */
  readonly owner: ImapFlow;
  open(more?: Partial<ImapSourceOptions>): Promise<MailSource>;
}

export const accountOf = (dovecot: Dovecot, user: string) => ({
  host: '127.0.0.1',
  port: dovecot.port,
  secure: false,
  user,
  auth: { password: dovecot.password },
  now: () => new Date(),
  report: (error: unknown) => {
    throw error;
  },
});

const pathOf = (folder: string) => (folder === 'inbox' ? 'INBOX' : folder);

/** An account, a new one unless named, with a second client for what its owner does. */
export async function openTestMailbox(dovecot: Dovecot, user = dovecot.addUser()): Promise<ImapTestMailbox> {
  const owner = await signIn(dovecot, user);
  const withMail = async <T>(messageId: string, folder: string, act: (uid: string) => Promise<T>): Promise<T> => {
    await owner.mailboxOpen(pathOf(folder));
    const found = await owner.search({ header: { 'Message-ID': messageId } }, { uid: true });
    if (found === false || found.length !== 1) throw new Error(`${messageId} is not once in ${folder}`);
    return act(String(found[0]));
  };
  const uid = { uid: true };
  return {
    user,
    owner,
    pageSize: 20,
    open: (more = {}) => Promise.resolve(createImapSource({ ...accountOf(dovecot, user), pageSize: 20, ...more })),
    async createFolder(name) {
      await owner.mailboxCreate(name);
    },
    async deliver(folder, mail, receivedAt) {
      await owner.append(pathOf(folder), Buffer.from(mail), [], receivedAt ?? new Date());
    },
    async move(messageId, from, to) {
      await withMail(messageId, from, (mail) => owner.messageMove(mail, pathOf(to), uid));
    },
    async remove(messageId, folder) {
      await withMail(messageId, folder, (mail) => owner.messageDelete(mail, uid));
    },
    async mark(messageId, folder, tracked) {
      await withMail(messageId, folder, (mail) =>
        tracked
          ? owner.messageFlagsAdd(mail, [trackedKeyword], uid)
          : owner.messageFlagsRemove(mail, [trackedKeyword], uid),
      );
    },
    isRead: (messageId, folder) =>
      withMail(messageId, folder, async (mail) => {
        const read = await owner.fetchOne(mail, { flags: true }, uid);
        return read !== false && read.flags?.has('\\Seen') === true;
      }),
    async close() {
      if (owner.usable) await owner.logout();
    },
  };
}

export async function signIn({ port, password }: Dovecot, user: string): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port,
    secure: false,
    auth: { user, pass: password },
    logger: false,
    disableAutoIdle: true,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
