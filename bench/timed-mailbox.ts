import { SourceError, type MailSource, type SourceItem } from '../src/server/mailbox/source.ts';
import { folders } from './mailbox-services.ts';

export interface TimedMailboxOptions {
  readonly address: string;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** When the first mail comes, and how long it is until the next. */
  readonly first: number;
  readonly every: number;
  /** No more than so many come. */
  readonly most?: number;
  /** Mails stay in the folder for so long. */
  readonly kept: number;
  /** Whether the mail server does not answer now. */
  readonly isAway: () => boolean;
  /** Of the mails by their numbers: which cannot be read, and which are nobody's concern. */
  readonly isPoison: (mail: number) => boolean;
  readonly isPrivate: (mail: number) => boolean;
}

const answersAfter = 100;
const page = 100;

/** A mailbox to which mail comes, and from which it is deleted, as time passes; nothing of it is in memory. */
export function createTimedMailbox(options: TimedMailboxOptions): MailSource {
  const { address, now, first, every, kept, most = Infinity } = options;
  const arrived = (until: number) => Math.min(most, Math.max(0, Math.floor((until - first) / every) + 1));
  const answer = async () => {
    await options.sleep(answersAfter);
    if (options.isAway()) throw new SourceError('unavailable', 'The mail server does not answer.');
  };
  const itemOf = (number: number): SourceItem => {
    const at = new Date(first + number * every).toISOString();
    return {
      ...{ id: String(number), folderId: 'inbox', version: '1', size: 1_000, cc: [], bcc: [], headers: '' },
      ...{ isDraft: false, isMarked: false, sensitivity: options.isPrivate(number) ? 'private' : 'normal' },
      ...{ from: { name: '', address: 'kim@fabrikam.example' }, to: [{ name: '', address }] },
      ...{ internetMessageId: `<${number}.${address}>`, subject: `Mail ${number}`, sentAt: at, receivedAt: at },
    };
  };
  return {
    folders: async () => (await answer(), folders),
    async changes(folder, cursor) {
      await answer();
      if (folder !== 'inbox') return { items: [], gone: [], cursor: 'none', more: false };
      const [from = 0, left = 0] = (cursor ?? '0 0').split(' ').map(Number);
      const to = Math.min(arrived(now()), from + page);
      const leaves = Math.min(arrived(now() - kept), from, left + page);
      return {
        items: Array.from({ length: to - from }, (_, index) => itemOf(from + index)),
        gone: Array.from({ length: leaves - left }, (_, index) => String(left + index)),
        cursor: `${to} ${leaves}`,
        more: to - from === page,
      };
    },
    async mime(id) {
      await answer();
      if (options.isPoison(Number(id))) throw new SourceError('too-large', 'The mail is too large.');
      const { subject, sentAt, internetMessageId } = itemOf(Number(id));
      const date = new Date(sentAt ?? 0).toUTCString().replace('GMT', '+0000');
      const head = `From: kim@fabrikam.example\r\nTo: ${address}\r\nSubject: ${subject}\r\nDate: ${date}\r\nMessage-ID: ${internetMessageId}`;
      return new TextEncoder().encode(`${head}\r\nContent-Type: text/plain\r\n\r\n${'Hello. '.repeat(50)}`);
    },
    mark: async () => true,
    count: async (folder) => (folder === 'inbox' ? arrived(now()) - arrived(now() - kept) : 0),
    send: async () => undefined,
    close: async () => undefined,
  };
}
