import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { piece, toBase64 } from '../../src/sync/base64.ts';

afterEach(() => void jest.restoreAllMocks());

const sizes = [0, 1, 2, 3, 4, piece - 2, piece - 1, piece, piece + 1, piece + 2, 3 * piece, 3 * piece + 2];

/** A stream that fills what it is given by a thousand bytes at most, as browsers do by what has come. */
function trickle(bytes: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    type: 'bytes',
    pull(stream) {
      const some = bytes.slice(at, at + 1_000);
      at += some.length;
      if (some.length > 0) return stream.enqueue(some);
      stream.close();
      stream.byobRequest?.respond(0);
    },
  });
}
const whole = (): ReadableStream<Uint8Array<ArrayBuffer>> => new ReadableStream({ start: (stream) => stream.close() });

describe.each([
  ['fills a buffer of ours little by little', trickle],
  ['brings its own', whole],
])('in a browser that %s', (_name, streamOf) => {
  test.each(sizes)(
    '%d bytes become what Node makes of them, and nothing is longer than that of one piece',
    async (size) => {
      const held: number[] = [];
      const RealBlob = globalThis.Blob;
      const bytes = Uint8Array.from(randomBytes(size));
      const given = new RealBlob([bytes]);
      jest.spyOn(given, 'stream').mockImplementation(() => streamOf(bytes));
      jest.spyOn(globalThis, 'Blob').mockImplementation((parts = [], options) => {
        for (const part of parts) if (!(part instanceof RealBlob)) held.push(Buffer.from(part as Uint8Array).length);
        return new RealBlob(parts, options);
      });
      const text = await toBase64(given);
      expect(await text.text()).toBe(Buffer.from(bytes).toString('base64'));
      expect(Math.max(0, ...held)).toBeLessThanOrEqual((piece / 3) * 4);
    },
  );
});
