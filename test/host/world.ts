// A pane's view of the world for tests of its calls: a mailbox in memory, an open item, and a shell that remembers.
import type { NewMessageForm, ReplyForm, Scene } from '../../src/host/calls/scene.ts';
import { createDraft, emptyFields } from '../../src/host/draft.ts';
import type { DraftFields } from '../../src/host/draft.ts';
import { createGraph } from '../../src/host/graph.ts';
import type { Permission } from '../../src/host/manifest.ts';
import { createNotifications } from '../../src/host/notifications.ts';
import { readItem } from '../../src/host/open-item.ts';
import type { OpenItem } from '../../src/host/open-item.ts';
import { outlookCalls } from '../../src/host/outlook.ts';
import { createMemoryMailbox } from './memory-mailbox.ts';
import type { StoredMessage } from './memory-mailbox.ts';

export const dana = { name: 'Dana Whitfield', address: 'dana@contoso.example' };

export function aWorld(messages: readonly StoredMessage[] = [], permission: Permission = 'ReadWriteItem') {
  const mailbox = createMemoryMailbox(...messages);
  const token = () => Promise.resolve('token');
  const graph = createGraph({ fetch: mailbox.fetch, base: 'http://localhost/graph/v1.0', token });
  const notifications = createNotifications();
  const opened: string[] = [];
  const forms: (NewMessageForm | ReplyForm)[] = [];
  const closed: string[] = [];
  let changes = 0;
  const world: Omit<Scene, 'item'> = {
    graph,
    user: dana,
    notifications,
    toText: (html) => html.replaceAll(/<[^>]+>/g, ''),
    shell: {
      openMessage: (id) => opened.push(id),
      newMessage: (form) => forms.push(form),
      reply: (_, form) => forms.push(form),
      openWindow: (url) => opened.push(url),
      closeForm: ({ key }) => closed.push(key),
      mailboxChanged: () => (changes += 1),
    },
  };
  const dispatch = outlookCalls({ permission });
  const callsOn = (item: OpenItem | null) => (id: number, params?: unknown) =>
    dispatch.run(id, params, { ...world, item });
  return {
    mailbox,
    graph,
    notifications,
    opened,
    forms,
    closed,
    changes: () => changes,
    callsOn,
    async open(id: string) {
      return callsOn(readItem(await graph.message(id), await graph.attachments(id)));
    },
    write(fields: Partial<DraftFields> = {}) {
      const all = { ...emptyFields, ...fields };
      const options = { key: 'draft:1', composeType: 'newMail', conversationId: '', savedId: null } as const;
      const draft = createDraft({ ...options, fields: all, graph });
      return { draft, call: callsOn(draft) };
    },
  };
}

export const ok = (data?: unknown) => ({ error: false, errorCode: 0, wasSuccessful: true, data });
export const refused = (errorCode: number) => ({ error: true, errorCode, wasSuccessful: false });
