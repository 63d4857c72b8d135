import type { ReadMail } from './read-mail.ts';
import { startThread, UnreadableMail, type ReaderThread } from './reader-thread.ts';

/** Reads mails from their bytes in threads of their own: a mail that hangs or swells ends its thread, never the process. */
export interface MailReader {
  /**
   * Takes the bytes over where it can: do not use them afterwards.
   * Rejects with UnreadableMail and nothing else.
   */
  read(bytes: Uint8Array): Promise<ReadMail>;
  /** Resolves when all that was asked before is answered. */
  close(): Promise<void>;
}

export interface MailReaderOptions {
  readonly threads?: number;
  /** Milliseconds for one mail, and as many again for each 20 MB that it has. */
  readonly timeLimit?: number;
  /**
   * MB of heap for one mail; its bytes, in which its large attachments lie, are beside it. Those that are part of an attached mail, and
   * large texts, the parser holds some four times.
   */
  readonly memoryLimit?: number;
  /** Bytes of the largest mail that is read. */
  readonly most?: number;
}

/** A thread that has read more than this is not kept: its memory goes back at once. */
const LARGE = 8 * 1024 * 1024;

export function createMailReader(options: MailReaderOptions = {}): MailReader {
  const { threads = 1, timeLimit = 10_000, memoryLimit = 256, most = 150 * 1024 * 1024 } = options;
  const idle: ReaderThread[] = [];
  const waiting: ((thread: ReaderThread) => void)[] = [];
  const running = new Set<Promise<unknown>>();
  let started = 0;

  const take = (): Promise<ReaderThread> => {
    const free = idle.pop();
    if (free !== undefined && !free.isEnded()) return Promise.resolve(free);
    if (free !== undefined) started -= 1;
    if (started >= threads) return new Promise((resolve) => waiting.push(resolve));
    started += 1;
    return Promise.resolve(startThread({ timeLimit, memoryLimit }));
  };
  const giveBack = (thread: ReaderThread) => {
    const next = waiting.shift();
    const kept = thread.isEnded() ? undefined : thread;
    if (next !== undefined) next(kept ?? startThread({ timeLimit, memoryLimit }));
    else if (kept === undefined) started -= 1;
    else idle.push(kept);
  };
  const run = async (bytes: Uint8Array): Promise<ReadMail> => {
    const size = bytes.byteLength;
    const thread = await take();
    try {
      return await thread.read(bytes);
    } finally {
      if (size > LARGE) await thread.end();
      giveBack(thread);
    }
  };

  return {
    async read(bytes) {
      if (bytes.byteLength > most) throw new UnreadableMail('too-large');
      const reading = run(bytes);
      running.add(reading);
      return reading.finally(() => running.delete(reading));
    },
    async close() {
      while (running.size > 0) await Promise.allSettled(running);
      await Promise.all(idle.splice(0).map((thread) => thread.end()));
    },
  };
}
