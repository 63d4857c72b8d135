/** Bytes a call of String.fromCharCode takes as arguments without overflowing the stack. A multiple of three, so pieces join. */
const piece = 0x6000;

/** RFC 4648 section 4, in pieces: one string of 20 million arguments would overflow the stack. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += piece) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + piece)));
  }
  return text;
}
