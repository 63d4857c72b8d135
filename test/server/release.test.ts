import { describe, expect, test } from '@jest/globals';
import { release } from '../../src/server/db/release.ts';

describe('giving memory back', () => {
  const half = new Uint8Array(200_000).subarray(0, 100_000);
  test.each([
    ['bytes of their own', new Uint8Array(100_000), 0],
    ['a message in a buffer somewhat larger', new Uint8Array(100_000).subarray(0, 99_000), 0],
    ['the half of somebody else’s', half, 100_000],
    ['few bytes', new Uint8Array(100), 100],
    ['bytes of the pool', Buffer.allocUnsafe((Buffer.poolSize >>> 1) - 1), (Buffer.poolSize >>> 1) - 1],
    ['memory that threads share', new Uint8Array(new SharedArrayBuffer(100_000)), 100_000],
  ])('%s', (_name, bytes, left) => {
    release(bytes);
    expect(bytes.byteLength).toBe(left);
  });
});
