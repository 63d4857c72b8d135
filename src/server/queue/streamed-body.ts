import type { JoinedBody } from '../../api/http.ts';
import type { BodyPart, ByteSource } from '../../api/json-body.ts';

/** A body that is read while it is sent, with its length: not everything between us and a CRM takes one without. */
export function joinStreams(parts: readonly BodyPart[]): JoinedBody {
  const whole = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
  const length = whole.reduce((sum, part) => sum + (Buffer.isBuffer(part) ? part.length : part.size), 0);
  return {
    body: streamOf(read(whole)),
    duplex: 'half',
    headers: { 'content-length': String(length) },
  };
}

function streamOf(pieces: AsyncGenerator<Uint8Array<ArrayBuffer>, void>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await pieces.return();
    },
  });
}

async function* read(
  parts: readonly (Buffer<ArrayBuffer> | ByteSource)[],
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  for (const part of parts) {
    if (Buffer.isBuffer(part)) yield part;
    else yield* part.stream();
  }
}
