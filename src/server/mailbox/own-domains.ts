import { canonicalAddress } from './rules/address-list.ts';
import { keptFor } from './rules/kept-for.ts';
import type { MailboxStore } from './store.ts';

/** Providers whose customers have nothing to do with each other. */
const shared = new Set([
  'gmail.com',
  'googlemail.com',
  'outlook.com',
  'hotmail.com',
  'live.com',
  'yahoo.com',
  'icloud.com',
  'gmx.de',
  'gmx.net',
  'web.de',
]);

/**
 * Who counts as one of us when mail of our own people among themselves is told apart: the domains of the mailboxes that are looked
 * after, and what the operator names.
 */
export function ourDomains(store: MailboxStore, named: readonly string[], now: () => number) {
  const read = keptFor(now, async () => {
    const rows = await store.tables.selectFrom('mailbox_account').select('address').execute();
    const domains = rows.flatMap(({ address }) => canonicalAddress(address)?.split('@').at(-1) ?? []);
    return new Set([...named, ...domains.filter((domain) => !shared.has(domain))]);
  });
  return (): Promise<ReadonlySet<string>> => read('');
}
