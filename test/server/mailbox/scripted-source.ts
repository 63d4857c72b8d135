// A mailbox in memory that answers as the documents allow a server to: repeats, no order, empty pages, lost cursors, errors.
import type { MailAddress } from '../../../src/model/message.ts';
import {
  SourceError,
  type ChangePage,
  type MailSource,
  type SourceFolder,
  type SourceItem,
} from '../../../src/server/mailbox/source.ts';

export interface Letter {
  messageId?: string | null;
  subject?: string;
  from?: string;
  to?: string;
  text?: string;
  more?: string;
  sentAt?: string;
  receivedAt?: string;
  sensitivity?: SourceItem['sensitivity'];
  inReplyTo?: string;
}

interface Stored {
  item: SourceItem;
  mime: Uint8Array;
}

export const standardFolders: readonly SourceFolder[] = [
  { id: 'inbox', name: 'Inbox', parentId: null, role: 'inbox' },
  { id: 'sent', name: 'Sent Items', parentId: null, role: 'sent' },
  { id: 'deals', name: 'Deals', parentId: 'inbox', role: null },
  { id: 'other', name: 'Other', parentId: null, role: null },
];

const person = (text: string): MailAddress => ({ name: '', address: text });

export class ScriptedMailbox implements MailSource {
  readonly stored = new Map<string, Stored>();
  /** What `changes` tells, in the order in which it happened. */
  readonly log: { folderId: string; id: string }[] = [];
  /** Thrown by the next calls, oldest first; `where` is the name of the call. */
  readonly failures: { where: string; error: SourceError }[] = [];
  readonly calls: string[] = [];
  folderList: readonly SourceFolder[] = standardFolders;
  pageSize = 50;
  /** Every page is given again, once with nothing in it before. */
  repeats = false;
  /** Cursors of before this position are not known any more. */
  forgotten = 0;
  /** What a server says that counts more than it tells of. */
  uncounted = 0;
  closed = 0;
  private version = 0;
  private id = 0;

  add(folderId: string, letter: Letter = {}): string {
    const id = `item-${(this.id += 1)}`;
    const { messageId = `<${id}@else.example>`, subject = `Mail ${id}`, from = 'kim@fabrikam.example' } = letter;
    const { to = 'dana@contoso.example', sentAt = new Date().toISOString(), text = 'Hello' } = letter;
    const headers = letter.inReplyTo === undefined ? '' : `In-Reply-To: ${letter.inReplyTo}\r\n`;
    const head = [
      ...(messageId === null ? [] : [`Message-ID: ${messageId}`]),
      `From: ${from}`,
      `To: ${to}`,
      `Subject: ${subject}`,
      `Date: ${new Date(sentAt).toUTCString().replace('GMT', '+0000')}`,
    ].join('\r\n');
    const mime = Buffer.from(`${head}\r\n${headers}${letter.more ?? `Content-Type: text/plain\r\n\r\n${text}\r\n`}`);
    const item: SourceItem = {
      id,
      folderId,
      version: this.nextVersion(),
      internetMessageId: messageId,
      subject,
      from: person(from),
      to: to.split(',').map(person),
      cc: [],
      bcc: [],
      sentAt: `${sentAt.slice(0, 19)}.000Z`,
      receivedAt: letter.receivedAt ?? new Date().toISOString(),
      sensitivity: letter.sensitivity ?? 'normal',
      isDraft: false,
      isMarked: false,
      size: mime.length,
      headers,
    };
    this.stored.set(id, { item, mime });
    this.log.push({ folderId, id });
    return id;
  }

  /** Somebody, or we, set or took our category. */
  setMark(id: string, isMarked: boolean): void {
    const one = this.get(id);
    one.item = { ...one.item, isMarked, version: this.nextVersion() };
    this.log.push({ folderId: one.item.folderId, id });
  }

  moveTo(id: string, folderId: string): void {
    const one = this.get(id);
    this.log.push({ folderId: one.item.folderId, id });
    one.item = { ...one.item, folderId, version: this.nextVersion() };
    this.log.push({ folderId, id });
  }

  delete(id: string): void {
    const { item } = this.get(id);
    this.stored.delete(id);
    this.log.push({ folderId: item.folderId, id });
  }

  fail(where: string, code: SourceError['code'], facts: { retryAfter?: number } = {}, times = 1): void {
    for (let time = 0; time < times; time += 1)
      this.failures.push({ where, error: new SourceError(code, `The server says ${code}.`, facts) });
  }

  folders = async () => {
    this.call('folders');
    return this.folderList;
  };

  changes = async (folderId: string, cursor: string | null, since: Date): Promise<ChangePage> => {
    this.call('changes', folderId);
    if (cursor === null || cursor.startsWith('all ')) return this.listing(folderId, cursor, since);
    const [position = '0', empty] = cursor.split(' ');
    if (Number(position) < this.forgotten) throw new SourceError('cursor-lost', 'What cursor?');
    const from = Number(position);
    if (this.repeats && empty === undefined && this.log.length > from)
      return { items: [], gone: [], cursor: `${from} empty`, more: true };
    const news = this.log.slice(from).filter((entry) => entry.folderId === folderId);
    const page = news.slice(0, this.pageSize);
    const more = news.length > page.length;
    const end = more ? this.log.indexOf(page.at(-1)!, from) + 1 : this.log.length;
    const ids = [...new Set(page.map(({ id }) => id))];
    const items = ids.flatMap((id) => this.stored.get(id)?.item ?? []).filter((item) => item.folderId === folderId);
    const gone = ids.filter((id) => !items.some((item) => item.id === id));
    return { items: this.told(items), gone, cursor: String(end), more };
  };

  /** What lies in the folder, whatever was told before. */
  private listing(folderId: string, cursor: string | null, since: Date): ChangePage {
    const [, offset = '0', end = String(this.log.length)] = (cursor ?? '').split(' ');
    const start = Number(offset);
    if (cursor === null && this.repeats) return { items: [], gone: [], cursor: `all 0 ${end}`, more: true };
    const here = [...this.stored.values()]
      .map(({ item }) => item)
      .filter((item) => item.folderId === folderId && Date.parse(item.receivedAt) >= since.getTime());
    const page = here.slice(start, start + this.pageSize);
    const more = here.length > start + page.length;
    return { items: this.told(page), gone: [], cursor: more ? `all ${start + page.length} ${end}` : end, more };
  }

  private told(items: readonly SourceItem[]): readonly SourceItem[] {
    return this.repeats ? [...items].reverse().flatMap((item) => [item, item]) : items;
  }

  mime = async (itemId: string, most: number) => {
    this.call('mime', itemId);
    const one = this.stored.get(itemId);
    if (one !== undefined && one.item.size > most) throw new SourceError('too-large', 'It is too large.');
    return one === undefined ? null : new Uint8Array(one.mime);
  };

  mark = async (itemId: string, tracked: boolean) => {
    this.call('mark', itemId);
    if (!this.stored.has(itemId)) return false;
    if (this.get(itemId).item.isMarked !== tracked) this.setMark(itemId, tracked);
    return true;
  };

  count = async (folderId: string) => {
    this.call('count', folderId);
    return [...this.stored.values()].filter(({ item }) => item.folderId === folderId).length + this.uncounted;
  };

  /** What was handed over to be sent, as text. */
  readonly sent: string[] = [];

  send = async (mime: Uint8Array) => {
    this.call('send');
    this.sent.push(Buffer.from(mime).toString('latin1'));
  };

  close = async () => {
    this.closed += 1;
  };

  private call(where: string, about = ''): void {
    this.calls.push(`${where} ${about}`.trim());
    const index = this.failures.findIndex((failure) => failure.where === where);
    if (index >= 0) throw this.failures.splice(index, 1)[0]!.error;
  }

  private get(id: string): Stored {
    const one = this.stored.get(id);
    if (one === undefined) throw new Error(`There is no ${id}.`);
    return one;
  }

  private nextVersion(): string {
    return String((this.version += 1));
  }
}
