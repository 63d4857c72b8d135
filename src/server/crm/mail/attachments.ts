import { dropPieces, giveFile } from '../../odata/files/pieces.ts';
import { tableOf } from '../../odata/metadata.ts';
import type { TableRule, WriteSession } from '../../odata/session.ts';
import type { Stored } from '../../odata/values.ts';
import { insertRow } from '../../odata/write/write.ts';
import type { PromotedMail } from './mail-parameters.ts';
import type { MailSettings } from './settings.ts';

type Attachment = PromotedMail['attachments'][number];

/** Those that the organisation takes. */
export function keptAttachments(mail: PromotedMail, { attachments: limits }: MailSettings): Attachment[] {
  return mail.attachments.filter(({ size, filename }) => size <= limits.bytes && !limits.blocked.has(ending(filename)));
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
      ['filesize', attachment.size],
    ]);
    const { content } = attachment;
    if (Buffer.isBuffer(content)) values.set('body', content);
    const stored = await insertRow(session, tableOf(session.model, 'activitymimeattachment'), values);
    if (!Buffer.isBuffer(content) && stored !== undefined) await giveFile(session, content, stored);
  }
}

/** Another content takes the place of what came in pieces. */
export const piecesRule: TableRule = {
  async beforeWrite({ values, before, session }) {
    if (before !== undefined && values.has('body'))
      await dropPieces(session, String(before['activitymimeattachmentid']));
  },
};
