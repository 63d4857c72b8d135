import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { liftFiles } from '../../../src/server/odata/parse/lift-files.ts';

const long = randomBytes(2_000_001);
const base64 = long.toString('base64');

/** What is left of a body that comes in pieces of some size, and what was taken out of it. */
async function lift(body: string, size: number) {
  const files = new Map<string, Buffer | undefined>();
  const bytes = Buffer.from(body);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += size) yield Uint8Array.from(bytes.subarray(at, at + size));
  }
  const begin = async () => {
    const written: Buffer[] = [];
    return {
      async write(piece: Uint8Array) {
        written.push(Buffer.from(piece));
      },
      end(length: number | undefined) {
        const name = `file:${files.size}`;
        files.set(name, length === undefined ? undefined : Buffer.concat(written));
        if (length !== undefined) expect(files.get(name)).toHaveLength(length);
        return name;
      },
    };
  };
  return { left: (await buffer(liftFiles(pieces(), 'body', begin))).toString(), files };
}

const sizes = [1_009, 65_536, 10_000_000];

test.each<[string, (text: string) => string, Buffer | undefined]>([
  ['as it is', (text) => text, long],
  ['with escaped slashes', (text) => text.replaceAll('/', '\\/'), long],
  ['with escaped pluses', (text) => text.replaceAll('+', '\\u002B'), long],
  ['without padding', (text) => text.replace(/=+$/, ''), long],
  [
    'with one sign of padding',
    (text) => `${text.slice(0, 1_000_000)}QUI=`,
    Buffer.concat([long.subarray(0, 750_000), Buffer.from('AB')]),
  ],
  ['padded in the middle', (text) => `${text.slice(0, 1_000_000)}QUI=${text.slice(0, 4)}`, undefined],
  ['padded too much', (text) => `${text.replace(/=+$/, '')}===`, undefined],
  ['with a line break', (text) => `${text.slice(0, 900_000)}\\n${text.slice(900_000)}`, undefined],
  ['with a quote', (text) => `${text.slice(0, 900_000)}\\"${text.slice(900_000)}`, undefined],
  ['with another letter', (text) => `${text.slice(0, 900_000)}ä${text.slice(900_000)}`, undefined],
])('a long text of the property, %s', async (_how, write, expected) => {
  for (const size of sizes) {
    const { left, files } = await lift(`{"a":[1,{ "body" :\n"${write(base64)}" ,"b":"\\""}]}`, size);
    expect(left).toBe('{"a":[1,{ "body" :\n"file:0" ,"b":"\\""}]}');
    expect([...files.keys()]).toEqual(['file:0']);
    expect(files.get('file:0')?.equals(expected ?? long)).toBe(expected === undefined ? undefined : true);
  }
});

test.each([
  ['a short one', `{"body":"${base64.slice(0, 1_000)}\\/"}`],
  ['what is only called so', `{"Body":"${base64}","xbody":"${base64}","bodyx":"${base64}"}`],
  ['a name as long', `["body","${base64}",{"${base64}":"body"}]`],
  ['what the name is of is no text', `{"body":[ "${base64}"], "b":"${base64}"}`],
  ['a text that looks like it', `{"a":"\\"body\\":","b":"\\\\"}`],
])('%s stays', async (_what, body) => {
  for (const size of sizes) expect(await lift(body, size)).toEqual({ left: body, files: new Map() });
});

test('a body that ends too early stays malformed', async () => {
  const { left } = await lift(`{"body":"${base64}`, 65_536);
  expect(left).toBe('{"body":"file:0');
});
