import type { Dataverse, Row } from '../../../api/dataverse.ts';
import { number, text } from '../../../api/row.ts';
import { CrmError } from '../../../model/errors.ts';
import type { LetterFile } from '../source.ts';
import { describeAttachment } from './compose.ts';
import { Unsendable, type OutgoingAttachment } from './outgoing-mail.ts';

/**
 * An attachment that is read block by block, and never stands in memory whole (Dataverse: InitializeAttachmentBlocksDownload,
 * DownloadBlock). Its blocks are of one version: when it is changed meanwhile, reading rejects with `conflict`.
 * @throws {Unsendable}
 */
export async function openAttachment(
  crm: Dataverse,
  id: string,
  facts: Pick<OutgoingAttachment, 'name' | 'contentType' | 'contentId'>,
): Promise<LetterFile> {
  const described = describeAttachment(facts);
  const opened = await open(crm, id, described.name);
  const [token, size] = [text(opened, 'FileContinuationToken'), number(opened, 'FileSizeInBytes')];
  if (token === null || size === null) throw new Unsendable('unreadable', `${described.name} cannot be read.`);
  return {
    ...described,
    size,
    async read(offset, length) {
      const block = await crm.act('DownloadBlock', {
        FileContinuationToken: token,
        Offset: offset,
        BlockLength: length,
      });
      const bytes = Buffer.from(text(block, 'Data') ?? '', 'base64');
      if (bytes.byteLength !== length) throw new CrmError('conflict', 'The attachment is not what it was.');
      return bytes;
    },
  };
}

async function open(crm: Dataverse, id: string, name: string): Promise<Row> {
  const target = { '@odata.type': 'Microsoft.Dynamics.CRM.activitymimeattachment', activitymimeattachmentid: id };
  try {
    return await crm.act('InitializeAttachmentBlocksDownload', { Target: target });
  } catch (error) {
    if (!(error instanceof CrmError) || error.code !== 'not-found') throw error;
    throw new Unsendable('unreadable', `The attachment ${name.slice(0, 100)} is not there any more.`, error);
  }
}

/** One that is in memory already. */
export function heldFile({ bytes, ...facts }: OutgoingAttachment): LetterFile {
  return {
    ...describeAttachment(facts),
    size: bytes.byteLength,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
}
