import type { SourceItem } from '../source.ts';

/** In whose mailbox the mails lie. */
export interface AskingMailbox {
  readonly address: string;
  /** The headers by which mails are joined, of a mail whose listing had none; undefined when it is not there any more. */
  readonly headersOf: (item: SourceItem) => Promise<string | undefined>;
}
