const skipped = new Set(['SCRIPT', 'STYLE', 'TITLE', 'HEAD', 'TEMPLATE']);
const blocks = new Set(
  'ADDRESS ARTICLE ASIDE BLOCKQUOTE DD DIV DL DT FIGURE FOOTER H1 H2 H3 H4 H5 H6 HEADER HR LI OL P PRE SECTION TABLE TR UL'.split(
    ' ',
  ),
);

/** HTML as the text a person would read: blocks on lines of their own, runs of white space as one space. */
export function toText(html: string): string {
  const parts: string[] = [];
  collect(new DOMParser().parseFromString(html, 'text/html').body, parts);
  return parts
    .join('')
    .replaceAll(/[^\S\n]*\n[^\S\n]*/g, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}

function collect(root: Node, parts: string[]): void {
  for (const node of root.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) parts.push((node.nodeValue ?? '').replaceAll(/\s+/g, ' '));
    if (!(node.nodeType === Node.ELEMENT_NODE) || skipped.has(node.nodeName)) continue;
    const isBlock = blocks.has(node.nodeName);
    if (node.nodeName === 'BR') parts.push('\n');
    if (isBlock) parts.push('\n');
    collect(node, parts);
    if (node.nodeName === 'TD' || node.nodeName === 'TH') parts.push('\t');
    if (isBlock) parts.push('\n');
  }
}
