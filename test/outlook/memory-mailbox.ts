import type { MailMessage } from '../../src/model/message.ts';
import { itemClosed, type Mailbox, type OpenItem } from '../../src/outlook/mailbox.ts';

export interface MemoryMail {
  readonly message: MailMessage;
  readonly bodyHtml: string;
  /** By attachment id; one that is missing is not handed out. */
  readonly bytes: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** The other body of `Mailbox`: for programs above it, tested without an Outlook. */
export interface MemoryMailbox extends Mailbox {
  open(mail: MemoryMail, kind?: OpenItem['kind']): void;
  close(): void;
  readonly marked: ReadonlySet<string>;
  readonly lines: readonly { readonly itemId: string; readonly text: string; readonly tone: string }[];
}

export function createMemoryMailbox(): MemoryMailbox {
  const listeners = new Set<() => void>();
  const marked = new Set<string>();
  const lines: { itemId: string; text: string; tone: string }[] = [];
  let turn = 0;
  let open: OpenItem | null = null;

  const tell = (): void => {
    for (const listener of listeners) listener();
  };

  return {
    user: { name: 'Dana Whitfield', address: 'dana@contoso.example' },
    language: 'de-DE',
    current: () => open,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    recheck: () => undefined,
    marked,
    lines,
    open({ message, bodyHtml, bytes }, kind = 'mail') {
      turn += 1;
      const mine = turn;
      const { itemId } = message;
      const whileOpen = async <T>(give: () => T): Promise<T> => {
        await Promise.resolve();
        if (mine !== turn) throw itemClosed();
        return give();
      };
      open = {
        turn: mine,
        kind,
        message: { ...message, sentAt: null },
        read: () =>
          whileOpen(() => ({
            message,
            readBodyHtml: () => whileOpen(() => bodyHtml),
            readAttachment: (id) =>
              whileOpen(() => {
                const found = bytes.get(id);
                if (found === undefined) throw new Error('Not handed out.');
                return new Blob([found]);
              }),
          })),
        wish: null,
        marks: {
          lastKnown: () => Promise.resolve(marked.has(itemId)),
          async show(tracked) {
            if (tracked) marked.add(itemId);
            else marked.delete(itemId);
          },
        },
        async notify(text, tone) {
          lines.push({ itemId, text, tone });
        },
      };
      tell();
    },
    close() {
      turn += 1;
      open = null;
      tell();
    },
  };
}
