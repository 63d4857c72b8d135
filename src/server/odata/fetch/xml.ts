import { SaxesParser } from 'saxes';
import { badRequest, shown } from '../bad-request.ts';

/** An element as it was written: names are still anything. */
export interface XmlElement {
  name: string;
  attributes: ReadonlyMap<string, string>;
  children: XmlElement[];
  text: string;
}

const DEPTH = 40;
const ELEMENTS = 5_000;

/**
 * Reads a small XML document. There is no way to a declaration of a type or of an entity: a DOCTYPE is refused as soon as it
 * begins, so nothing can expand and nothing outside is asked for. Depth and number of elements are limited while reading,
 * before anybody walks through the tree.
 * @param limit longest text, in UTF-16 units
 * @throws {HttpError} 400 with the place
 */
export function readXml(source: string, limit: number): XmlElement {
  if (source.length > limit) throw badRequest(`The XML is longer than ${limit} characters.`, '0x80044331');
  // The parser reads a type declaration to its end before it tells of it.
  if (/<!DOCTYPE/i.test(source)) throw refused('a document type declaration');
  const parser = new SaxesParser({ xmlns: false, position: true });
  const open: XmlElement[] = [];
  let root: XmlElement | undefined;
  let elements = 0;
  parser.on('error', (error) => {
    throw badRequest(`Invalid XML: ${error.message.slice(0, 200)}`, '0x80040201');
  });
  parser.on('processinginstruction', ({ target }) => {
    throw refused(`the processing instruction ${shown(target)}`);
  });
  parser.on('opentag', ({ name, attributes }) => {
    elements += 1;
    if (elements > ELEMENTS) throw badRequest(`The XML holds more than ${ELEMENTS} elements.`);
    if (open.length >= DEPTH) throw badRequest(`The XML is nested deeper than ${DEPTH} levels.`);
    const element: XmlElement = { name, attributes: new Map(Object.entries(attributes)), children: [], text: '' };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('closetag', () => void open.pop());
  const keep = (text: string) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  };
  parser.on('text', keep);
  parser.on('cdata', keep);
  parser.write(source).close();
  if (root === undefined) throw badRequest("Document Element can't be null.", '0x80041125');
  return root;
}

function refused(what: string) {
  return badRequest(`Invalid XML: ${what} is not allowed.`, '0x80040201');
}
