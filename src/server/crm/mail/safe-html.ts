import sanitizeHtml from 'sanitize-html';

/**
 * What cleaning may cost. It takes up to 5 µs for a tag and 2 for each of its attributes, styles and entities, whatever the
 * length: this many are a hundred milliseconds, in which the server answers nobody else. Pictures inside a mail cost little.
 */
const MOST_MARKS = 30_000;

/** The body without anything that runs, asks, or tells the sender that it was read; of one that is too intricate only the text. */
export function safeHtml(html: string): string {
  return isIntricate(html) ? textOf(html) : clean(html);
}

function isIntricate(html: string): boolean {
  let marks = 0;
  for (let at = 0; at < html.length && marks <= MOST_MARKS; at += 1) {
    const char = html.charCodeAt(at);
    if (char === 0x3c) marks += 2;
    // Also the braces and comments of styles: a megabyte of either inside one tag takes seconds, or minutes.
    else if (char === 0x26 || char === 0x3b || char === 0x3d || char === 0x7b || char === 0x2a) marks += 1;
  }
  return marks > MOST_MARKS;
}

/** A tag that begins a line, one whose inside is not shown, a comment, or any other tag. */
const TAG =
  /<(?:(\/?(?:br|p|div|tr|li|h[1-6]|blockquote|table)\b)|((?:script|style|title|textarea|xmp|noscript|iframe)\b)|(!--)|[a-z/!?])/iy;
const UNSEEN_END = /<\/(?:script|style|title|textarea|xmp|noscript|iframe)\b/gi;
/** What is behind so many tags is left out: they are a hundred milliseconds as well. */
const MOST_TAGS = 200_000;

/** In one pass, without going back: every `<` that comes out is one of our own, so nothing that comes out is a tag of the mail. */
function textOf(html: string): string {
  let text = '';
  let at = 0;
  for (let tags = 0; at >= 0 && at < html.length; tags += 1) {
    const open = tags < MOST_TAGS ? html.indexOf('<', at) : -1;
    const end = open < 0 && tags < MOST_TAGS ? html.length : open;
    text += html.slice(at, Math.max(end, at));
    if (open < 0) break;
    TAG.lastIndex = open;
    const [, line, unseen, comment] = TAG.exec(html) ?? [];
    if (TAG.lastIndex === 0) {
      text += '&lt;';
      at = open + 1;
      continue;
    }
    if (line !== undefined) text += '<br />';
    at = unseen === undefined ? behind(html, comment === undefined ? '>' : '-->', open) : unseenEnd(html, open);
  }
  return text;
}

/** Below zero where it is missing. */
function behind(html: string, end: string, from: number): number {
  const found = html.indexOf(end, from + 1);
  return found < 0 ? found : found + end.length;
}

function unseenEnd(html: string, from: number): number {
  UNSEEN_END.lastIndex = from;
  return UNSEEN_END.exec(html)?.index ?? -1;
}

function clean(html: string): string {
  return sanitizeHtml(html, {
    allowedTags: [...sanitizeHtml.defaults.allowedTags, 'img', 'font', 'center'].filter((tag) => tag !== 'form'),
    allowedAttributes: {
      '*': [
        'style',
        'align',
        'valign',
        'width',
        'height',
        'bgcolor',
        'color',
        'dir',
        'lang',
        'title',
        'colspan',
        'rowspan',
        'cellpadding',
        'cellspacing',
        'border',
      ],
      a: ['href', 'name', 'rel'],
      img: ['src', 'alt', 'width', 'height'],
    },
    allowedSchemes: ['http', 'https', 'mailto', 'tel'],
    // Pictures come with the mail or not at all: one from the web tells its server who reads, and when.
    allowedSchemesByTag: { img: ['cid', 'data'] },
    allowProtocolRelative: false,
    allowedStyles: {
      '*': Object.fromEntries(
        styles.map((name) => [name, [/^(?!.*(?:url|expression|image-set)\s*\()[^;{}<>]{0,200}$/i]]),
      ),
    },
    transformTags: { a: sanitizeHtml.simpleTransform('a', { rel: 'noopener noreferrer nofollow' }) },
  });
}

const styles = [
  'color',
  'background-color',
  'font-family',
  'font-size',
  'font-style',
  'font-weight',
  'text-align',
  'text-decoration',
  'line-height',
  'vertical-align',
  'white-space',
  'width',
  'max-width',
  'height',
  'margin',
  'margin-top',
  'margin-right',
  'margin-bottom',
  'margin-left',
  'padding',
  'padding-top',
  'padding-right',
  'padding-bottom',
  'padding-left',
  'border',
  'border-top',
  'border-bottom',
  'border-left',
  'border-right',
  'border-collapse',
];
