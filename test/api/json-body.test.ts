import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { writeJson } from '../../src/api/json-body.ts';

const asText = async (body: ReturnType<typeof writeJson>): Promise<string> =>
  typeof body === 'string' ? body : new Blob(body as Blob[]).text();

/** A value beside the same with each Blob written out. */
type Twins = { readonly parts: unknown; readonly plain: unknown };

const leaf = fc.oneof(
  fc
    .oneof(fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.constant(null), fc.constant(undefined))
    .map((value): Twins => ({ parts: value, plain: value })),
  fc.base64String().map((text): Twins => ({ parts: new Blob([text]), plain: text })),
);

const { value } = fc.letrec<{ value: Twins }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value')).map((items) => ({
      parts: items.map(({ parts }) => parts),
      plain: items.map(({ plain }) => plain),
    })),
    fc.array(fc.tuple(fc.string({ unit: 'binary' }), tie('value'))).map((members) => ({
      parts: Object.fromEntries(members.map(([name, { parts }]) => [name, parts])),
      plain: Object.fromEntries(members.map(([name, { plain }]) => [name, plain])),
    })),
  ),
}));

describe('a body with attachments', () => {
  test('is byte for byte what JSON.stringify makes of it', () =>
    fc.assert(
      fc.asyncProperty(value, async ({ parts, plain }) => {
        const wrapped = { Attachments: parts };
        expect(await asText(writeJson(wrapped))).toBe(JSON.stringify({ Attachments: plain }));
      }),
    ));

  test('is a text where nothing is attached, and where something is no part of it is read', () => {
    expect(writeJson({ Subject: 'Order "17"', Attachments: [] })).toBe('{"Subject":"Order \\"17\\"","Attachments":[]}');
    const unread = {
      size: 4,
      stream: (): never => {
        throw new Error('It is read when it is sent.');
      },
    };
    const body = writeJson({ Attachments: [{ filename: 'a', body: unread }], Last: 1 });
    expect(body).toEqual(['{"Attachments":[{"filename":"a","body":"', unread, '"}],"Last":1}']);
  });
});
