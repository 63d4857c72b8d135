import type { Dataverse, Row } from '../../../api/dataverse.ts';
import { query } from '../../../api/dialect.ts';
import { number, text } from '../../../api/row.ts';
import type { LargeMail, LetterFile } from '../source.ts';
import { heldFile, openAttachment } from './attachment-file.ts';
import { Unsendable, type OutgoingAttachment } from './outgoing-mail.ts';

const mostFiles = 250;

export interface AttachmentLimits {
  /** Bytes of all attachments that go within the mail. */
  readonly mostBytes: number;
  /** Where large mails have a way of their own. */
  readonly large?: Pick<LargeMail, 'above' | 'most'> | undefined;
}

export interface ReadAttachments {
  /** Those that are part of the mail's own bytes. */
  readonly attachments: readonly OutgoingAttachment[];
  /** Those that are attached one by one, because the mail is large. */
  readonly files: readonly LetterFile[];
}

/**
 * All attachments, and none of them when together they are too large: what does not fit is known before it is read where the CRM
 * states sizes, and else as soon as it shows.
 * @param textBytes of the mail without them
 * @throws {Unsendable}
 */
export async function readAttachments(
  crm: Dataverse,
  mail: string,
  textBytes: number,
  { mostBytes, large }: AttachmentLimits,
): Promise<ReadAttachments> {
  const rows = await listRows(crm, mail);
  const stated = rows.reduce((sum, row) => sum + (number(row, 'filesize') ?? 0), 0);
  if (large !== undefined && stated > 0 && stated + textBytes > large.above) {
    const read = (row: Row) =>
      (number(row, 'filesize') ?? 0) > 0
        ? openAttachment(crm, idOf(row), factsOf(row))
        : readWhole(crm, row).then(heldFile);
    return { attachments: [], files: await readEach(rows, read, ({ size }) => size, stated, large.most) };
  }
  const read = (row: Row) => readWhole(crm, row);
  return { attachments: await readEach(rows, read, ({ bytes }) => bytes.byteLength, stated, mostBytes), files: [] };
}

async function listRows(crm: Dataverse, mail: string): Promise<readonly Row[]> {
  const select = ['activitymimeattachmentid', 'filename', 'mimetype', 'filesize', 'attachmentcontentid'];
  const filter = `_objectid_value eq ${mail}`;
  const rows = await crm.list(
    query('activitymimeattachments', { select, filter, orderby: 'attachmentnumber asc', top: mostFiles + 1 }),
  );
  if (rows.length > mostFiles) throw new Unsendable('too-many', `The e-mail has more than ${mostFiles} attachments.`);
  return rows;
}

/** One after the other. */
async function readEach<Read>(
  rows: readonly Row[],
  read: (row: Row) => Promise<Read>,
  sizeOf: (read: Read) => number,
  stated: number,
  mostBytes: number,
): Promise<Read[]> {
  demandSize(stated, mostBytes);
  const found: Read[] = [];
  let size = 0;
  for (const row of rows) {
    const one = await read(row);
    size += sizeOf(one);
    demandSize(size, mostBytes);
    found.push(one);
  }
  return found;
}

const idOf = (row: Row) => text(row, 'activitymimeattachmentid') ?? '';

const factsOf = (row: Row) => ({
  name: text(row, 'filename') ?? '',
  contentType: text(row, 'mimetype') ?? '',
  contentId: text(row, 'attachmentcontentid'),
});

/** An attachment that cannot be read is not left out in silence: then the mail does not go. */
async function readWhole(crm: Dataverse, listed: Row): Promise<OutgoingAttachment> {
  const facts = factsOf(listed);
  const row = await crm.retrieve(query(`activitymimeattachments(${idOf(listed)})`, { select: ['body'] }));
  if (row === null)
    throw new Unsendable('unreadable', `The attachment ${facts.name.slice(0, 100)} is not there any more.`);
  return { ...facts, bytes: Buffer.from(text(row, 'body') ?? '', 'base64') };
}

function demandSize(size: number, mostBytes: number): void {
  if (size <= mostBytes) return;
  const [has, limit] = [size, mostBytes].map((bytes) => (bytes / 2 ** 20).toFixed(1));
  throw new Unsendable('too-large', `The attachments have ${has} MiB together; ${limit} MiB are possible.`);
}
