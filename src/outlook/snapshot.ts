import type { MailAddress, MailAttachment, MailMessage } from '../model/message.ts';

type ReadItem = Office.MessageRead | Office.AppointmentRead;

function address(details: Office.EmailAddressDetails | null | undefined): MailAddress | null {
  const name = details?.displayName ?? '';
  const mail = details?.emailAddress ?? '';
  return name === '' && mail === '' ? null : { name, address: mail };
}

export function addresses(list: readonly Office.EmailAddressDetails[] | null | undefined): readonly MailAddress[] {
  return (list ?? []).map(address).filter((person) => person !== null);
}

function attachments(list: readonly Office.AttachmentDetails[] | null | undefined): readonly MailAttachment[] {
  return (list ?? []).map(({ id, name, contentType, size, isInline }) => ({
    id,
    name,
    // Attached mails come without a type.
    contentType: contentType || 'application/octet-stream',
    size,
    isInline,
  }));
}

function iso(date: Date | null | undefined): string | null {
  return date instanceof Date && !Number.isNaN(date.getTime()) ? date.toISOString() : null;
}

function messageOf(item: Office.MessageRead): MailMessage {
  return {
    itemId: item.itemId ?? '',
    kind: /^ipm\.schedule\.meeting\.request/i.test(item.itemClass ?? '') ? 'meeting-request' : 'received',
    internetMessageId: item.internetMessageId || null,
    subject: item.subject ?? '',
    from: address(item.from),
    to: addresses(item.to),
    cc: addresses(item.cc),
    bcc: [],
    sentAt: null,
    receivedAt: iso(item.dateTimeCreated),
    // Office.js does not tell the importance of a received mail; the headers do, and the CRM takes normal otherwise.
    importance: 'normal',
    attachments: attachments(item.attachments),
  };
}

function appointmentOf(item: Office.AppointmentRead): MailMessage {
  return {
    itemId: item.itemId ?? '',
    kind: 'received',
    internetMessageId: null,
    subject: item.subject ?? '',
    from: address(item.organizer),
    to: addresses(item.requiredAttendees),
    cc: addresses(item.optionalAttendees),
    bcc: [],
    sentAt: null,
    receivedAt: iso(item.dateTimeCreated),
    importance: 'normal',
    attachments: attachments(item.attachments),
  };
}

export function isAppointment(item: ReadItem): item is Office.AppointmentRead {
  return String(item.itemType) === 'appointment';
}

/** What an item in read mode tells without a question. Whatever it lacks is null or empty. */
export function snapshotOf(item: ReadItem): MailMessage {
  return isAppointment(item) ? appointmentOf(item) : messageOf(item);
}

/** A draft before its recipients are known. */
export const emptyDraft: MailMessage = {
  itemId: '',
  kind: 'draft',
  internetMessageId: null,
  subject: '',
  from: null,
  to: [],
  cc: [],
  bcc: [],
  sentAt: null,
  receivedAt: null,
  importance: 'normal',
  attachments: [],
};
