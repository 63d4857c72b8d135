// The thread in which mails are read: whatever a mail does to the parser, it does it here.
import { parentPort } from 'node:worker_threads';
import { readMail, type ReadMail } from './read-mail.ts';

export type Answer =
  { readonly kind: 'ready' } | { readonly kind: 'mail'; readonly mail: ReadMail } | { readonly kind: 'broken' };

const port = parentPort;
if (port === null) throw new Error('This is a thread of createMailReader.');
const answer = (message: Answer, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

port.on('message', (bytes: Uint8Array<ArrayBuffer>) => {
  readMail(bytes).then(
    (mail) => answer({ kind: 'mail', mail }, buffersOf(mail, bytes)),
    () => answer({ kind: 'broken' }),
  );
});
answer({ kind: 'ready' });

/** Handed over, not copied: also the mail's own, where large ones lie. Other small parts may share one, such as Node's own pool. */
function buffersOf({ attachments }: ReadMail, mail: Uint8Array<ArrayBuffer>): ArrayBuffer[] {
  const whole = attachments.filter(
    ({ bytes }) => bytes.byteLength === bytes.buffer.byteLength || bytes.buffer === mail.buffer,
  );
  return [...new Set(whole.map(({ bytes }) => bytes.buffer))].filter((buffer) => buffer instanceof ArrayBuffer);
}
