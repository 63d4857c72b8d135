/**
 * Who an address is. Pure: rows that hold the address come in, a decision comes out together with the rule that made it, so
 * that a person can be told why. All rows stay with the decision: the reader may know better than the rule.
 */
export interface Candidate {
  table: string;
  id: string;
  /** Folded. */
  address: string;
  /** 1 for emailaddress1 and so on. */
  columnNumber: number;
  ownerId: string | null;
  createdOn: string;
  active: boolean;
}

/** Settings of the organisation. */
export interface ResolveSettings {
  /** Several rows have the address: take the best for the sender and all for a recipient, or leave the party unresolved. */
  several: 'resolve' | 'leave';
  /** Inactive rows count like active ones; disabled users never do. */
  inactive: boolean;
}

export const usualSettings: ResolveSettings = { several: 'resolve', inactive: false };

export const resolutionRules = [
  'nobody',
  'only-match',
  'owned-by-mailbox-owner',
  'first-in-order',
  'every-match',
  'several-matches',
  'too-many-matches',
] as const;
export type ResolutionRule = (typeof resolutionRules)[number];

export interface Resolution {
  rule: ResolutionRule;
  /** At most one for a sender; empty: the party is its address only. */
  chosen: readonly Candidate[];
}

/** The documented order of preference; tables that it does not name (those of a customer) come last. */
export const tableOrder = ['systemuser', 'contact', 'account', 'lead', 'equipment', 'team', 'businessunit', 'queue'];
/** Above this many rows an address says nothing about who wrote. */
export const TOO_MANY = 100;

/**
 * The one row a sender is: a row that the mailbox's owner owns before any other, then the order of tables, then the row that
 * was made first. A disabled user is nobody; an inactive row counts only when it is the only one.
 */
export function resolveSender(
  candidates: readonly Candidate[],
  mailboxOwner: string,
  settings: ResolveSettings = usualSettings,
): Resolution {
  const few = resolveFew(candidates, settings);
  if (few !== undefined) return few;
  const counted = countedOf(candidates, settings);
  const owned = counted.find(({ ownerId }) => ownerId === mailboxOwner);
  if (owned !== undefined) return { rule: 'owned-by-mailbox-owner', chosen: [owned] };
  return { rule: 'first-in-order', chosen: counted.slice(0, 1) };
}

/** All rows a recipient is. */
export function resolveRecipient(
  candidates: readonly Candidate[],
  settings: ResolveSettings = usualSettings,
): Resolution {
  const few = resolveFew(candidates, settings);
  return few ?? { rule: 'every-match', chosen: countedOf(candidates, settings) };
}

/** Where nothing is to be chosen: no row, one row, or more than may be chosen from. */
function resolveFew(candidates: readonly Candidate[], settings: ResolveSettings): Resolution | undefined {
  const possible = candidates.filter(isPossible);
  if (possible.length === 1) return { rule: 'only-match', chosen: possible };
  if (possible.length > TOO_MANY) return { rule: 'too-many-matches', chosen: [] };
  const counted = countedOf(candidates, settings);
  if (counted.length === 0) return { rule: possible.length === 0 ? 'nobody' : 'several-matches', chosen: [] };
  if (counted.length === 1) return { rule: 'only-match', chosen: counted };
  return settings.several === 'leave' ? { rule: 'several-matches', chosen: [] } : undefined;
}

function isPossible({ table, active }: Candidate): boolean {
  return active || table !== 'systemuser';
}

function countedOf(candidates: readonly Candidate[], { inactive }: ResolveSettings): Candidate[] {
  return candidates.filter((each) => isPossible(each) && (inactive || each.active)).sort(inOrder);
}

function inOrder(one: Candidate, other: Candidate): number {
  return rank(one) - rank(other) || compare(one.createdOn, other.createdOn) || compare(one.id, other.id);
}

function rank({ table }: Candidate): number {
  const at = tableOrder.indexOf(table);
  return at < 0 ? tableOrder.length : at;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
