import { SaxesParser } from 'saxes';
import { badRequest } from '../../../odata/bad-request.ts';

/** What stands for `{!contact:firstname}`; nothing where the row has no value or there is no such column. */
export type Values = (table: string, column: string) => string | undefined;

const PLACEHOLDER = /\{!\s*([\w ]{1,64})\s*:\s*([^;{}]{1,100}?)\s*(?:;([^{}]{0,500}))?\}/g;

/** Plain text with its placeholders filled; line breaks of values would end a subject. */
export function fillText(source: string, values: Values): string {
  const filled = fill(source, values, (text) => text);
  return filled.replace(/\s+/g, ' ').trim();
}

/** HTML with its placeholders filled: values are text, so whatever is markup in them is escaped. */
export function fillHtml(source: string, values: Values): string {
  return fill(source, values, escapeHtml);
}

function fill(source: string, values: Values, write: (text: string) => string): string {
  const fillPlaceholders = (text: string): string =>
    text.replace(PLACEHOLDER, (_, table: string, column: string, otherwise: string | undefined) =>
      write(values(table.trim(), column.trim()) ?? otherwise ?? ''),
    );
  const isStylesheet = /^\s*<(?:\?xml|xsl:)/.test(source);
  return isStylesheet ? fillStylesheet(source, values, write, fillPlaceholders) : fillPlaceholders(source);
}

export function escapeHtml(text: string): string {
  const marks: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (char) => marks[char] ?? char).replace(/\r?\n/g, '<br>');
}

/** Whether what is inside is written; of the branches of a `choose` only the first whose test holds. */
interface Frame {
  writing: boolean;
  chosen: boolean;
}

const DEPTH = 50;

/**
 * The stylesheets in which the original keeps its templates: text, `value-of` and `choose` over `table/column`. Nothing else of
 * XSLT is carried out, so a template can neither read files nor run for ever.
 */
function fillStylesheet(
  source: string,
  values: Values,
  write: (text: string) => string,
  fillPlaceholders: (text: string) => string,
): string {
  let output = '';
  const frames: Frame[] = [{ writing: false, chosen: false }];
  const top = (): Frame => frames.at(-1) ?? { writing: false, chosen: false };
  const valueAt = (path: string | undefined): string | undefined => {
    const [table, column] = (path ?? '').split('/');
    return table === undefined || column === undefined ? undefined : values(table.trim(), column.trim());
  };
  const parser = new SaxesParser();
  const add = (text: string): void => {
    if (top().writing) output += text;
  };
  parser.on('text', (text) => {
    if (text.trim() !== '') add(fillPlaceholders(text));
  });
  parser.on('cdata', (text) => add(fillPlaceholders(text)));
  parser.on('opentag', ({ name, attributes }) => {
    if (frames.length > DEPTH) throw badRequest('The template is nested too deeply.');
    if (name === 'xsl:value-of') add(write(valueAt(attributes['select']) ?? ''));
    frames.push(frameFor(name, top(), (test) => valueAt(test) !== undefined, attributes['test']));
  });
  parser.on('closetag', () => void frames.pop());
  parser.on('error', (error) => {
    throw badRequest(`The template is not well-formed: ${error.message.slice(0, 100)}`);
  });
  parser.write(source).close();
  return output;
}

function frameFor(
  name: string,
  outer: Frame,
  holds: (test: string | undefined) => boolean,
  test: string | undefined,
): Frame {
  if (name === 'xsl:template') return { writing: true, chosen: false };
  if (name === 'xsl:choose') return { writing: outer.writing, chosen: false };
  if (name === 'xsl:when' || name === 'xsl:otherwise') {
    const taken = !outer.chosen && (name === 'xsl:otherwise' || holds(test));
    if (taken) outer.chosen = true;
    return { writing: outer.writing && taken, chosen: false };
  }
  return { writing: outer.writing && name !== 'xsl:value-of', chosen: false };
}
