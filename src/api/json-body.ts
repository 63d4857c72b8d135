import { isObject } from '../model/is-object.ts';

/** Bytes of known number, read when they are sent, and again for every repetition. A Blob is one. */
export interface ByteSource {
  readonly size: number;
  stream(): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

export type BodyPart = string | ByteSource;

/**
 * The JSON text of a value in which texts may stand as ByteSource: text that JSON takes as it is, such as base64. Those are never in
 * memory as a whole; the rest is one text, the same as `JSON.stringify` writes.
 */
export function writeJson(value: unknown): string | readonly BodyPart[] {
  const parts: BodyPart[] = [];
  let text = '';
  const write = (each: unknown): void => {
    if (isSource(each)) {
      parts.push(`${text}"`, each);
      text = '"';
    } else if (Array.isArray(each)) {
      each.forEach((item: unknown, index) => {
        text += index === 0 ? '[' : ',';
        write(item ?? null);
      });
      text += each.length === 0 ? '[]' : ']';
    } else if (isObject(each)) {
      text += '{';
      let comma = '';
      for (const [name, member] of Object.entries(each)) {
        if (member === undefined) continue;
        text += `${comma}${JSON.stringify(name)}:`;
        comma = ',';
        write(member);
      }
      text += '}';
    } else text += JSON.stringify(each);
  };
  write(value);
  return parts.length === 0 ? text : [...parts, text];
}

function isSource(value: unknown): value is ByteSource {
  return isObject(value) && typeof value['stream'] === 'function';
}
