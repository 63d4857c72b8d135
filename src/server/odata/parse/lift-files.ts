import { release } from '../../db/release.ts';

/** Where the bytes of one text go. */
export interface Lifted {
  write(piece: Uint8Array): Promise<void>;
  /** @returns what stands for the text in the body; `size` is undefined for what was no base64 after all */
  end(size: number | undefined): string;
}

/** A text up to so many characters stays where it is. */
const SHORT = 256 * 1024;
/** A multiple of three. */
const PIECE = 768 * 1024;
/** Characters decoded at once: their bytes fit into a piece. */
const RUN = 64 * 1024;

const QUOTE = 34;
const BACKSLASH = 92;

/**
 * A body of JSON on its way in, in which the long values of one property, base64 text, are replaced by what stands for them: their
 * bytes are written down piece by piece, and the whole is never in memory. Whether the rest is JSON is for its reader to find out.
 * What comes in is released.
 */
export async function* liftFiles(
  body: AsyncIterable<Uint8Array>,
  property: string,
  begin: () => Promise<Lifted>,
): AsyncGenerator<Buffer, void> {
  // The text that was read last and what follows it: `"body" :` means that a value of the property comes.
  const [end, seen] = [createEnd(), { name: '', gap: '' }];
  let file: LongText | undefined;
  let inText = false;
  for await (const given of body) {
    const chunk = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
    const kept: Buffer[] = [];
    for (let at = 0; at < chunk.length;) {
      const quote = inText ? end.find(chunk, at) : chunk.indexOf(QUOTE, at);
      const part = chunk.subarray(at, quote < 0 ? chunk.length : quote);
      at += part.length + 1;
      if (file !== undefined) await file.add(part);
      else kept.push(part);
      if (!inText) seen.gap = (seen.gap + part.toString('latin1', 0, 20)).slice(0, 20);
      else if (seen.name.length <= property.length) seen.name += part.toString('latin1', 0, property.length + 1);
      if (quote < 0) continue;
      if (file !== undefined) kept.push(await file.end());
      kept.push(chunk.subarray(quote, quote + 1));
      inText = !inText;
      file = inText && seen.name === property && seen.gap.trim() === ':' ? new LongText(begin) : undefined;
      if (inText) seen.name = '';
      else seen.gap = '';
    }
    if (kept.length > 0) yield Buffer.concat(kept);
    release(given);
  }
  if (file !== undefined) yield await file.end();
}

/** Finds where a text ends that comes in several chunks. */
function createEnd() {
  let escaped = false;
  return {
    find(chunk: Uint8Array, from: number): number {
      for (let at = from; at < chunk.length; at += 1) {
        const code = chunk[at];
        if (escaped) escaped = false;
        else if (code === QUOTE) return at;
        else if (code === BACKSLASH) escaped = true;
      }
      return -1;
    },
  };
}

class LongText {
  readonly #begin: () => Promise<Lifted>;
  #short: Buffer[] | undefined = [];
  #lifted: Lifted | undefined;
  /** An escape, or less than four characters, that are not complete. */
  #rest = '';
  #padding = 0;
  #isBase64 = true;
  readonly #piece = { bytes: Buffer.alloc(0), length: 0 };
  #size = 0;

  constructor(begin: () => Promise<Lifted>) {
    this.#begin = begin;
  }

  async add(part: Buffer): Promise<void> {
    if (this.#short === undefined) return this.#decodeAll(part);
    this.#short.push(Buffer.from(part));
    if (this.#short.reduce((sum, { length }) => sum + length, 0) <= SHORT) return;
    const held = this.#short;
    this.#short = undefined;
    this.#lifted = await this.#begin();
    this.#piece.bytes = Buffer.allocUnsafeSlow(PIECE);
    for (const each of held) await this.#decodeAll(each);
  }

  /** @returns the text as it came, or what stands for it */
  async end(): Promise<Buffer> {
    if (this.#lifted === undefined) return Buffer.concat(this.#short ?? []);
    this.#isBase64 &&= !this.#rest.includes('\\');
    this.#put(this.#rest);
    await this.#flush();
    return Buffer.from(this.#lifted.end(this.#isBase64 ? this.#size : undefined));
  }

  async #decodeAll(part: Buffer): Promise<void> {
    for (let at = 0; at < part.length && this.#isBase64; at += RUN) {
      if (this.#piece.length + RUN > PIECE) await this.#flush();
      this.#decode(this.#rest + part.toString('latin1', at, at + RUN));
    }
  }

  /** Lenient about the end, as Node is: padding may be missing. */
  #decode(given: string): void {
    const cut = /\\(?:u[\da-f]{0,3})?$/i.exec(given)?.index ?? given.length;
    const [text, padding] = splitPadding(given.slice(0, cut).replace(/\\(?:u([\da-f]{4})|(.))/gis, unescaped));
    this.#isBase64 = text !== undefined && (text === '' || this.#padding === 0) && this.#padding + padding <= 2;
    if (text === undefined || !this.#isBase64) return;
    this.#padding += padding;
    const whole = padding > 0 ? text.length : text.length - (text.length % 4);
    this.#put(text.slice(0, whole));
    this.#rest = text.slice(whole) + given.slice(cut);
  }

  #put(base64: string): void {
    this.#piece.length += this.#piece.bytes.write(base64, this.#piece.length, 'base64');
  }

  async #flush(): Promise<void> {
    const { bytes, length } = this.#piece;
    if (length > 0) await this.#lifted?.write(bytes.subarray(0, length));
    this.#size += length;
    this.#piece.length = 0;
  }
}

/** Some escape the slash, others the plus. */
function unescaped(_whole: string, code: string | undefined, plain: string | undefined): string {
  return code === undefined ? (plain === '/' ? plain : '!') : String.fromCharCode(parseInt(code, 16));
}

function splitPadding(text: string): [text: string | undefined, padding: number] {
  const match = /^([A-Za-z0-9+/]*)(=*)$/.exec(text);
  return [match?.[1], match?.[2]?.length ?? 0];
}
