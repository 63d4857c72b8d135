// A mailbox in memory behind a `fetch` that answers in the Graph dialect: what the host's own client asks of it.
import type { Category, Header, Message } from '../../src/host/graph.ts';

export interface StoredMessage extends Message {
  readonly folder: string;
  readonly headers: readonly Header[];
  readonly files: readonly StoredFile[];
  readonly properties: unknown;
}

export interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly contentType: string;
  readonly isInline: boolean;
  readonly contentId: string | null;
  readonly bytes: string;
}

export const aMessage = (fields: Partial<StoredMessage> & { id: string }): StoredMessage => ({
  folder: 'inbox',
  subject: 'Prices for spring',
  from: { emailAddress: { name: 'Amara Okafor', address: 'amara@fabrikam.example' } },
  toRecipients: [{ emailAddress: { name: 'Dana Whitfield', address: 'dana@contoso.example' } }],
  ccRecipients: [],
  bccRecipients: [],
  sentDateTime: '2026-11-20T09:30:00Z',
  receivedDateTime: '2026-11-20T09:30:05Z',
  isRead: false,
  isDraft: false,
  hasAttachments: false,
  categories: [],
  bodyPreview: 'Hello Dana',
  conversationId: 'Y29udg==',
  internetMessageId: '<spring@fabrikam.example>',
  importance: 'normal',
  body: { contentType: 'html', content: '<p>Hello Dana</p>' },
  headers: [{ name: 'Message-ID', value: '<spring@fabrikam.example>' }],
  files: [],
  properties: null,
  ...fields,
});

export interface MemoryMailbox {
  readonly fetch: typeof fetch;
  readonly messages: Map<string, StoredMessage>;
  readonly categories: Category[];
  readonly sent: string[];
  /** Method and path of everything asked, oldest first. */
  readonly asked: string[];
  settings: unknown;
  /** Set it and nobody answers. */
  down: boolean;
}

type Answer = { status?: number; json?: unknown; bytes?: string; type?: string };

export function createMemoryMailbox(...messages: readonly StoredMessage[]): MemoryMailbox {
  const mailbox: MemoryMailbox = {
    messages: new Map(messages.map((message) => [message.id, message])),
    categories: [{ displayName: 'Tracked to CRM', color: 'preset7' }],
    sent: [],
    asked: [],
    settings: null,
    down: false,
    fetch: async (input, init) => {
      if (mailbox.down) throw new TypeError('fetch failed');
      const url = new URL(input instanceof Request ? input.url : input, 'http://localhost');
      const method = init?.method ?? 'GET';
      const path = url.pathname.replace(/^.*\/me(?=\/|$)/, '');
      mailbox.asked.push(`${method} ${decodeURIComponent(path)}`);
      const body: unknown = typeof init?.body === 'string' ? JSON.parse(init.body) : null;
      const answer = route(mailbox, method, path.split('/').slice(1).map(decodeURIComponent), body, url.searchParams);
      const { status = 200, json, bytes, type = 'application/json' } = answer;
      return new Response(status === 204 ? null : (bytes ?? JSON.stringify(json ?? {})), {
        status,
        headers: { 'content-type': type },
      });
    },
  };
  return mailbox;
}

function route(mailbox: MemoryMailbox, method: string, path: string[], body: unknown, query: URLSearchParams): Answer {
  const [room, id = '', ...rest] = path;
  if (room === 'messages') return id === '' ? create(mailbox, body) : onMessage(mailbox, method, id, rest, body);
  if (room === 'mailFolders' && rest[0] === 'messages') return listFolder(mailbox, id, query);
  if (room === 'mailFolders') return { json: { value: foldersOf(mailbox) } };
  if (room === 'outlook') return onCategories(mailbox, method, body);
  if (room === 'extensions') return onSettings(mailbox, method, body);
  return { status: 404, json: { error: { message: 'No such route.' } } };
}

const foldersOf = ({ messages }: MemoryMailbox) =>
  ['inbox', 'drafts', 'sentitems'].map((name) => {
    const inside = [...messages.values()].filter(({ folder }) => folder === name);
    const unreadItemCount = inside.filter(({ isRead }) => isRead === false).length;
    const displayName = { inbox: 'Inbox', drafts: 'Drafts', sentitems: 'Sent Items' }[name] ?? name;
    return { id: name, displayName, wellKnownName: name, unreadItemCount, totalItemCount: inside.length };
  });

function listFolder({ messages }: MemoryMailbox, folder: string, query: URLSearchParams): Answer {
  const skip = Number(query.get('$skip'));
  const inside = [...messages.values()].filter((message) => message.folder === folder);
  const newest = inside.sort((a, b) => (b.receivedDateTime ?? '').localeCompare(a.receivedDateTime ?? ''));
  return { json: { value: newest.slice(skip, skip + Number(query.get('$top'))) } };
}

function create(mailbox: MemoryMailbox, fields: unknown): Answer {
  const id = `ZHJhZnQ${mailbox.messages.size}`;
  const draft = aMessage({ ...(fields as object), id, folder: 'drafts', isDraft: true, isRead: true });
  mailbox.messages.set(id, draft);
  return { status: 201, json: draft };
}

function onMessage(mailbox: MemoryMailbox, method: string, id: string, rest: string[], body: unknown): Answer {
  const message = mailbox.messages.get(id);
  if (!message) return { status: 404, json: { error: { message: 'The mail is not there.' } } };
  const put = (change: Partial<StoredMessage>) => mailbox.messages.set(id, { ...message, ...change });
  switch (rest[0]) {
    case undefined:
      if (method === 'GET') return { json: { ...message, internetMessageHeaders: message.headers } };
      if (method === 'PATCH') put(body as Partial<StoredMessage>);
      else mailbox.messages.delete(id);
      return { json: {} };
    case 'attachments':
      return onFiles(message, method, rest.slice(1), body, (files) => put({ files, hasAttachments: files.length > 0 }));
    case 'extensions':
      if (method === 'PATCH') put({ properties: (body as { value: unknown }).value });
      else if (message.properties === null) return { status: 404, json: {} };
      return { json: { value: message.properties } };
    case 'send':
      mailbox.sent.push(id);
      put({ folder: 'sentitems', isDraft: false });
      return { status: 202 };
    case '$value':
      return { bytes: `Subject: ${message.subject}\r\n\r\n`, type: 'text/plain' };
    default:
      return create(mailbox, { ...message, subject: `RE: ${message.subject}` });
  }
}

function onFiles(
  { files }: StoredMessage,
  method: string,
  [place, value]: string[],
  body: unknown,
  put: (files: readonly StoredFile[]) => void,
): Answer {
  // Numbered by place, so that a removal renames what follows: the hardest thing a mailbox may do to its client.
  const wire = files.map(({ bytes, ...file }, index) => ({ ...file, id: `part${index}`, size: bytes.length }));
  if (method === 'POST') {
    const { name, contentType, contentBytes, isInline } = body as Record<string, string>;
    const file = { id: '', name: name!, contentType: contentType!, isInline: Boolean(isInline), contentId: null };
    put([...files, { ...file, bytes: atob(contentBytes!) }]);
    return { status: 201, json: { ...file, id: `part${files.length}`, size: 0 } };
  }
  const index = wire.findIndex(({ id }) => id === place);
  if (method === 'DELETE') {
    put(files.filter((_, at) => at !== index));
    return { status: 204 };
  }
  if (value !== undefined) return { bytes: files[index]?.bytes ?? '', type: files[index]?.contentType ?? '' };
  return { json: { value: wire } };
}

function onCategories(mailbox: MemoryMailbox, method: string, body: unknown): Answer {
  if (method === 'POST') mailbox.categories.push(body as Category);
  return { json: { value: mailbox.categories } };
}

function onSettings(mailbox: MemoryMailbox, method: string, body: unknown): Answer {
  if (method === 'PATCH') mailbox.settings = (body as { value: unknown }).value;
  else if (mailbox.settings === null) return { status: 404, json: {} };
  return { json: { value: mailbox.settings } };
}
