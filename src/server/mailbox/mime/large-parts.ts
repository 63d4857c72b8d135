import { randomBytes } from 'node:crypto';
import type { Attachment } from 'postal-mime';

/** Bytes of base64 above which a part is kept from the parser, which would hold four copies of it. */
const large = 256 * 1024;
/** Bytes of a line and of a part's header, from its encoding on, that are looked at. */
const longestLine = 200;
const longestHeader = 16 * 1024;

const mention = Buffer.from('base64');
const declared = /^content-transfer-encoding:[ \t]*base64[ \t]*\r?$/i;
const [CHARACTER, PADDING, LINE_END] = [1, 2, 3];
const kinds = new Uint8Array(256);
for (const byte of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'))
  kinds[byte] = CHARACTER;
for (const [text, kind] of [
  ['=', PADDING],
  ['\r', LINE_END],
  ['\n', LINE_END],
] as const)
  kinds[text.charCodeAt(0)] = kind;

/** Where the text of a part lies in the mail, and what stands for it meanwhile: bytes that nobody could have written there. */
export interface LargePart {
  readonly start: number;
  readonly end: number;
  readonly mark: Buffer;
}

/** What looks like a large part in base64; only the parser knows what it is. Every byte is looked at once, however the mail is made. */
export function findLargeParts(raw: Uint8Array): LargePart[] {
  const mail = viewOf(raw);
  const parts: LargePart[] = [];
  for (let at = mail.indexOf(mention); at >= 0;) {
    const { start, end } = bodyAfter(mail, at);
    if (end - start >= large && isBase64(mail, start, end)) parts.push({ start, end, mark: randomBytes(24) });
    at = mail.indexOf(mention, end);
  }
  return parts;
}

/** The mail with marks, in base64 as well, in the place of these parts. */
export function withMarks(raw: Uint8Array, parts: readonly LargePart[]): Uint8Array {
  if (parts.length === 0) return raw;
  const kept: Uint8Array[] = [];
  let at = 0;
  for (const { start, end, mark } of parts) {
    kept.push(raw.subarray(at, start), Buffer.from(mark.toString('base64')));
    at = end;
  }
  return Buffer.concat([...kept, raw.subarray(at)]);
}

/** The attachments that a mark is all of: the others' parts are no attachments, or not as a whole. */
export function ownersOf(
  parts: readonly LargePart[],
  attachments: readonly Attachment[],
): ReadonlyMap<LargePart, Attachment> {
  const owners = new Map<LargePart, Attachment>();
  for (const part of parts) {
    const owner = attachments.find(({ content }) => isMark(content, part.mark));
    if (owner !== undefined) owners.set(part, owner);
  }
  return owners;
}

/** The body of the part whose header says base64 at `at`; empty, and where to look on, when it is none. */
function bodyAfter(mail: Buffer, at: number): { start: number; end: number } {
  const from = Math.max(0, at - longestLine);
  const line = mail.toString('latin1', from, at + mention.length + longestLine);
  const begin = line.lastIndexOf('\n', at - from) + 1;
  const stop = line.indexOf('\n', at - from);
  const next = at + mention.length;
  if (stop < 0 || !declared.test(line.slice(begin, stop))) return { start: next, end: next };
  const header = mail.subarray(from + stop, next + longestHeader);
  const [blank] = [header.indexOf('\n\r\n') + 3, header.indexOf('\n\n') + 2]
    .filter((end) => end > 2)
    .sort((a, b) => a - b);
  if (blank === undefined) return { start: next + longestHeader, end: next + longestHeader };
  const start = from + stop + blank;
  const boundary = mail.indexOf('\n--', start);
  return { start, end: boundary < 0 ? mail.length : boundary };
}

/** Lines of nothing but base64, padded at their very end if at all: all decoders make the same of it. */
function isBase64(mail: Buffer, start: number, end: number): boolean {
  let isPadded = false;
  for (let at = start; at < end; at += 1) {
    const kind = kinds[mail[at] ?? 0];
    if (kind === PADDING) isPadded = true;
    else if (kind !== LINE_END && (kind !== CHARACTER || isPadded)) return false;
  }
  return true;
}

function isMark(content: Attachment['content'], mark: Buffer): boolean {
  return typeof content !== 'string' && content.byteLength === mark.length && mark.equals(asBytes(content));
}

function asBytes(content: ArrayBuffer | Uint8Array): Uint8Array {
  return content instanceof Uint8Array ? content : new Uint8Array(content);
}

/** Characters decoded at once: a multiple of four, and texts so short that they are gone with the next scavenge. */
const piece = 48 * 1024;

/**
 * The bytes of a part, in the place where their text lay: of a large mail nothing is in memory beside itself. Afterwards it is no
 * mail any more.
 */
export function decodeInPlace(raw: Uint8Array<ArrayBuffer>, { start, end }: LargePart): Uint8Array<ArrayBuffer> {
  const mail = viewOf(raw);
  let written = start;
  let rest = '';
  for (let at = start; at < end; at += piece) {
    const text = rest + mail.toString('latin1', at, Math.min(at + piece, end)).replace(/[\r\n]+/g, '');
    const whole = at + piece < end ? text.length - (text.length % 4) : text.length;
    // What is written never reaches what is still to be read: three bytes take the place of four.
    written += mail.write(text.slice(0, whole), written, 'base64');
    rest = text.slice(whole);
  }
  return raw.subarray(start, written);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
