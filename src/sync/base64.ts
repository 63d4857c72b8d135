/** Bytes a call of String.fromCharCode takes as arguments without overflowing the stack. A multiple of three, so pieces join. */
const few = 0x6000;

/** Bytes read at once, and the longest text that is in memory for them: also a multiple of three. */
export const piece = 32 * few;

/** RFC 4648 section 4, as a text that the browser keeps where it keeps Blobs: the whole of it is never in this page's memory. */
export async function toBase64(bytes: Blob): Promise<Blob> {
  const pieces: Blob[] = [];
  for (let at = 0; at < bytes.size; at += piece)
    pieces.push(new Blob([encode(new Uint8Array(await bytes.slice(at, at + piece).arrayBuffer()))]));
  return new Blob(pieces);
}

function encode(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += few) text += btoa(String.fromCharCode(...bytes.subarray(at, at + few)));
  return text;
}
