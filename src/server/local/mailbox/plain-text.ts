// The words of an HTML body, for previews and for readers that ask for text. Not a sanitiser: its result is shown as text only.
const entities = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', ' '],
]);

const decodeEntity = (whole: string, name: string) => {
  if (!name.startsWith('#')) return entities.get(name.toLowerCase()) ?? whole;
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
};

export const plainText = (html: string) =>
  html
    .replace(/<!--[^]*?(-->|$)/g, '')
    .replace(/<(script|style|head|title)\b[^]*?(<\/\1\s*>|$)/gi, ' ')
    .replace(/<(br|\/p|\/div|\/tr|\/h\d|\/li|\/table)\b[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(#x?[0-9a-f]+|[a-z]+);/gi, decodeEntity)
    .replace(/[ \t\u00a0]+/g, ' ')
    .replace(/ *\n */g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();

/** The first 255 characters that a person wrote, in one line: what Outlook shows under the subject. */
export const previewOf = (body: { html: string | null; text: string | null }) =>
  (body.text ?? plainText((body.html ?? '').slice(0, 200_000)))
    .slice(0, 4000)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 255);
