/**
 * Gives the memory of bytes back that nobody needs any more, once they were copied or sent: what lies outside the garbage
 * collector's heap it does not hurry for, and of an upload of 50 MB as much would lie about. Small ones are left alone, and those
 * that share their memory: no bytes of Node's pool are as much as half of it.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && byteLength >= worthwhile && byteLength * 2 > buffer.byteLength)
    buffer.transfer(0);
}

const worthwhile = 16 * 1024;
