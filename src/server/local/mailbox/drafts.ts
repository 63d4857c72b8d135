// Mails that are being written. A draft is kept as what its author said, not as MIME: it becomes a mail when it is sent.
import { createHash } from 'node:crypto';
import { compose, newMessageId } from './compose.ts';
import type { Outgoing, OutgoingPart } from './compose.ts';
import { prepareDelivery } from './deliver.ts';
import type { Mail } from './mailboxes.ts';
import { digest } from '../../mailbox/folder/summary.ts';
import type { Person, Summary } from '../../mailbox/folder/summary.ts';
import type { Content } from './message.ts';
import { newKey } from './names.ts';
import { plainText, previewOf } from './plain-text.ts';
import type { Store } from './store.ts';

export type Draft = Omit<Outgoing, 'from' | 'date' | 'parts'> & {
  conversation: string;
  /** The address it says to be from, where that is said at all: only the mailbox's own may send. */
  author?: string;
};

/** Of a file in a request of its own, as the local Outlook sends it; Graph itself takes larger files in upload sessions only. */
export const attachmentLimit = 35 * 1024 * 1024;

const emptyDraft = (owner: Person): Draft => ({
  to: [],
  cc: [],
  bcc: [],
  replyTo: [],
  subject: '',
  body: { contentType: 'html', content: '' },
  messageId: newMessageId(owner.address),
  inReplyTo: null,
  references: [],
  importance: 'normal',
  headers: [],
  conversation: digest(newKey()),
});

const summaryOf = (draft: Draft, owner: Person, at: number, attachments: number): Summary => ({
  subject: draft.subject,
  from: owner,
  sender: owner,
  replyTo: draft.replyTo,
  to: draft.to,
  cc: draft.cc,
  bcc: draft.bcc,
  messageId: draft.messageId,
  sent: at,
  received: at,
  conversation: draft.conversation,
  importance: draft.importance,
  sensitivity: 'normal',
  read: true,
  hasAttachments: attachments > 0,
});

const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`);

const asHtml = (content: Content) =>
  content.html ?? `<div style="white-space:pre-wrap">${escapeHtml(content.text ?? '')}</div>`;

const line = (label: string, value: string) => (value ? `<b>${label}:</b> ${escapeHtml(value)}<br>` : '');
const named = (people: Person[]) =>
  people.map(({ name, address }) => (name && name !== address ? `${name} <${address}>` : address)).join('; ');

/** The history under an answer, as Outlook writes it: a rule, the four headers, the mail. */
const quoted = (mail: Mail, content: Content) => {
  const { summary } = mail;
  const sent = summary.sent === null ? '' : new Date(summary.sent).toUTCString();
  const head = [
    line('From', named(summary.from ? [summary.from] : [])),
    line('Sent', sent),
    line('To', named(summary.to)),
    line('Cc', named(summary.cc)),
    line('Subject', summary.subject),
  ].join('');
  return `<br><br><hr><div>${head}</div><br>${asHtml(content)}`;
};

const prefixed = (prefix: string, subject: string) =>
  new RegExp(`^${prefix}:`, 'i').test(subject) ? subject : `${prefix}: ${subject}`;

const others = (people: Person[], ...without: (Person | null)[]) => {
  const seen = new Set(without.map((person) => person?.address.toLowerCase()));
  return people.filter(({ address }) => address && !seen.has(address.toLowerCase()) && seen.add(address.toLowerCase()));
};

export type AnswerKind = 'reply' | 'replyAll' | 'forward';

const answer = (kind: AnswerKind, owner: Person, mail: Mail, content: Content): Draft => {
  const { summary } = mail;
  const references =
    content.headers.find(({ name }) => name.toLowerCase() === 'references')?.value.match(/<[^<>\s]+>/g) ?? [];
  const ids = [...references, ...(summary.messageId ? [summary.messageId] : [])];
  // An answer to one's own sent mail goes to those it was sent to.
  const mine = summary.from?.address.toLowerCase() === owner.address.toLowerCase();
  const back = mine ? summary.to : summary.replyTo.length ? summary.replyTo : summary.from ? [summary.from] : [];
  return {
    ...emptyDraft(owner),
    subject: prefixed(kind === 'forward' ? 'Fw' : 'Re', summary.subject),
    to: kind === 'forward' ? [] : kind === 'reply' ? back : others([...back, ...summary.to], owner),
    cc: kind === 'replyAll' ? others(summary.cc, owner, ...back, ...summary.to) : [],
    inReplyTo: summary.messageId,
    references: ids.slice(0, 1).concat(ids.slice(1).slice(-20)),
    conversation: summary.conversation,
    body: { contentType: 'html', content: quoted(mail, content) },
  };
};

export const createDrafts = (store: Store, now: () => number) => {
  const attachments = (key: string) =>
    store
      .all('select * from draft_attachment where key = ? order by id', key)
      .map((row): OutgoingPart & { rowId: number } => ({
        rowId: Number(row['id']),
        name: String(row['name']),
        contentType: String(row['content_type']),
        contentId: typeof row['content_id'] === 'string' ? row['content_id'] : null,
        inline: row['is_inline'] === 1,
        bytes: row['bytes'] as Uint8Array,
      }));

  const read = (key: string): Draft | null => {
    const row = store.get('select body from draft where key = ?', key);
    return row ? (JSON.parse(String(row['body'])) as Draft) : null;
  };

  const write = (owner: Person, key: string, draft: Draft) =>
    store.transaction(() => {
      const at = now();
      const parts = attachments(key);
      const body = draft.body.contentType === 'html' ? plainText(draft.body.content) : draft.body.content;
      const details = {
        preview: previewOf({ html: null, text: body }),
        hasAttachments: parts.some((part) => !part.inline),
        meeting: null,
      };
      const summary = JSON.stringify(summaryOf(draft, owner, at, parts.length));
      store.run(
        `insert into mail (key, origin, owner, folder, received, sent, message_id, is_read, is_draft, summary, details)
         values (?, 'own', ?, 'drafts', ?, ?, ?, 1, 1, ?, ?)
         on conflict (key) do update set received = excluded.received, sent = excluded.sent,
           message_id = excluded.message_id, summary = excluded.summary, details = excluded.details`,
        key,
        owner.address,
        at,
        at,
        draft.messageId,
        summary,
        JSON.stringify(details),
      );
      store.run(
        'insert into draft values (?, ?) on conflict (key) do update set body = excluded.body',
        key,
        JSON.stringify(draft),
      );
    });

  const create = (owner: Person, fields: Partial<Draft>) => {
    const key = newKey();
    write(owner, key, { ...emptyDraft(owner), ...fields });
    return key;
  };

  const addAttachment = (owner: Person, key: string, part: OutgoingPart) => {
    store.transaction(() => {
      store.run(
        'insert into draft_attachment (key, name, content_type, content_id, is_inline, bytes) values (?, ?, ?, ?, ?, ?)',
        key,
        part.name,
        part.contentType,
        part.contentId,
        part.inline ? 1 : 0,
        part.bytes,
      );
      const draft = read(key);
      if (draft) write(owner, key, draft);
    });
  };

  const createAnswer = (kind: AnswerKind, owner: Person, mail: Mail, content: Content) => {
    const key = create(owner, answer(kind, owner, mail, content));
    // Pictures that the quoted text shows travel along; files only when forwarding.
    content.attachments
      .filter((part) => kind === 'forward' || (part.inline && part.contentId))
      .forEach((part) => addAttachment(owner, key, part));
    return key;
  };

  const update = (owner: Person, key: string, fields: Partial<Draft>) => {
    const draft = read(key);
    if (draft) write(owner, key, { ...draft, ...fields });
  };

  const removeAttachment = (owner: Person, key: string, index: number) => {
    const part = attachments(key)[index];
    const draft = read(key);
    if (!part || !draft) return false;
    store.run('delete from draft_attachment where id = ?', part.rowId);
    write(owner, key, draft);
    return true;
  };

  const outgoing = (owner: Person, key: string): Outgoing | null => {
    const draft = read(key);
    return draft && { ...draft, from: owner, date: new Date(now()), parts: attachments(key) };
  };

  const mime = (owner: Person, key: string) => {
    const mail = outgoing(owner, key);
    return mail && compose(mail, 'sender');
  };

  const discard = (key: string) => store.run('delete from mail where key = ? and is_draft = 1', key) > 0;

  /** Local delivery. `mailboxesOf` tells where mail to an address ends here; nothing leaves this machine. */
  const send = async (owner: Person, key: string, mailboxesOf: (address: string) => readonly string[]) => {
    const mail = outgoing(owner, key);
    if (!mail) return false;
    const at = mail.date.getTime();
    const forSender = compose(mail, 'sender');
    const forOthers = compose(mail, 'recipient');
    const inboxes = new Set([...mail.to, ...mail.cc, ...mail.bcc].flatMap(({ address }) => mailboxesOf(address)));
    const common = { origin: 'own' as const, received: at };
    const writes = [
      await prepareDelivery(store, {
        ...common,
        owner: owner.address,
        folder: 'sentitems',
        raw: forSender,
        isRead: true,
        key,
      }),
    ];
    for (const address of inboxes) {
      writes.push(
        await prepareDelivery(store, { ...common, owner: address, folder: 'inbox', raw: forOthers, isRead: false }),
      );
    }
    return store.transaction(() => {
      // A second click may have come while the mail was being written out: what is sent is no draft any more.
      if (!read(key)) return false;
      writes.forEach((write) => write());
      return true;
    });
  };

  return {
    create,
    createAnswer,
    read,
    update,
    discard,
    addAttachment,
    removeAttachment,
    attachments,
    outgoing,
    mime,
    send,
  };
};

export type Drafts = ReturnType<typeof createDrafts>;

export const changeKey = (mail: Mail) =>
  createHash('sha256')
    .update(JSON.stringify([mail.isRead, mail.categories, mail.received]))
    .digest('base64')
    .slice(0, 16);
