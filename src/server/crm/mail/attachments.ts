import { tableOf } from '../../odata/metadata.ts';
import type { WriteSession } from '../../odata/session.ts';
import type { Stored } from '../../odata/values.ts';
import { insertRow } from '../../odata/write/write.ts';
import type { PromotedMail } from './mail-parameters.ts';
import type { MailSettings } from './settings.ts';

type Attachment = PromotedMail['attachments'][number];

/** Those that the organisation takes. */
export function keptAttachments(mail: PromotedMail, { attachments: limits }: MailSettings): Attachment[] {
  return mail.attachments.filter(
    ({ bytes, filename }) => bytes.length <= limits.bytes && !limits.blocked.has(ending(filename)),
  );
}

export function ending(filename: string): string {
  return filename.slice(filename.lastIndexOf('.') + 1).toLowerCase();
}

export async function storeAttachments(session: WriteSession, id: string, kept: readonly Attachment[]): Promise<void> {
  for (const [index, attachment] of kept.entries()) {
    const values = new Map<string, Stored>([
      ['objectid', id],
      ['objectid_type', 'email'],
      ['filename', attachment.filename],
      ['mimetype', attachment.mimetype],
      ['attachmentcontentid', attachment.contentId ?? null],
      ['attachmentnumber', index + 1],
      ['filesize', attachment.bytes.length],
      ['body', attachment.bytes],
    ]);
    await insertRow(session, tableOf(session.model, 'activitymimeattachment'), values);
  }
}
