import { domainToASCII } from 'node:url';

/**
 * One entry of a list of addresses and domains: `ada@fabrikam.example`, or `fabrikam.example` with all its sub-domains (also
 * written `@fabrikam.example` or `*.fabrikam.example`). Case is folded and an international domain is taken in its ASCII form, so
 * that both spellings are one entry. Undefined for what is neither.
 */
export function readEntry(source: string): string | undefined {
  const entry = source.trim();
  if (entry === '' || entry.length > LONGEST) return undefined;
  const bare = entry.replace(/^(?:\*?@|\*\.)/, '');
  if (!bare.includes('@')) return domainOf(bare);
  return bare === entry ? canonicalAddress(entry) : undefined;
}

/** RFC 5321 4.5.3.1: 64 octets, the sign, 255 octets. */
const LONGEST = 320;

/** An address as it is compared: folded, its domain in ASCII. Undefined for what has no domain. */
export function canonicalAddress(source: string): string | undefined {
  const address = source.trim();
  const at = address.lastIndexOf('@');
  const local = address.slice(0, Math.max(at, 0));
  if (local === '' || address.length > LONGEST || /[\s<>,;]/.test(local.replace(/^".*"$/, ''))) return undefined;
  const domain = domainOf(address.slice(at + 1));
  return domain === undefined ? undefined : `${local.normalize('NFC').toLowerCase()}@${domain}`;
}

/** `Bücher.Example.` -> `xn--bcher-kva.example`. */
export function domainOf(source: string): string | undefined {
  const ascii = domainToASCII(source.trim().replace(/[.。．｡]$/u, '')).toLowerCase();
  const label = '[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?';
  return new RegExp(`^${label}(?:\\.${label})+$`).test(ascii) && ascii.length <= 253 ? ascii : undefined;
}

/** Which entry of a list an address falls under: the address itself before its domain, the nearest domain first. */
export function entryOf(list: ReadonlySet<string>, address: string): string | undefined {
  const canonical = canonicalAddress(address);
  if (canonical === undefined) return undefined;
  if (list.has(canonical)) return canonical;
  let domain = canonical.slice(canonical.lastIndexOf('@') + 1);
  while (domain !== '') {
    if (list.has(domain)) return domain;
    const dot = domain.indexOf('.');
    domain = dot < 0 ? '' : domain.slice(dot + 1);
  }
  return undefined;
}
