import type { Draft } from './draft.ts';
import type { Attachment, Message } from './graph.ts';

export interface ReadItem {
  readonly kind: 'read';
  /** The message's id: what is remembered about an open item (its notification bars) is remembered under this. */
  readonly key: string;
  readonly message: Message;
  readonly attachments: readonly Attachment[];
}

/** What the reading pane shows and what a pane is bound to. */
export type OpenItem = ReadItem | Draft;

export const readItem = (message: Message, attachments: readonly Attachment[]): ReadItem => ({
  kind: 'read',
  key: message.id,
  message,
  attachments,
});

export const isMeetingRequest = (message: { readonly meetingMessageType?: string | null }): boolean =>
  message.meetingMessageType === 'meetingRequest';
