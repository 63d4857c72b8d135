/**
 * The mailbox, over HTTP in the Microsoft Graph dialect (https://learn.microsoft.com/graph/api/resources/message): the
 * routes and fields that the local Outlook needs, nothing more.
 */

export interface Person {
  readonly name: string;
  readonly address: string;
}

export interface Recipient {
  readonly emailAddress: { readonly name?: string | null; readonly address?: string | null };
}

export interface Folder {
  readonly id: string;
  readonly displayName: string;
  readonly unreadItemCount: number;
  readonly totalItemCount: number;
  readonly childFolderCount?: number;
  readonly wellKnownName?: string | null;
}

/** A message as a list shows it. Everything a mail may lack is optional: From, Date and Message-ID all go missing. */
export interface MessageSummary {
  readonly id: string;
  readonly subject?: string | null;
  readonly from?: Recipient | null;
  readonly toRecipients?: readonly Recipient[];
  readonly ccRecipients?: readonly Recipient[];
  readonly bccRecipients?: readonly Recipient[];
  readonly sentDateTime?: string | null;
  readonly receivedDateTime?: string | null;
  readonly isRead?: boolean;
  readonly isDraft?: boolean;
  readonly hasAttachments?: boolean;
  readonly categories?: readonly string[];
  readonly bodyPreview?: string | null;
  readonly conversationId?: string | null;
  readonly internetMessageId?: string | null;
  readonly importance?: 'low' | 'normal' | 'high' | null;
  readonly meetingMessageType?: string | null;
  readonly startDateTime?: MeetingTime | string | null;
  readonly endDateTime?: MeetingTime | string | null;
  readonly location?: { readonly displayName?: string | null } | null;
}

export interface MeetingTime {
  readonly dateTime: string;
  readonly timeZone: string;
}

export interface Body {
  readonly contentType: 'text' | 'html';
  readonly content: string;
}

export interface Message extends MessageSummary {
  readonly body?: Body | null;
}

export interface Attachment {
  readonly '@odata.type'?: string;
  readonly id: string;
  readonly name?: string | null;
  readonly contentType?: string | null;
  /** Bytes. */
  readonly size: number;
  readonly isInline?: boolean;
  readonly contentId?: string | null;
}

export interface Category {
  readonly displayName: string;
  /** `none`, `preset0` … `preset24`. */
  readonly color: string;
}

export interface Header {
  readonly name: string;
  readonly value: string;
}

export interface DraftResource {
  readonly subject?: string;
  readonly body?: Body;
  readonly toRecipients?: readonly Recipient[];
  readonly ccRecipients?: readonly Recipient[];
  readonly bccRecipients?: readonly Recipient[];
  readonly internetMessageHeaders?: readonly Header[];
}

/** `unreachable`: nobody answered. `status`: the mailbox answered, with that HTTP status. */
export class GraphError extends Error {
  readonly status: number | null;

  constructor(message: string, status: number | null, cause?: unknown) {
    super(message, { cause });
    this.name = 'GraphError';
    this.status = status;
  }
}

export interface Page {
  readonly messages: readonly MessageSummary[];
  /** True when older messages exist behind this page. */
  readonly more: boolean;
}

export type Graph = ReturnType<typeof createGraph>;

export interface GraphDoor {
  readonly fetch: typeof fetch;
  /** Up to and without the `/me`, for example `/graph/v1.0`. */
  readonly base: string;
  readonly token: () => Promise<string>;
}

const summaryFields =
  'id,subject,from,toRecipients,ccRecipients,bccRecipients,sentDateTime,receivedDateTime,isRead,isDraft,hasAttachments,' +
  'categories,bodyPreview,conversationId,internetMessageId,importance,meetingMessageType,startDateTime,endDateTime,location';

export function createGraph(door: GraphDoor) {
  const send = sender(door);
  const json = async <T>(path: string, method = 'GET', body?: unknown): Promise<T> => {
    const response = await send(path, method, body);
    return (await response.json()) as T;
  };
  const list = async <T>(path: string): Promise<readonly T[]> => (await json<{ value: readonly T[] }>(path)).value;
  const at = (id: string) => `/me/messages/${encodeURIComponent(id)}`;
  /** A folder in a folder is shown by its path. */
  const foldersAt = async (path: string, above = ''): Promise<readonly Folder[]> => {
    const found = await list<Folder>(`${path}?$top=100`);
    const withChildren = found.map(async (folder) => {
      const named = { ...folder, displayName: above + folder.displayName };
      if (!folder.childFolderCount) return [named];
      const inside = `/me/mailFolders/${encodeURIComponent(folder.id)}/childFolders`;
      return [named, ...(await foldersAt(inside, `${named.displayName}/`))];
    });
    return (await Promise.all(withChildren)).flat();
  };

  return {
    folders: () => foldersAt('/me/mailFolders'),

    async messages(folderId: string, skip: number, top: number): Promise<Page> {
      const query = `$top=${top}&$skip=${skip}&$orderby=receivedDateTime desc&$select=${summaryFields}`;
      const path = `/me/mailFolders/${encodeURIComponent(folderId)}/messages?${query}`;
      const messages = await list<MessageSummary>(path);
      return { messages, more: messages.length === top };
    },

    message: (id: string) => json<Message>(`${at(id)}?$select=${summaryFields},body`),
    categoriesOf: async (id: string) =>
      (await json<MessageSummary>(`${at(id)}?$select=id,categories`)).categories ?? [],
    headersOf: async (id: string) =>
      (await json<{ internetMessageHeaders?: readonly Header[] }>(`${at(id)}?$select=id,internetMessageHeaders`))
        .internetMessageHeaders ?? [],
    change: (id: string, change: { isRead?: boolean; categories?: readonly string[] }) => send(at(id), 'PATCH', change),
    mime: async (id: string) => (await send(`${at(id)}/$value`)).arrayBuffer(),

    attachments: (id: string) => list<Attachment>(`${at(id)}/attachments`),
    attachment: async (id: string, attachmentId: string) =>
      (await send(`${at(id)}/attachments/${encodeURIComponent(attachmentId)}/$value`)).blob(),

    createDraft: (draft: DraftResource) => json<Message>('/me/messages', 'POST', draft),
    /** The answer to (or forward of) a message as the mailbox prepares it: recipients, subject and quoted body filled in. */
    createReply: (id: string, kind: 'reply' | 'replyAll' | 'forward') =>
      json<Message>(`${at(id)}/create${kind.charAt(0).toUpperCase()}${kind.slice(1)}`, 'POST', {}),
    changeDraft: (id: string, draft: DraftResource) => send(at(id), 'PATCH', draft),
    attach: (id: string, file: { name: string; contentType: string; contentBytes: string; isInline: boolean }) =>
      json<Attachment>(`${at(id)}/attachments`, 'POST', { '@odata.type': '#microsoft.graph.fileAttachment', ...file }),
    detach: (id: string, attachmentId: string) =>
      send(`${at(id)}/attachments/${encodeURIComponent(attachmentId)}`, 'DELETE'),
    deleteDraft: (id: string) => send(at(id), 'DELETE'),
    send: (id: string) => send(`${at(id)}/send`, 'POST'),

    masterCategories: () => list<Category>('/me/outlook/masterCategories'),
    createMasterCategory: (category: Category) => send('/me/outlook/masterCategories', 'POST', category),

    readExtension: (owner: string | null, name: string) => readExtension(json, extensionPath(owner), name),
    writeExtension: (owner: string | null, name: string, value: Readonly<Record<string, unknown>>) =>
      writeExtension(send, extensionPath(owner), name, value),
  };
}

function sender({ fetch, base, token }: GraphDoor) {
  return async (path: string, method = 'GET', body?: unknown): Promise<Response> => {
    let response: Response;
    try {
      const headers: Record<string, string> = { authorization: `Bearer ${await token()}` };
      if (body !== undefined) headers['content-type'] = 'application/json';
      response = await fetch(`${base}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw new GraphError('The local mailbox does not answer.', null, error);
    }
    if (!response.ok) throw new GraphError(await reasonOf(response), response.status);
    return response;
  };
}

async function reasonOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error?: { message?: unknown } };
    if (typeof error?.message === 'string' && error.message !== '') return error.message;
  } catch {
    // An error page need not be JSON; its status says enough.
  }
  return `The local mailbox answered with status ${response.status}.`;
}

/** Extensions live on a message (its id) or on the mailbox (null). */
const extensionPath = (owner: string | null) => (owner === null ? '/me' : `/me/messages/${encodeURIComponent(owner)}`);

async function readExtension(
  json: <T>(path: string) => Promise<T>,
  path: string,
  name: string,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await json<{ value?: Record<string, unknown> }>(`${path}/extensions/${name}`)).value ?? {};
  } catch (error) {
    if (error instanceof GraphError && error.status === 404) return {};
    throw error;
  }
}

/** Graph tells creating from changing; whoever saves does not care which it is. */
async function writeExtension(
  send: (path: string, method: string, body: unknown) => Promise<Response>,
  path: string,
  name: string,
  value: Readonly<Record<string, unknown>>,
): Promise<void> {
  try {
    await send(`${path}/extensions/${name}`, 'PATCH', { value });
  } catch (error) {
    if (!(error instanceof GraphError && error.status === 404)) throw error;
    const kind = { '@odata.type': 'microsoft.graph.openTypeExtension', extensionName: name };
    await send(`${path}/extensions`, 'POST', { ...kind, value });
  }
}

/** Graph's person -> ours; a recipient may have only a name or only an address. */
export function personOf(recipient: Recipient | null | undefined): Person | null {
  if (!recipient) return null;
  const { name, address } = recipient.emailAddress;
  return { name: name ?? '', address: address ?? '' };
}

export function peopleOf(recipients: readonly Recipient[] | undefined): readonly Person[] {
  return (recipients ?? []).flatMap((recipient) => personOf(recipient) ?? []);
}

export const recipientOf = (person: Person): Recipient => ({ emailAddress: { ...person } });
