import type { Mailboxes } from '../api/mailboxes.ts';
import type { RegardingSearch } from '../api/regarding.ts';

/** What the page's components are handed; they fetch nothing themselves. */
export interface AdminServices {
  readonly mailboxes: Mailboxes;
  readonly regarding: RegardingSearch;
  /** Where a record's own page is. */
  readonly link: (record: { table: string; id: string }) => string;
  /** Inside a click only. */
  readonly signIn: () => Promise<void>;
}
