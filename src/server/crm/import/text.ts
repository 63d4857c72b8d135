import { HttpError } from '../../http/errors.ts';

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** The text of a file of unknown encoding: by its mark, by its zeros, as UTF-8 if it is that, else as Windows writes it. */
export function readText(bytes: Uint8Array): { text: string; encoding: Encoding } {
  const encoding = encodingOf(bytes);
  // The decoder drops the mark.
  const text = new TextDecoder(encoding).decode(bytes);
  if (text.includes('\0')) throw unreadable('The file is not text.');
  return { text, encoding };
}

function encodingOf(bytes: Uint8Array): Encoding {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  const start = bytes.subarray(0, 1_000);
  const zeros = (from: number) => start.filter((byte, index) => byte === 0 && index % 2 === from).length;
  if (zeros(1) > start.length / 5) return 'utf-16le';
  if (zeros(0) > start.length / 5) return 'utf-16be';
  return isUtf8(bytes) ? 'utf-8' : 'windows-1252';
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** A file that cannot be read at all, with a sentence for people. */
export function unreadable(sentence: string): HttpError {
  return new HttpError(400, sentence, '0x80048d19');
}
