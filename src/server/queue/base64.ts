import type { ByteSource } from '../../api/json-body.ts';
import { release } from '../db/release.ts';
import type { StoredAttachment } from './attachments.ts';

/** An attachment as the Web API takes it, base64 text in the middle of a JSON body: encoded piece by piece while it is sent. */
export function toBase64({ size, chunks }: StoredAttachment): ByteSource {
  return { size: Math.ceil(size / 3) * 4, stream: () => encode(chunks()) };
}

/**
 * Bytes encoded at once. Their text is small enough to lie in the part of the heap that is collected often, and what was made of it
 * goes with it: of an attachment of 50 MB, encoded a megabyte at a time, 60 MB lay about.
 */
const piece = 48 * 1024;

/** What is sent is in the hands of the connection for as long as it likes, so each piece has memory of its own. */
async function* encode(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const bytes = Buffer.allocUnsafeSlow(piece + 2);
  let length = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += piece) {
      const next = chunk.subarray(at, at + piece);
      bytes.set(next, length);
      length += next.length;
      const whole = length - (length % 3);
      yield Buffer.from(bytes.toString('base64', 0, whole), 'latin1');
      bytes.copyWithin(0, whole, length);
      length -= whole;
    }
    release(chunk);
  }
  if (length > 0) yield Buffer.from(bytes.toString('base64', 0, length), 'latin1');
}
