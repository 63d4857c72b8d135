import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { isObject } from '../../../model/is-object.ts';
import { SourceError } from '../source.ts';
import { headOf } from '../mime/head.ts';
import { readRange, type MailFile, type MailPath } from './mail-path.ts';
import { splitMbox, unquoteFrom, type Span } from './mbox.ts';
import { digest } from './summary.ts';

/** Where a mail lies, below the mail path: a file by its name without the flags that Maildir writes behind it. */
interface Place {
  readonly file: string;
  /** Within an mbox: where it began when it was told, and a digest of its head, by which it is found if it moved. */
  readonly span?: Span & { readonly head: string };
}

/** `1763718000.M1P2.host:2,RS` is the mail `1763718000.M1P2.host`; some systems write ; or ! for the colon. */
const withoutFlags = (path: string) => path.replace(/[:;!]2,[A-Za-z]*$/, '').replace(/(^|\/)new\//, '$1cur/');

const bytesOfHead = (raw: Uint8Array) => digest(headOf(raw), 12);

export function itemIdOf(
  mail: MailPath,
  file: MailFile,
  part?: { readonly span: Span; readonly head: Uint8Array },
): string {
  const below = relative(mail.path, file.path).split(sep).join('/');
  const place: Place = {
    file: mail.kind === 'Maildir' ? withoutFlags(below) : below,
    ...(part === undefined ? {} : { span: { ...part.span, head: bytesOfHead(part.head) } }),
  };
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

function parseId(itemId: string): Place | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(itemId, 'base64url').toString('utf8'));
    if (!isObject(value) || typeof value['file'] !== 'string') return null;
    const { file, span } = value;
    if (span === undefined) return { file };
    if (!isObject(span) || !Number.isSafeInteger(span['start']) || !Number.isSafeInteger(span['length'])) return null;
    const [start, length, head] = [Number(span['start']), Number(span['length']), String(span['head'])];
    return start < 0 || length < 0 ? null : { file, span: { start, length, head } };
  } catch {
    return null;
  }
}

/** The file's path now: in a Maildir its flags, and whether it is new, stand in its name. */
async function locate(mail: MailPath, { file }: Place): Promise<string | null> {
  // Ids come from outside: nothing above the mail path is a mail.
  if (file.split('/').includes('..') || file.startsWith('/') || file.includes('\0')) return null;
  if (mail.kind !== 'Maildir') return join(mail.path, file);
  const cur = join(mail.path, dirname(file));
  for (const directory of [cur, join(dirname(cur), 'new')]) {
    const names = await readdir(directory).catch(() => []);
    const name = names.find((each) => withoutFlags(each) === basename(file));
    if (name !== undefined) return join(directory, name);
  }
  return null;
}

/** The mail's own bytes; null when it is not there any more. */
export async function readIdentified(mail: MailPath, itemId: string, most: number): Promise<Uint8Array | null> {
  const place = parseId(itemId);
  const path = place && (await locate(mail, place));
  const found = path ? await stat(path).catch(() => null) : null;
  if (!place || !path || !found?.isFile()) return null;
  const demand = (length: number) => {
    if (length > most) throw new SourceError('too-large', `The mail has ${String(length)} bytes.`);
  };
  if (!place.span) {
    demand(found.size);
    return readRange(path, 0, found.size);
  }
  const span = await findSpan(path, found.size, place.span);
  if (!span) return null;
  demand(span.length);
  return unquoteFrom(await readRange(path, span.start, span.length));
}

/** Where it was, or wherever in the file the mail with this head lies since somebody compacted it. */
async function findSpan(path: string, size: number, wanted: Span & { head: string }): Promise<Span | null> {
  const isIt = async ({ start, length }: Span) =>
    bytesOfHead(await readRange(path, start, Math.min(length, 256 * 1024))) === wanted.head;
  if (wanted.start + wanted.length <= size && (await isIt(wanted))) return wanted;
  for await (const span of splitMbox(path, size)) if (await isIt(span)) return span;
  return null;
}
