import { isObject } from '../../../model/is-object.ts';
import { SourceError } from '../source.ts';

export interface FolderCursor {
  readonly folder: string;
  /** All that changed before this was told, epoch milliseconds. */
  readonly from: number;
  /** Marks of what changed since `from` and was told already. */
  readonly told: readonly string[];
  /** During the first pass: older mail is left out, epoch milliseconds. Null afterwards. */
  readonly since: number | null;
  /** How far each mbox file was read, by the mark of its path. */
  readonly boxes: Readonly<Record<string, BoxPosition>>;
}

export interface BoxPosition {
  /** Offset of the separator line to go on with. */
  readonly at: number;
  /** Digest of the bytes before: a file that does not continue what was read is read from its beginning. */
  readonly before: string;
}

const version = 1;

export const firstCursor = (folder: string, since: Date): FolderCursor => ({
  folder,
  from: 0,
  told: [],
  since: since.getTime(),
  boxes: {},
});

export const writeCursor = (cursor: FolderCursor): string => JSON.stringify({ v: version, ...cursor });

/** @throws {SourceError} `cursor-lost` */
export function readCursor(text: string, folder: string): FolderCursor {
  const value = tryParse(text);
  if (isObject(value) && value['v'] === version && value['folder'] === folder) {
    const { from, told, since, boxes } = value;
    const isTold = (each: unknown): each is string[] =>
      Array.isArray(each) && each.every((mark) => typeof mark === 'string');
    if (typeof from === 'number' && isTold(told) && (since === null || typeof since === 'number') && areBoxes(boxes))
      return { folder, from, told, since, boxes };
  }
  throw new SourceError('cursor-lost', 'That is no cursor of this folder.');
}

const areBoxes = (value: unknown): value is Record<string, BoxPosition> =>
  isObject(value) &&
  Object.values(value).every(
    (box) =>
      isObject(box) && Number.isSafeInteger(box['at']) && Number(box['at']) >= 0 && typeof box['before'] === 'string',
  );

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
