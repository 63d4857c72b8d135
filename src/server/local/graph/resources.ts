// A mail, a folder and an attachment as Microsoft Graph's JSON.
import { changeKey } from '../mailbox/drafts.ts';
import type { Folder } from '../mailbox/folders.ts';
import type { Mail } from '../mailbox/mailboxes.ts';
import type { Person } from '../../mailbox/folder/summary.ts';
import type { Content } from '../mailbox/message.ts';
import { folderId, partId } from '../mailbox/names.ts';
import { plainText } from '../mailbox/plain-text.ts';

const recipient = (person: Person) => ({
  emailAddress: { name: person.name || person.address, address: person.address },
});
const recipients = (people: Person[]) => people.map(recipient);
const dateTime = (at: number | null) => (at === null ? null : new Date(at).toISOString().replace(/\.\d+Z$/, 'Z'));

/** The folder above all others, which is itself never listed. */
const rootKey = 'msgfolderroot';

export const folderResource = (owner: string, folder: Folder) => ({
  id: folder.id,
  displayName: folder.name,
  wellKnownName: folder.wellKnownName,
  parentFolderId: folderId(owner, folder.parent ?? rootKey),
  childFolderCount: folder.children,
  unreadItemCount: folder.unread,
  totalItemCount: folder.total,
  isHidden: false,
});

const meetingFields = (mail: Mail) => {
  const meeting = mail.details?.meeting;
  if (!meeting || meeting.kind === 'none') return {};
  return {
    '@odata.type':
      meeting.kind === 'meetingRequest' ? '#microsoft.graph.eventMessageRequest' : '#microsoft.graph.eventMessage',
    meetingMessageType: meeting.kind,
    startDateTime: meeting.start,
    endDateTime: meeting.end,
    location: meeting.location === null ? null : { displayName: meeting.location },
  };
};

export const messageResource = (owner: string, mail: Mail): Record<string, unknown> => ({
  '@odata.etag': `W/"${changeKey(mail)}"`,
  ...meetingFields(mail),
  id: mail.id,
  changeKey: changeKey(mail),
  parentFolderId: folderId(owner, mail.folder),
  conversationId: mail.summary.conversation,
  internetMessageId: mail.summary.messageId,
  subject: mail.summary.subject,
  bodyPreview: mail.details?.preview ?? '',
  importance: mail.summary.importance,
  hasAttachments: mail.details?.hasAttachments ?? mail.summary.hasAttachments,
  isRead: mail.isRead,
  isDraft: mail.isDraft,
  categories: mail.categories,
  createdDateTime: dateTime(mail.received),
  lastModifiedDateTime: dateTime(mail.modified),
  receivedDateTime: dateTime(mail.received),
  sentDateTime: dateTime(mail.summary.sent),
  from: mail.summary.from && recipient(mail.summary.from),
  sender: mail.summary.sender && recipient(mail.summary.sender),
  toRecipients: recipients(mail.summary.to),
  ccRecipients: recipients(mail.summary.cc),
  bccRecipients: recipients(mail.summary.bcc),
  replyTo: recipients(mail.summary.replyTo),
});

const sensitivities = ['normal', 'personal', 'private', 'confidential'] as const;

/** PidTagSensitivity and PidTagMessageSize of MS-OXPROPS; a tag that a mail has not is left out, as Graph does. */
const extended: ReadonlyMap<number, (mail: Mail, size: number) => number> = new Map([
  [0x36, (mail: Mail) => sensitivities.indexOf(mail.summary.sensitivity ?? 'normal')],
  [0xe08, (_: Mail, size: number) => size],
]);

export const extendedProperties = (mail: Mail, size: number, tags: readonly number[]) => ({
  singleValueExtendedProperties: tags.flatMap((tag) => {
    const value = extended.get(tag)?.(mail, size);
    return value === undefined ? [] : [{ id: `Integer 0x${tag.toString(16)}`, value: String(value) }];
  }),
});

/** As with Graph, `Prefer: outlook.body-content-type="text"` asks for words instead of HTML. */
export const bodyResource = (content: Pick<Content, 'html' | 'text'>, preferText: boolean) => {
  if (content.html !== null && !preferText) return { contentType: 'html', content: content.html };
  return { contentType: 'text', content: content.text ?? plainText(content.html ?? '') };
};

export interface AttachmentFacts {
  name: string;
  contentType: string;
  contentId: string | null;
  inline: boolean;
  bytes: Uint8Array;
}

export const attachmentResource = (part: AttachmentFacts, index: number) => ({
  '@odata.type': '#microsoft.graph.fileAttachment',
  id: partId(index),
  name: part.name,
  contentType: part.contentType,
  size: part.bytes.byteLength,
  isInline: part.inline,
  contentId: part.contentId,
});
