import type { Dataverse } from '../../../api/dataverse.ts';
import { query } from '../../../api/dialect.ts';
import { number, text } from '../../../api/row.ts';
import { Unsendable, type OutgoingAttachment } from './outgoing-mail.ts';

const mostFiles = 250;

/**
 * One after the other, and none of them when together they are too large: what does not fit is known before it is read where
 * the CRM states sizes, and else as soon as it shows.
 * @throws {Unsendable}
 */
export async function readAttachments(crm: Dataverse, mail: string, mostBytes: number): Promise<OutgoingAttachment[]> {
  const select = ['activitymimeattachmentid', 'filename', 'mimetype', 'filesize', 'attachmentcontentid'];
  const filter = `_objectid_value eq ${mail}`;
  const rows = await crm.list(
    query('activitymimeattachments', { select, filter, orderby: 'attachmentnumber asc', top: mostFiles + 1 }),
  );
  if (rows.length > mostFiles) throw new Unsendable('too-many', `The e-mail has more than ${mostFiles} attachments.`);
  const stated = rows.reduce((sum, row) => sum + (number(row, 'filesize') ?? 0), 0);
  demandSize(stated, mostBytes);
  const read: OutgoingAttachment[] = [];
  let size = 0;
  for (const row of rows) {
    const bytes = await readBody(crm, text(row, 'activitymimeattachmentid') ?? '', text(row, 'filename') ?? '');
    size += bytes.byteLength;
    demandSize(size, mostBytes);
    read.push({
      name: text(row, 'filename') ?? '',
      contentType: text(row, 'mimetype') ?? '',
      contentId: text(row, 'attachmentcontentid'),
      bytes,
    });
  }
  return read;
}

/** An attachment that cannot be read is not left out in silence: then the mail does not go. */
async function readBody(crm: Dataverse, id: string, name: string): Promise<Uint8Array> {
  const row = await crm.retrieve(query(`activitymimeattachments(${id})`, { select: ['body'] }));
  if (row === null) throw new Unsendable('unreadable', `The attachment ${name.slice(0, 100)} is not there any more.`);
  return Buffer.from(text(row, 'body') ?? '', 'base64');
}

function demandSize(size: number, mostBytes: number): void {
  if (size <= mostBytes) return;
  const [has, limit] = [size, mostBytes].map((bytes) => (bytes / 2 ** 20).toFixed(1));
  throw new Unsendable('too-large', `The attachments have ${has} MiB together; ${limit} MiB are possible.`);
}
