/**
 * A list of addresses as the delivery messages take it: `"Name" <a@b>; c@d`. Separators inside quotes or brackets are part of
 * a name. What holds no address is left out; each address comes once, as it was written first.
 */
export function readAddresses(source: string): string[] {
  const found = new Map<string, string>();
  for (const item of splitList(source)) {
    const address = (/<([^<>]*)>\s*$/.exec(item)?.[1] ?? item).trim();
    // `undisclosed recipients:;` is a group without members (RFC 5322 3.4), not an address.
    if (address !== '' && !/^[^@]*:$/.test(address) && !found.has(address.toLowerCase()))
      found.set(address.toLowerCase(), address.slice(0, 320));
  }
  return [...found.values()];
}

function splitList(source: string): string[] {
  const items: string[] = [];
  let from = 0;
  let quoted = false;
  let bracketed = false;
  for (let at = 0; at < source.length; at += 1) {
    const char = source.charAt(at);
    if (quoted && char === '\\') at += 1;
    else if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === '<') bracketed = true;
    else if (char === '>') bracketed = false;
    else if (!bracketed && (char === ';' || char === ',' || char === '\n')) {
      items.push(source.slice(from, at));
      from = at + 1;
    }
  }
  return [...items, source.slice(from)];
}
