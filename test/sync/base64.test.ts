import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { piece, toBase64 } from '../../src/sync/base64.ts';

afterEach(() => void jest.restoreAllMocks());

const sizes = [0, 1, 2, 3, 4, piece - 2, piece - 1, piece, piece + 1, piece + 2, 3 * piece, 3 * piece + 2];

describe.each([
  ['fills a buffer of ours', true],
  ['brings its own', false],
])('in a browser that %s', (_name, fillsOurs) => {
  test.each(sizes)(
    '%d bytes become what Node makes of them, and nothing is longer than that of one piece',
    async (size) => {
      const held: number[] = [];
      const RealBlob = globalThis.Blob;
      const bytes = randomBytes(size);
      const given = new RealBlob([bytes]);
      if (!fillsOurs)
        jest.spyOn(given, 'stream').mockImplementation(() => new ReadableStream({ start: (stream) => stream.close() }));
      jest.spyOn(globalThis, 'Blob').mockImplementation((parts = [], options) => {
        for (const part of parts) if (!(part instanceof RealBlob)) held.push(Buffer.from(part as Uint8Array).length);
        return new RealBlob(parts, options);
      });
      const text = await toBase64(given);
      expect(await text.text()).toBe(bytes.toString('base64'));
      expect(Math.max(0, ...held)).toBeLessThanOrEqual((piece / 3) * 4);
    },
  );
});
