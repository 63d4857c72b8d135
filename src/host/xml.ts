export interface XmlElement {
  /** Without its prefix: a manifest's elements are told apart by name and place. */
  readonly name: string;
  /** Attribute names keep their prefix, as in `xsi:type`. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The text directly inside, trimmed. */
  readonly text: string;
}

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

const token =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<\/([^\s>]+)\s*>|<([^\s/>!]+)((?:\s+[^\s=>/]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|[^<]+/gy;

/**
 * A well-formed document without DTD or CDATA, which is all a manifest may be. Same reader in the browser and in tests;
 * @throws with the offset where the text stops being that
 */
export function readXml(source: string): XmlElement {
  const root: Open = { name: '', attributes: new Map(), children: [], text: '' };
  const path: Open[] = [root];
  token.lastIndex = source.startsWith('\uFEFF') ? 1 : 0;
  while (token.lastIndex < source.length) {
    const at = token.lastIndex;
    const match = token.exec(source);
    const parent = path.at(-1);
    if (!match || !parent) throw new Error(`Not well-formed at character ${at}.`);
    const [text, closing, opening, attributes = '', selfClosing] = match;
    if (opening !== undefined) {
      const element: Open = {
        name: localName(opening),
        attributes: readAttributes(attributes),
        children: [],
        text: '',
      };
      parent.children.push(element);
      if (selfClosing === '') path.push(element);
    } else if (closing !== undefined) {
      if (path.length < 2 || parent.name !== localName(closing)) throw new Error(`</${closing}> closes nothing.`);
      parent.text = parent.text.trim();
      path.pop();
    } else if (!text.startsWith('<')) {
      parent.text += decode(text);
    }
  }
  const [top] = root.children;
  if (path.length !== 1 || !top) throw new Error('The document ends too early.');
  return top;
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

function readAttributes(source: string): ReadonlyMap<string, string> {
  const pairs = source.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g);
  return new Map(Array.from(pairs, ([, name = '', double, single]) => [name, decode(double ?? single ?? '')]));
}

const named = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

function decode(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex: string, decimal: string, name: string) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(Number(decimal));
    return named.get(name) ?? whole;
  });
}

export const child = (parent: XmlElement | undefined, name: string): XmlElement | undefined =>
  parent?.children.find((element) => element.name === name);

/** Every element below, however deep, in document order. */
export function descendants(parent: XmlElement, name: string): readonly XmlElement[] {
  return parent.children.flatMap((element) => [
    ...(element.name === name ? [element] : []),
    ...descendants(element, name),
  ]);
}
