import { dateIn, importanceIn, stampIn, threadLines } from '../model/header-block.ts';
import type { MailMessage } from '../model/message.ts';
import { itemClosed, type ReadableMail } from './mailbox.ts';
import { ask, has } from './office.ts';
import { wishOf } from './stamp.ts';

function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replace(/\s+/g, ''));
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

function bytesOf({ content, format }: Office.AttachmentContent): Uint8Array<ArrayBuffer> {
  // Values of Office.MailboxEnums.AttachmentContentFormat.
  switch (String(format)) {
    case 'base64':
      return bytesOfBase64(content);
    case 'eml':
    case 'iCalendar':
      return new TextEncoder().encode(content);
    default:
      // A link to a file in a cloud: its bytes are not in the mail.
      throw new Error('The attachment is a link.');
  }
}

/**
 * Reads the rest of an open mail. Every answer is dropped with `ItemClosed` unless `stillOpen()` holds when it arrives: the
 * callbacks of the item before still come, and some hosts answer them with the item of now.
 */
export async function readMail(
  item: Office.MessageRead,
  message: MailMessage,
  stillOpen: () => boolean,
): Promise<ReadableMail> {
  const whileOpen = async <T>(answer: Promise<T>): Promise<T> => {
    const value = await answer;
    if (!stillOpen()) throw itemClosed();
    return value;
  };
  if (!stillOpen()) throw itemClosed();

  // Without headers (Mailbox before 1.8, phones) the mail is known by its Message-ID alone.
  const headers = has(item, 'getAllInternetHeadersAsync')
    ? await whileOpen(ask<string>((answer) => item.getAllInternetHeadersAsync(answer)).catch(() => ''))
    : '';

  const stamp = stampIn(headers);
  const thread = threadLines(headers);
  const wish = stamp === undefined ? undefined : await whileOpen(wishOf(item, stamp));

  return {
    message: {
      ...message,
      sentAt: dateIn(headers),
      importance: importanceIn(headers),
      ...(stamp === undefined ? {} : { stamp }),
      ...(thread === '' ? {} : { headers: thread }),
    },
    ...(wish === undefined ? {} : { wish }),
    async readBodyHtml() {
      if (!stillOpen()) throw itemClosed();
      return whileOpen(ask<string>((answer) => item.body.getAsync(Office.CoercionType.Html, answer)));
    },
    async readAttachment(id) {
      if (!stillOpen()) throw itemClosed();
      if (!has(item, 'getAttachmentContentAsync')) throw new Error('This Outlook does not hand out attachments.');
      const content = await whileOpen(
        ask<Office.AttachmentContent>((answer) => item.getAttachmentContentAsync(id, answer)),
      );
      const bytes = bytesOf(content);
      // Outlook at times says "succeeded" and gives nothing (office-js #6098).
      const stated = message.attachments.find((attachment) => attachment.id === id)?.size ?? 0;
      if (bytes.length === 0 && stated > 0) throw new Error('Outlook gave an empty attachment.');
      return bytes;
    },
  };
}
