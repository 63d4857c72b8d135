// The thread in which mails are read: whatever a mail does to the parser, it does it here.
import { parentPort } from 'node:worker_threads';
import { readMail, type ReadMail } from './read-mail.ts';

export type Answer =
  { readonly kind: 'ready' } | { readonly kind: 'mail'; readonly mail: ReadMail } | { readonly kind: 'broken' };

const port = parentPort;
if (port === null) throw new Error('This is a thread of createMailReader.');
const answer = (message: Answer, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

port.on('message', (bytes: Uint8Array) => {
  readMail(bytes).then(
    (mail) => answer({ kind: 'mail', mail }, buffersOf(mail)),
    () => answer({ kind: 'broken' }),
  );
});
answer({ kind: 'ready' });

/** Handed over, not copied. Small parts may share one, and Node's own pool cannot be given away. */
function buffersOf({ attachments }: ReadMail): ArrayBuffer[] {
  const whole = attachments.filter(({ bytes }) => bytes.byteLength === bytes.buffer.byteLength);
  return [...new Set(whole.map(({ bytes }) => bytes.buffer))].filter((buffer) => buffer instanceof ArrayBuffer);
}
