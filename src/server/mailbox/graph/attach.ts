// Files of a draft: https://learn.microsoft.com/graph/outlook-large-attachments
import { isObject } from '../../../model/is-object.ts';
import { SourceError, type LetterFile } from '../source.ts';
import type { MailboxParts } from './folders.ts';
import type { GraphAnswer } from './graph-door.ts';
import { toSourceError } from './graph-error.ts';
import { immutableIds } from './immutable-ids.ts';

export interface AttachParts extends MailboxParts {
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Milliseconds since 1970; nothing is begun after it. */
  readonly deadline: number;
}

/** Smaller files are attached with one request; an upload session is refused for them. */
const sessionsFrom = 3_000_000;
/** Of one PUT, which takes up to 4 MB: as Microsoft's own clients cut a file, in multiples of 320 KiB. */
const range = 12 * 320 * 1024;
const putWithin = 2 * 60_000;
const mostTries = 4;
/** Who is told to wait longer does it outside of this run, milliseconds. */
const longestPause = 60_000;
const mostPages = 30;

/**
 * Attaches a file, once: after any answer that did not come the draft is asked whether it has the file, before it is begun again.
 * @param path of the draft, below the mailbox
 * @param before files that the draft has
 */
export async function attach(parts: AttachParts, path: string, file: LetterFile, before: number): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      if (parts.now() > parts.deadline)
        throw new SourceError('unavailable', 'The files could not be uploaded in time.');
      return await (file.size < sessionsFrom ? post(parts, path, file) : upload(parts, path, file));
    } catch (error) {
      if (!(error instanceof SourceError) || error.code === 'too-large') throw error;
      await rest(parts, error, tried);
      if ((await countFiles(parts, path)) > before) return;
      if (tried === mostTries || parts.now() > parts.deadline) throw error;
    }
  }
}

/** @throws what is given, when the wait is too long */
export async function rest({ pause }: Pick<AttachParts, 'pause'>, error: SourceError, tried: number): Promise<void> {
  const wait = error.retryAfter ?? 500 * 2 ** tried;
  if (wait > longestPause) throw error;
  await pause(wait);
}

/** How many files a draft has, those shown within its text too. */
export async function countFiles({ door, home }: MailboxParts, path: string): Promise<number> {
  let count = 0;
  let next: string | URL | null = `${home}${path}/attachments?$select=id&$top=100`;
  for (let page = 0; next !== null && page < mostPages; page += 1) {
    const answer: Record<string, unknown> | null = await door.json(next, { headers: { prefer: immutableIds } });
    const value = answer?.['value'];
    if (!Array.isArray(value)) throw new SourceError('unavailable', 'Graph does not say which files the draft has.');
    count += value.length;
    next = door.linkOf(answer?.['@odata.nextLink']);
  }
  return count;
}

async function post({ door, home }: MailboxParts, path: string, file: LetterFile): Promise<void> {
  const bytes = file.size === 0 ? new Uint8Array() : await file.read(0, file.size);
  await door.json(`${home}${path}/attachments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: immutableIds },
    body: JSON.stringify({
      '@odata.type': '#microsoft.graph.fileAttachment',
      ...{ name: file.name, contentType: file.contentType, ...inlineOf(file) },
      contentBytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
    }),
    within: putWithin,
  });
}

const inlineOf = ({ contentId }: LetterFile) => (contentId === null ? {} : { isInline: true, contentId });

async function upload(parts: AttachParts, path: string, file: LetterFile): Promise<void> {
  const url = await openSession(parts, path, file);
  if (url === null) return post(parts, path, file);
  let stalls = 0;
  for (let at = 0; at < file.size;) {
    const next = await put(parts, url, file, at, stalls);
    if (next > file.size || (stalls = next > at ? 0 : stalls + 1) > mostTries)
      throw new SourceError('unavailable', 'The upload does not go on.');
    at = next;
  }
}

/** @returns where the bytes go; null when Graph finds the file too small for that, wherever its limit is */
async function openSession({ door, home }: MailboxParts, path: string, file: LetterFile): Promise<unknown> {
  const { name, contentType, size } = file;
  const isSmall = ({ code }: { code: string }) => code === 'ErrorAttachmentSizeShouldNotBeLessThanMinimumSize';
  const session = await door.json(
    `${home}${path}/attachments/createUploadSession`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: immutableIds },
      body: JSON.stringify({
        AttachmentItem: { attachmentType: 'file', name, contentType, size, ...inlineOf(file) },
      }),
    },
    isSmall,
  );
  return session === null ? null : (session['uploadUrl'] ?? '');
}

/** @returns what is expected next: the file's size when it is there */
async function put(parts: AttachParts, url: unknown, file: LetterFile, at: number, stalls: number): Promise<number> {
  if (parts.now() > parts.deadline) throw new SourceError('unavailable', 'The files could not be uploaded in time.');
  const bytes = await file.read(at, Math.min(range, file.size - at));
  const end = at + bytes.byteLength;
  try {
    const answer = await parts.door.askUpload(url, {
      method: 'PUT',
      headers: {
        'content-type': 'application/octet-stream',
        'content-range': `bytes ${String(at)}-${String(end - 1)}/${String(file.size)}`,
      },
      body: new Uint8Array(bytes),
      within: putWithin,
    });
    // A range that is there already, or is not its turn.
    if ('refusal' in answer && answer.refusal.status === 416) return expectedNext(await parts.door.askUpload(url, {}));
    if ('bytes' in answer && answer.status === 201) return file.size;
    return expectedNext(answer, end);
  } catch (error) {
    if (!(error instanceof SourceError) || error.code === 'too-large') throw error;
    if (error.code !== 'unavailable' && error.code !== 'throttled')
      // That a session is over, or its token, says nothing of the mailbox.
      throw new SourceError('unavailable', `The upload cannot go on. ${error.message}`, { cause: error });
    // Whether the range came shows when it is sent again.
    await rest(parts, error, stalls);
    return at;
  }
}

/** Both spellings occur: microsoftgraph/msgraph-sdk-serviceissues, issue 39. */
function expectedNext(answer: GraphAnswer, otherwise?: number): number {
  if ('refusal' in answer) throw toSourceError(answer.refusal);
  const body = parse(answer.bytes);
  const ranges = isObject(body) ? (body['nextExpectedRanges'] ?? body['NextExpectedRanges']) : undefined;
  const next = /^(\d{1,12})(?:-|$)/.exec(Array.isArray(ranges) ? String(ranges[0]) : '')?.[1] ?? otherwise;
  if (next === undefined) throw new SourceError('unavailable', 'Graph does not say which bytes are missing.');
  return Number(next);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}
