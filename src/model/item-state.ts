import type { ChangeStatus } from './change.ts';
import type { RegardingRef } from './records.ts';

/** The e-mail activity of a mail, as the person who asks may see it. */
export type TrackedMail =
  | {
      readonly visibility: 'full';
      readonly activityId: string;
      readonly regarding: RegardingRef | null;
      readonly trackedBy: string | null;
      /** ISO 8601. */
      readonly trackedAt: string;
    }
  | { readonly visibility: 'colleague' };

/** What is true of one mail: the CRM's answer and what is still on its way on the server. */
export interface ItemState {
  readonly itemKey: string;
  /** `unknown`: the CRM could not be asked. */
  readonly tracked: TrackedMail | 'unknown' | null;
  /** True when this person untracked the mail and asked to keep the record: `tracked` then still names the row. */
  readonly kept: boolean;
  /** Unfinished Changes of this mail on the server, oldest first. */
  readonly pending: readonly ChangeStatus[];
  /** This person's own Changes of this mail that wait for a decision on the server; an older server says nothing of them. */
  readonly parked?: readonly ChangeStatus[];
}
