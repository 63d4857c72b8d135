import { peopleOf, personOf } from '../graph.ts';
import type { Attachment, MessageSummary, Person } from '../graph.ts';
import { isMeetingRequest } from '../open-item.ts';
import type { OpenItem, ReadItem } from '../open-item.ts';
import type { Permission } from '../manifest.ts';

export interface InitialDataOptions {
  readonly user: Person;
  readonly permission: Permission;
  readonly addinId: string;
  readonly timeZone: string;
}

const ITEM = { message: 1, meetingRequest: 3, messageCompose: 4, none: 6 } as const;
const USER = 2;
const OTHER = 0;

/** The host's own codes, which are not in order: the library maps them to its levels. */
const permissionCodes: Readonly<Record<Permission, number>> = {
  Restricted: 0,
  ReadItem: 1,
  ReadWriteMailbox: 2,
  ReadWriteItem: 3,
};

/** The answer to `GetInitialData` and the payload of ItemChanged: one flat object, whatever the item is. */
export function initialDataOf(item: OpenItem | null, options: InitialDataOptions): object {
  const always = {
    permissionLevel: permissionCodes[options.permission],
    hostVersion: '16.01',
    owaView: 'ThreeColumns',
    userDisplayName: options.user.name,
    userEmailAddress: options.user.address,
    userTimeZone: options.timeZone,
    userProfileType: 'office365',
    ewsUrl: '',
    restUrl: '',
    extensionId: options.addinId,
    // Item ids are made of [A-Za-z0-9+/=]: with `false` the library would turn `-` and `_` into others.
    isRestIdSupported: false,
    isFromSharedFolder: false,
  };
  if (item === null) return { ...always, itemType: ITEM.none };
  if (item.kind === 'compose') {
    return { ...always, itemType: ITEM.messageCompose, conversationId: item.conversationId };
  }
  return { ...always, ...messageFields(item) };
}

function messageFields({ message, attachments }: ReadItem): object {
  const meeting = isMeetingRequest(message);
  const subject = message.subject ?? '';
  const sent = epoch(message.sentDateTime) ?? epoch(message.receivedDateTime);
  const from = wireAddress(personOf(message.from) ?? { name: '', address: '' });
  return {
    itemType: meeting ? ITEM.meetingRequest : ITEM.message,
    itemClass: meeting ? 'IPM.Schedule.Meeting.Request' : 'IPM.Note',
    id: message.id,
    conversationId: message.conversationId ?? '',
    internetMessageId: message.internetMessageId ?? '',
    subject,
    normalizedSubject: subject.replace(/^(\s*(re|fw|fwd|aw|wg)\s*:)+\s*/i, ''),
    from,
    sender: from,
    to: peopleOf(message.toRecipients).map(wireAddress),
    cc: peopleOf(message.ccRecipients).map(wireAddress),
    bcc: peopleOf(message.bccRecipients).map(wireAddress),
    dateTimeCreated: epoch(message.receivedDateTime) ?? sent ?? 0,
    dateTimeModified: epoch(message.receivedDateTime) ?? sent ?? 0,
    attachments: attachments.map(wireAttachment),
    isRead: message.isRead ?? true,
    ...(meeting ? meetingFields(message) : {}),
    sensitivity: 'normal',
    isAllDayEvent: false,
    // The library looks into these without asking whether they are there.
    entities: {},
    selectedEntities: {},
    filteredEntities: {},
    regExMatches: {},
    selectedRegExMatches: {},
  };
}

function meetingFields({ startDateTime, endDateTime, location }: MessageSummary): object {
  return { start: moment(startDateTime), end: moment(endDateTime), location: location?.displayName ?? '' };
}

/** A meeting's time; one in a named zone is read as the reader's own, which is all that can be known here. */
function moment(time: MessageSummary['startDateTime']): number | null {
  if (!time || typeof time === 'string') return epoch(time);
  return epoch(time.timeZone === 'UTC' ? `${time.dateTime}Z` : time.dateTime);
}

export const wireAddress = (person: Person) => ({
  name: person.name || person.address,
  address: person.address,
  recipientType: person.address === '' ? OTHER : USER,
  appointmentResponse: 0,
});

/** A mail inside a mail is an item attachment (1), everything else a file (0). */
export const isItemAttachment = (attachment: Attachment): boolean =>
  attachment['@odata.type']?.endsWith('itemAttachment') === true || attachment.contentType === 'message/rfc822';

export const wireAttachment = (attachment: Attachment) => ({
  id: attachment.id,
  name: attachment.name ?? '',
  contentType: attachment.contentType ?? 'application/octet-stream',
  size: attachment.size,
  isInline: attachment.isInline ?? false,
  attachmentType: isItemAttachment(attachment) ? 1 : 0,
});

function epoch(text: string | null | undefined): number | null {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? null : time;
}
