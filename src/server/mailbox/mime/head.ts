const LF = 10;
const CR = 13;

/** Where the body of a mail begins to be apart from its header: the end of the last header line, without the empty line. */
function headEnd(raw: Uint8Array): number {
  for (let at = raw.indexOf(LF); at >= 0; at = raw.indexOf(LF, at + 1)) {
    const next = raw[at + 1] === CR ? at + 2 : at + 1;
    if (raw[next] === LF) return raw[at - 1] === CR ? at - 1 : at;
  }
  return raw.length;
}

/** Bytes of a mail that a list may need; headers longer than this are cut. */
export const headLimit = 256 * 1024;

/** The header block of a mail, without its body. */
export function headOf(raw: Uint8Array, most = headLimit): Uint8Array {
  if (raw[0] === LF || (raw[0] === CR && raw[1] === LF)) return raw.subarray(0, 0);
  const start = raw.subarray(0, most);
  return start.subarray(0, headEnd(start));
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const western = new TextDecoder('windows-1252');

/**
 * Header bytes as text. Programs that send eight bits without saying which charset mostly mean UTF-8 (RFC 6532), old ones their
 * own; as windows-1252 at least nothing is lost.
 */
function decodeHead(head: Uint8Array): { text: string; isUtf8: boolean } {
  try {
    return { text: utf8.decode(head), isUtf8: true };
  } catch {
    return { text: western.decode(head), isUtf8: false };
  }
}

export interface NormalMail {
  readonly bytes: Uint8Array;
  readonly head: string;
  /** What lies behind the header. */
  readonly body: Uint8Array;
  readonly found: readonly ('bare-cr' | 'eight-bit-header')[];
}

/**
 * Line ends and header bytes as the parser knows them: a mail whose only line ends are bare CR gets LF, and a header in a charset
 * of its own becomes UTF-8.
 */
export function normalizeMail(raw: Uint8Array): NormalMail {
  const isBareCr = !raw.includes(LF) && raw.includes(CR);
  const bytes = isBareCr ? raw.map((byte) => (byte === CR ? LF : byte)) : raw;
  const head = headOf(bytes, bytes.length);
  const { text, isUtf8 } = decodeHead(head);
  const body = bytes.subarray(head.length);
  const found = [...(isBareCr ? ['bare-cr' as const] : []), ...(isUtf8 ? [] : ['eight-bit-header' as const])];
  return { bytes: isUtf8 ? bytes : Buffer.concat([Buffer.from(text), body]), head: text, body, found };
}
