import type { StoredAttachment } from './attachments.ts';

/**
 * An attachment as the Web API takes it, text in the middle of a JSON body: one buffer of that length, filled chunk by chunk,
 * so that the bytes themselves are never in memory beside it.
 */
export async function toBase64({ size, chunks }: StoredAttachment): Promise<string> {
  const text = Buffer.allocUnsafe(Math.ceil(size / 3) * 4);
  let written = 0;
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of chunks()) {
    const bytes = Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % 3);
    written += text.write(bytes.toString('base64', 0, whole), written, 'latin1');
    rest = bytes.subarray(whole);
  }
  written += text.write(Buffer.from(rest).toString('base64'), written, 'latin1');
  return text.toString('latin1', 0, written);
}
