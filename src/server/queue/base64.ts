import type { ByteSource } from '../../api/json-body.ts';
import type { StoredAttachment } from './attachments.ts';

/** An attachment as the Web API takes it, base64 text in the middle of a JSON body: encoded chunk by chunk while it is sent. */
export function toBase64({ size, chunks }: StoredAttachment): ByteSource {
  return { size: Math.ceil(size / 3) * 4, stream: () => encode(chunks()) };
}

async function* encode(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % 3);
    yield Buffer.from(bytes.toString('base64', 0, whole), 'latin1');
    rest = bytes.subarray(whole);
  }
  if (rest.length > 0) yield Buffer.from(Buffer.from(rest).toString('base64'), 'latin1');
}
