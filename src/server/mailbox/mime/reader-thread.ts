import { isMarkedAsUntransferable, Worker } from 'node:worker_threads';
import type { Answer } from './mail-worker.ts';
import type { ReadMail } from './read-mail.ts';

export type UnreadableCode = 'too-large' | 'too-slow' | 'too-much-memory' | 'broken';

/** The mail is at fault, and will be again. */
export class UnreadableMail extends Error {
  override readonly name = 'UnreadableMail';
  readonly code: UnreadableCode;
  constructor(code: UnreadableCode) {
    super(`The mail cannot be read: ${code}.`);
    this.code = code;
  }
}

/** One thread, one mail at a time. Ended once it broke a limit, or died: then another is to be started. */
export interface ReaderThread {
  readonly isEnded: () => boolean;
  read(bytes: Uint8Array): Promise<ReadMail>;
  end(): Promise<void>;
}

export interface ThreadLimits {
  /** Milliseconds for one mail, and as many again for each 20 MB that it has. */
  readonly timeLimit: number;
  /** MB of heap; bytes of attachments lie beside it. */
  readonly memoryLimit: number;
}

/** Bytes; see `timeLimit`. */
const SLICE = 20 * 1024 * 1024;

export function startThread({ timeLimit, memoryLimit }: ThreadLimits): ReaderThread {
  const worker = new Worker(new URL('./mail-worker.ts', import.meta.url), {
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: memoryLimit, maxYoungGenerationSizeMb: 16 },
  });
  // A thread that has nothing to read keeps no process alive.
  worker.unref();
  let becomeReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });
  let ended = false;
  let settle: ((outcome: ReadMail | UnreadableCode) => void) | undefined;

  const fall = (code: UnreadableCode) => {
    ended = true;
    becomeReady();
    settle?.(code);
  };
  worker.on('message', (answer: Answer) => {
    if (answer.kind === 'ready') becomeReady();
    else settle?.(answer.kind === 'mail' ? answer.mail : 'broken');
  });
  worker.on('error', (error) => fall(isOutOfMemory(error) ? 'too-much-memory' : 'broken'));
  worker.on('messageerror', () => fall('broken'));
  worker.on('exit', () => fall('broken'));

  const end = async () => {
    ended = true;
    await worker.terminate();
  };

  const read = async (bytes: Uint8Array): Promise<ReadMail> => {
    worker.ref();
    await ready;
    if (ended) throw new UnreadableMail('broken');
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          fall('too-slow');
          void end();
        },
        timeLimit * (1 + bytes.byteLength / SLICE),
      );
      settle = (outcome) => {
        settle = undefined;
        clearTimeout(timer);
        worker.unref();
        if (typeof outcome === 'string') reject(new UnreadableMail(outcome));
        else resolve(outcome);
      };
      worker.postMessage(bytes, transferable(bytes));
    });
  };
  return { isEnded: () => ended, read, end };
}

/** Only a buffer that is all this mail's own can be given away. */
function transferable({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && !isMarkedAsUntransferable(buffer);
  return isOwn ? [buffer] : [];
}

function isOutOfMemory(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}
