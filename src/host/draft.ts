import { peopleOf, recipientOf } from './graph.ts';
import type { Attachment, DraftResource, Graph, Message, Person } from './graph.ts';

export interface DraftAttachment {
  /** Ours while the draft is open; the mailbox may give the file another when it is saved. */
  readonly id: string;
  readonly name: string;
  readonly contentType: string;
  readonly size: number;
  readonly isInline: boolean;
}

export interface DraftFields {
  readonly to: readonly Person[];
  readonly cc: readonly Person[];
  readonly bcc: readonly Person[];
  readonly subject: string;
  readonly body: string;
  readonly bodyType: 'html' | 'text';
  readonly headers: Readonly<Record<string, string>>;
  readonly attachments: readonly DraftAttachment[];
}

export type ComposeType = 'newMail' | 'reply' | 'forward';
export type FieldName = keyof DraftFields;
export type Draft = ReturnType<typeof createDraft>;

export interface DraftOptions {
  /** Unique among the items that are open in this page. */
  readonly key: string;
  readonly composeType: ComposeType;
  readonly conversationId: string;
  readonly fields: DraftFields;
  /** The mailbox's id where the draft is already stored. */
  readonly savedId: string | null;
  readonly graph: Pick<
    Graph,
    'createDraft' | 'changeDraft' | 'attachments' | 'attach' | 'detach' | 'deleteDraft' | 'send'
  >;
}

export const emptyFields: DraftFields = {
  to: [],
  cc: [],
  bcc: [],
  subject: '',
  body: '',
  bodyType: 'html',
  headers: {},
  attachments: [],
};

/** The fields of a draft that the mailbox holds. */
export function fieldsOf(message: Message, attachments: readonly Attachment[]): DraftFields {
  return {
    to: peopleOf(message.toRecipients),
    cc: peopleOf(message.ccRecipients),
    bcc: peopleOf(message.bccRecipients),
    subject: message.subject ?? '',
    body: message.body?.content ?? '',
    bodyType: message.body?.contentType ?? 'html',
    headers: {},
    attachments: attachments.map((file) => ({
      id: file.id,
      name: file.name ?? '',
      contentType: file.contentType ?? 'application/octet-stream',
      size: file.size,
      isInline: file.isInline ?? false,
    })),
  };
}

/**
 * A mail being written. The form and the add-in change the same fields and hear of each other's changes; the mailbox
 * learns of them when the draft is saved. Saves wait for one another, so that two of them never make two drafts.
 */
export function createDraft(options: DraftOptions) {
  const { graph } = options;
  const listeners = new Set<(changed: readonly FieldName[]) => void>();
  /** Files the mailbox does not have yet: our id -> base64. */
  const pending = new Map<string, string>();
  /** Our ids of the files the mailbox has, in its order. */
  let stored: readonly string[] = options.fields.attachments.map(({ id }) => id);
  const removed = new Set<string>();
  let fields = options.fields;
  let id = options.savedId;
  let dirty = false;
  let touched = false;
  let saving: Promise<unknown> = Promise.resolve();
  let files = 0;
  let insertAtCursor: ((html: string) => void) | null = null;

  function change(patch: Partial<DraftFields>): void {
    fields = { ...fields, ...patch };
    dirty = true;
    touched = true;
    const changed = Object.keys(patch) as FieldName[];
    listeners.forEach((listener) => listener(changed));
  }

  async function store(): Promise<string> {
    const resource = resourceOf(fields, options.fields);
    dirty = false;
    if (id === null) id = (await graph.createDraft(resource)).id;
    else await graph.changeDraft(id, resource);
    for (const local of removed) await takeBack(id, local);
    for (const [local, contentBytes] of pending) await upload(id, local, contentBytes);
    return id;
  }

  /** The mailbox may number its files anew after each removal, so they are told by their place. */
  async function takeBack(draftId: string, local: string): Promise<void> {
    const files = await graph.attachments(draftId);
    const file = files[stored.indexOf(local)];
    if (file) await graph.detach(draftId, file.id);
    stored = stored.filter((other) => other !== local);
    removed.delete(local);
  }

  async function upload(draftId: string, local: string, contentBytes: string): Promise<void> {
    const file = fields.attachments.find((attachment) => attachment.id === local);
    if (file) {
      const { name, contentType, isInline } = file;
      await graph.attach(draftId, { name, contentType, contentBytes, isInline });
      stored = [...stored, local];
    }
    pending.delete(local);
  }

  function save(): Promise<string> {
    touched = true;
    const run = saving.then(store, store);
    saving = run;
    return run.catch((error: unknown) => {
      dirty = true;
      throw error;
    });
  }

  return {
    kind: 'compose' as const,
    key: options.key,
    composeType: options.composeType,
    conversationId: options.conversationId,
    sessionData: new Map<string, string>(),

    fields: (): DraftFields => fields,
    /** Null until it was saved. */
    id: () => id,
    /** Something is not in the mailbox yet. */
    isDirty: () => dirty,
    /** Somebody wrote or saved: there is something to lose. */
    isTouched: () => touched,
    change,
    save,

    /** @returns the listener's end */
    subscribe: (listener: (changed: readonly FieldName[]) => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    attach(name: string, contentType: string, base64: string, isInline = false): DraftAttachment {
      files += 1;
      const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
      const size = Math.floor((base64.length * 3) / 4) - padding;
      const file = { id: `file${files}`, name, contentType, size, isInline };
      pending.set(file.id, base64);
      change({ attachments: [...fields.attachments, file] });
      return file;
    },

    /** Null when there is no such attachment. */
    detach(attachmentId: string): DraftAttachment | null {
      const file = fields.attachments.find((attachment) => attachment.id === attachmentId);
      if (!file) return null;
      pending.delete(attachmentId);
      if (stored.includes(attachmentId)) removed.add(attachmentId);
      change({ attachments: fields.attachments.filter((attachment) => attachment !== file) });
      return file;
    },

    async send(): Promise<void> {
      await graph.send(await save());
    },

    discard: async (): Promise<void> => {
      await saving.catch(() => undefined);
      if (id !== null) await graph.deleteDraft(id);
      dirty = false;
    },

    /** The form lends its cursor while it is on the screen; without one, text goes to the front. */
    lendCursor(insert: ((html: string) => void) | null): void {
      insertAtCursor = insert;
    },
    insert(html: string): void {
      if (insertAtCursor) insertAtCursor(html);
      else change({ body: html + fields.body });
    },
  };
}

function resourceOf(fields: DraftFields, before: DraftFields): DraftResource {
  const headers = Object.entries(fields.headers).map(([name, value]) => ({ name, value }));
  return {
    subject: fields.subject,
    body: { contentType: fields.bodyType, content: fields.body },
    toRecipients: fields.to.map(recipientOf),
    ccRecipients: fields.cc.map(recipientOf),
    bccRecipients: fields.bcc.map(recipientOf),
    ...(fields.headers === before.headers ? {} : { internetMessageHeaders: headers }),
  };
}
