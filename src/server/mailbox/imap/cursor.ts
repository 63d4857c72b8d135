import * as v from 'valibot';
import { SourceError } from '../source.ts';
import { formatUids, parseUids, type UidSet } from './uid-set.ts';

/**
 * How far a folder is told. A look at the folder fixes what there is (`next`, `modseq`, `exists`); the pages after it walk up to
 * there (`at`), and what is found on the way and not told yet waits in `todo` and `gone`. When nothing waits, the next page
 * looks again.
 */
export interface FolderState {
  readonly path: string;
  readonly validity: string;
  /** First look only: mails received before (milliseconds) are left out. */
  readonly since: number | null;
  /** UIDs below were told of by earlier looks. */
  readonly seen: number;
  /** UIDNEXT at this look. */
  readonly next: number;
  /** UIDs below are searched by this look. */
  readonly at: number;
  /** HIGHESTMODSEQ of the look before, and of this one; null where the server keeps none (RFC 7162). */
  readonly base: string | null;
  readonly modseq: string | null;
  /** Mails in the folder at this look. */
  readonly exists: number;
  readonly todo: UidSet;
  readonly gone: UidSet;
  /** What was there and what was told as marked, of the newest mails; null where the server tells what vanished. */
  readonly window: { readonly known: UidSet; readonly marked: UidSet } | null;
}

const prefix = 'imap1.';

const uids = v.pipe(
  v.string(),
  v.transform((text) => parseUids(text)),
  v.custom<UidSet>((set) => Array.isArray(set)),
);
const digits = v.pipe(v.string(), v.regex(/^\d{1,20}$/));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const shape = v.object({
  path: v.string(),
  validity: digits,
  since: v.nullable(v.pipe(v.number(), v.safeInteger())),
  seen: count,
  next: count,
  at: count,
  base: v.nullable(digits),
  modseq: v.nullable(digits),
  exists: count,
  todo: uids,
  gone: uids,
  window: v.nullable(v.object({ known: uids, marked: uids })),
});

export function writeCursor(state: FolderState): string {
  const { todo, gone, window } = state;
  const written = {
    ...state,
    todo: formatUids(todo),
    gone: formatUids(gone),
    window: window && { known: formatUids(window.known), marked: formatUids(window.marked) },
  };
  return prefix + Buffer.from(JSON.stringify(written)).toString('base64url');
}

/** Rejects with `cursor-lost` what is no cursor of this folder. */
export function readCursor(cursor: string, path: string): FolderState {
  const state = cursor.startsWith(prefix) ? v.safeParse(shape, readJson(cursor.slice(prefix.length))) : undefined;
  if (state?.success !== true || state.output.path !== path) {
    throw new SourceError('cursor-lost', 'IMAP: this is no cursor of this folder.');
  }
  return state.output;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
