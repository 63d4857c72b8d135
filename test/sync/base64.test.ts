import { afterEach, expect, jest, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { piece, toBase64 } from '../../src/sync/base64.ts';

afterEach(() => void jest.restoreAllMocks());

test.each([0, 1, 2, 3, 4, piece - 2, piece - 1, piece, piece + 1, piece + 2, 3 * piece, 3 * piece + 2])(
  '%d bytes become what Node makes of them, and no text is longer than that of one piece',
  async (size) => {
    const texts: number[] = [];
    const RealBlob = globalThis.Blob;
    const bytes = randomBytes(size);
    const given = new RealBlob([bytes]);
    jest.spyOn(globalThis, 'Blob').mockImplementation((parts = [], options) => {
      for (const part of parts) if (typeof part === 'string') texts.push(part.length);
      return new RealBlob(parts, options);
    });
    const text = await toBase64(given);
    expect(await text.text()).toBe(bytes.toString('base64'));
    expect(Math.max(0, ...texts)).toBeLessThanOrEqual((piece / 3) * 4);
  },
);
