import { badRequest, shown } from '../bad-request.ts';
import { parseLiteral } from './filter.ts';
import { tryJson } from './json.ts';

/** Deeper than any reference, entity or list of them that a message takes. */
const DEPTH = 10;

/**
 * What a parameter alias stands for: a literal, a member of an enumeration (`Microsoft.Dynamics.CRM.TargetFieldType'All'`, read
 * as its name), or a structure in JSON such as `{'@odata.id':'contacts(..)'}`, with either kind of quotes.
 */
export function parseParameterValue(source: string): unknown {
  const text = source.trim();
  if (text.startsWith('{') || text.startsWith('[')) return parseStructure(text);
  const member = /^Microsoft\.Dynamics\.CRM\.\w+'(\w+)'$/.exec(text)?.[1];
  return member ?? parseLiteral(text).value;
}

function parseStructure(text: string): unknown {
  if (depthOf(text) > DEPTH) throw badRequest(`A parameter is nested deeper than ${DEPTH} levels.`);
  const value = tryJson(text) ?? tryJson(withDoubleQuotes(text));
  if (value === undefined) throw badRequest(`"${shown(text)}" is not valid JSON.`);
  return value;
}

/** `{'a':'it''s'}` as JSON; a quote inside a text is doubled, as everywhere in an address. */
function withDoubleQuotes(text: string): string {
  return text.replace(/'((?:[^']|'')*)'/g, (_, inside: string) => JSON.stringify(inside.replaceAll("''", "'")));
}

/** Counts brackets, also those within texts: more is refused than had to be, never less. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const char of text) {
    if (char === '{' || char === '[') deepest = Math.max(deepest, (depth += 1));
    else if (char === '}' || char === ']') depth -= 1;
  }
  return deepest;
}
