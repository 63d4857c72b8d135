import { noAnnotations, type Annotations } from '../read/present.ts';

/** What a client would like, from its Prefer header; what was followed is told in Preference-Applied. */
export interface Preferences {
  representation: boolean;
  maxPageSize: number | undefined;
  continueOnError: boolean;
  /** Told as applied by who follows it: not every list can. */
  trackChanges: boolean;
  /** `alongside.row-id`, a preference of our own: of a row no more than tells which it is. Told as applied by who follows it. */
  rowId: boolean;
  annotations: Annotations;
  annotated: boolean;
  applied: string[];
}

export function readPrefer(header: string | undefined): Preferences {
  const found: Preferences = {
    representation: false,
    maxPageSize: undefined,
    continueOnError: false,
    trackChanges: false,
    rowId: false,
    annotations: noAnnotations,
    annotated: false,
    applied: [],
  };
  for (const [, name = '', quoted, plain] of (header ?? '')
    .slice(0, 4_000)
    .matchAll(/([\w.-]+)\s*(?:=\s*(?:"([^"]*)"|([^",;\s]*)))?/g)) {
    if (apply(found, name.toLowerCase(), quoted ?? plain ?? '')) found.applied.push(asGiven(name, quoted, plain));
  }
  return found;
}

function apply(found: Preferences, name: string, value: string): boolean {
  // Not told here: see trackChanges.
  if (name === 'odata.track-changes') {
    found.trackChanges = true;
    return false;
  }
  if (name === 'alongside.row-id') {
    found.rowId = true;
    return false;
  }
  if (name === 'return' && value === 'representation') found.representation = true;
  else if (name === 'odata.continue-on-error') found.continueOnError = true;
  else if (name === 'odata.maxpagesize' && /^[1-9]\d{0,8}$/.test(value)) found.maxPageSize = Number(value);
  else if (name === 'odata.include-annotations' && value !== '') {
    found.annotations = annotationsMatching(value);
    found.annotated = true;
  } else return false;
  return true;
}

function asGiven(name: string, quoted: string | undefined, plain: string | undefined): string {
  if (quoted !== undefined) return `${name}="${quoted}"`;
  return plain === undefined ? name : `${name}=${plain}`;
}

/** `*`, or a list of names in which `*` stands for anything. */
function annotationsMatching(source: string): Annotations {
  if (source === '*') return () => true;
  const patterns = source
    .split(',')
    .slice(0, 20)
    .map((pattern) => pattern.trim().split('*'));
  return (name) => patterns.some((parts) => matches(name, parts));
}

function matches(name: string, parts: readonly string[]): boolean {
  if (parts.length === 1) return name === parts[0];
  const [first = '', ...rest] = parts;
  const last = rest.pop() ?? '';
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}
