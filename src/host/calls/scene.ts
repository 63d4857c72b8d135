import { GraphError } from '../graph.ts';
import type { Graph, Person } from '../graph.ts';
import type { Notifications } from '../notifications.ts';
import type { OpenItem, ReadItem } from '../open-item.ts';
import type { Draft } from '../draft.ts';
import { CODE } from '../protocol/dispatch.ts';
import type { Code } from '../protocol/dispatch.ts';

/** What an add-in asks Outlook itself to do, beside the item. */
export interface Shell {
  readonly openMessage: (id: string) => void;
  readonly newMessage: (form: NewMessageForm) => void;
  readonly reply: (item: ReadItem, form: ReplyForm) => void;
  readonly openWindow: (url: string) => void;
  /** The draft's form goes away, and with it a pane that is not pinned. */
  readonly closeForm: (draft: Draft) => void;
  /** Something changed in the mailbox: lists and the open mail are to be read again. */
  readonly mailboxChanged: () => void;
}

export interface FormAttachment {
  readonly kind: 'file' | 'item';
  readonly name: string;
  /** An address for a file, an item id for an item. */
  readonly source: string;
}

export interface NewMessageForm {
  readonly to: readonly Person[];
  readonly cc: readonly Person[];
  readonly bcc: readonly Person[];
  readonly subject: string;
  readonly body: string;
  readonly attachments: readonly FormAttachment[];
}

export interface ReplyForm {
  readonly toAll: boolean;
  readonly body: string;
  readonly attachments: readonly FormAttachment[];
}

/** What a call acts on: the item the frame is bound to at that moment, and the world around it. */
export interface Scene {
  readonly item: OpenItem | null;
  readonly graph: Graph;
  readonly user: Person;
  readonly notifications: Notifications;
  readonly shell: Shell;
  /** HTML -> the text a person would read. */
  readonly toText: (html: string) => string;
}

/** Thrown by a call that was made on an item it does not exist for. */
export class WrongItem extends Error {}

export function reading(scene: Scene): ReadItem {
  if (scene.item?.kind !== 'read') throw new WrongItem('The call needs a received message.');
  return scene.item;
}

export function composing(scene: Scene): Draft {
  if (scene.item?.kind !== 'compose') throw new WrongItem('The call needs a message being written.');
  return scene.item;
}

export function codeOf(error: unknown): Code {
  if (error instanceof WrongItem) return CODE.wrongSurface;
  if (error instanceof GraphError) return error.status === null ? CODE.mailboxUnreachable : CODE.mailboxAnsweredBadly;
  return CODE.unexpected;
}
