import { HttpError } from '../../http/errors.ts';
import { joinBlocks, putBlock, blocksOf } from '../../odata/files/blocks.ts';
import { openDownload, readBlock } from '../../odata/files/downloads.ts';
import { demandReplaceable, fileColumn, isText, nameColumn, type FilePlace } from '../../odata/files/place.ts';
import {
  closeUpload,
  contentHash,
  findStored,
  invalidToken,
  openUpload,
  requireUpload,
  type Upload,
} from '../../odata/files/uploads.ts';
import { badRequest } from '../../odata/bad-request.ts';
import { BLOCK } from '../../odata/files/blocks.ts';
import { tableOf } from '../../odata/metadata.ts';
import type { Operation } from '../../odata/operations.ts';
import type { Session, WriteSession } from '../../odata/session.ts';
import type { Stored } from '../../odata/values.ts';
import { findRow, requireRow, updateRow } from '../../odata/write/write.ts';
import { readParameters, type Parameters } from '../parameters.ts';
import { readGuid, readReference } from '../references.ts';
import { answerWith, readBlockData, readBlockId, readBlockList } from './block-parameters.ts';
import { demandAllowedName } from './file-name.ts';

/**
 * Files of file and image columns, in blocks of at most 4 MB.
 * https://learn.microsoft.com/power-apps/developer/data-platform/file-column-data
 */

function readPlace(session: Session, read: Parameters): FilePlace {
  const { table, id } = readReference(session, 'Target', read.object('Target'), [...session.model.tables.keys()]);
  return { table, column: fileColumn(table, read.text('FileAttributeName')), id };
}

/** `{ Target, FileName, FileAttributeName }` -> a token that every further step is called with. */
export const initializeFileBlocksUpload: Operation = {
  name: 'InitializeFileBlocksUpload',
  kind: 'action',
  async run(call) {
    const read = readParameters('InitializeFileBlocksUpload', call.parameters, [
      'Target',
      'FileName',
      'FileAttributeName',
    ]);
    const filename = read.text('FileName');
    return call.transaction(async (session) => {
      const place = readPlace(session, read);
      await demandReplaceable(session, place);
      await demandAllowedName(session, place, filename);
      const { table, column, id } = place;
      const upload = { tablename: table.name, recordid: id, columnname: column.name, filename };
      return answerWith(session, 'InitializeFileBlocksUpload', {
        FileContinuationToken: await openUpload(session, upload),
      });
    });
  },
};

/** `{ BlockId, BlockData, FileContinuationToken }`, for files of every kind. */
export const uploadBlock: Operation = {
  name: 'UploadBlock',
  kind: 'action',
  async run(call) {
    const read = readParameters('UploadBlock', call.parameters, ['BlockId', 'BlockData', 'FileContinuationToken']);
    const [blockId, token] = [readBlockId(read.text('BlockId')), read.text('FileContinuationToken')];
    const data = readBlockData(read.text('BlockData'));
    await call.transaction(async (session) => {
      const upload = await requireUpload(session, token);
      await demandSameLength(session, upload, blockId);
      await putBlock(session, upload, blockId, data);
    });
    return { status: 204, headers: {} };
  },
};

/** Documented: for a given file, every BlockId has the same length. */
async function demandSameLength(session: WriteSession, upload: Upload, blockId: string): Promise<void> {
  const [known] = (await blocksOf(session, upload)).keys();
  if (known !== undefined && known.length !== blockId.length)
    throw badRequest(`The BlockId is ${blockId.length} long, those before it ${known.length}.`, '0x80048d19');
}

/** `{ FileName, MimeType, BlockList, FileContinuationToken }` -> `{ FileId, FileSizeInBytes }`: now it is there, all at once. */
export const commitFileBlocksUpload: Operation = {
  name: 'CommitFileBlocksUpload',
  kind: 'action',
  async run(call) {
    const names = ['FileName', 'MimeType', 'BlockList', 'FileContinuationToken'];
    const read = readParameters('CommitFileBlocksUpload', call.parameters, names);
    const [filename, token] = [read.text('FileName'), read.text('FileContinuationToken')];
    read.text('MimeType');
    const list = readBlockList(call.parameters.get('BlockList'));
    return call.transaction(async (session) => {
      const upload = await requireUpload(session, token);
      const table = tableOf(session.model, upload.tablename);
      if (isText(table) || upload.recordid === null) throw invalidToken();
      const place = { table, column: fileColumn(table, upload.columnname), id: upload.recordid };
      await demandReplaceable(session, place);
      await demandAllowedName(session, place, filename);
      const file = await joinBlocks(session, upload, list);
      await setFile(session, place, file, filename);
      const fileId = await closeUpload(session, upload, file);
      return answerWith(session, 'CommitFileBlocksUpload', { FileId: fileId, FileSizeInBytes: file.length });
    });
  },
};

async function setFile(
  session: WriteSession,
  { table, column, id }: FilePlace,
  file: Buffer | null,
  filename: string | null,
): Promise<void> {
  const values = new Map<string, Stored>([[column.name, file]]);
  const named = nameColumn(table, column);
  if (named !== undefined) values.set(named.name, filename);
  await updateRow(session, table, await requireRow(session, table, id), values);
}

/** `{ Target, FileAttributeName }` -> size, name and a token to load the blocks with. */
export const initializeFileBlocksDownload: Operation = {
  name: 'InitializeFileBlocksDownload',
  kind: 'action',
  async run({ parameters, session }) {
    const read = readParameters('InitializeFileBlocksDownload', parameters, [
      'Target',
      'FileAttributeName',
      'DataSource',
    ]);
    if (read.optionalText('DataSource') !== undefined)
      throw badRequest('There is no long term storage; leave the DataSource out.', '0x80048d19');
    const { size, name, token } = await openDownload(session, readPlace(session, read));
    return answerWith(session, 'InitializeFileBlocksDownload', {
      FileContinuationToken: token,
      FileSizeInBytes: size,
      FileName: name,
      IsChunkingSupported: true,
    });
  },
};

/** `{ Offset, BlockLength, FileContinuationToken }` -> `{ Data }`, at most 4 MB; less where the file ends. */
export const downloadBlock: Operation = {
  name: 'DownloadBlock',
  kind: 'action',
  async run({ parameters, session }) {
    const read = readParameters('DownloadBlock', parameters, ['Offset', 'BlockLength', 'FileContinuationToken']);
    const [offset, length] = [read.integer('Offset'), read.integer('BlockLength')];
    if (offset < 0) throw badRequest('The Offset must not be negative.', '0x80048d19');
    if (length < 1 || length > BLOCK) throw badRequest(`The BlockLength must be from 1 to ${BLOCK}.`, '0x80048d19');
    const data = await readBlock(session, read.text('FileContinuationToken'), offset, length);
    return answerWith(session, 'DownloadBlock', { Data: data.toString('base64') });
  },
};

/** `{ FileId }`, as CommitFileBlocksUpload gave it; a file that was replaced since is not there any more. */
export const deleteFile: Operation = {
  name: 'DeleteFile',
  kind: 'action',
  async run(call) {
    readParameters('DeleteFile', call.parameters, ['FileId']);
    const fileId = readGuid('FileId', call.parameters.get('FileId'));
    await call.transaction(async (session) => {
      const missing = new HttpError(404, `Entity 'FileAttachment' With Id = ${fileId} Does Not Exist`, '0x80040217');
      const stored = await findStored(session, fileId);
      const table = stored === undefined ? undefined : session.model.tables.get(stored.tablename);
      const column = table?.columns.get(stored?.columnname ?? '');
      if (table === undefined || column === undefined || stored?.recordid == null) throw missing;
      const row = await findRow(session, table, stored.recordid);
      const content = row?.[column.name];
      // Who may not read the file does not learn that it is there.
      if (!session.access.mayUse(session.caller, 'read', table, column)) throw missing;
      if (!(content instanceof Uint8Array) || contentHash(content) !== stored.contenthash) throw missing;
      const place = { table, column, id: stored.recordid };
      await demandReplaceable(session, place);
      await setFile(session, place, null, null);
      await closeUpload(session, stored);
    });
    return { status: 204, headers: {} };
  },
};
