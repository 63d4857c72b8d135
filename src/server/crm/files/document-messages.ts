import { HttpError } from '../../http/errors.ts';
import { badRequest } from '../../odata/bad-request.ts';
import { joinBlocks } from '../../odata/files/blocks.ts';
import { openDownload } from '../../odata/files/downloads.ts';
import { closeUpload, invalidToken, openUpload, requireUpload } from '../../odata/files/uploads.ts';
import { tableOf, type Column, type Table } from '../../odata/metadata.ts';
import type { Operation } from '../../odata/operations.ts';
import type { Row, Session, WriteSession } from '../../odata/session.ts';
import { isGuid, type Stored } from '../../odata/values.ts';
import { changeRow } from '../../odata/write/change-row.ts';
import { createRow } from '../../odata/write/create-row.ts';
import { readPayload } from '../../odata/write/payload.ts';
import { isTaken, requireRow } from '../../odata/write/write.ts';
import { readParameters } from '../parameters.ts';
import { readReference } from '../references.ts';
import { answerWith, readBlockList } from './block-parameters.ts';
import { demandAllowedName } from './file-name.ts';

/**
 * What notes and attachments hold, in blocks of at most 4 MB. The row is written when the file is complete, and not before.
 * https://learn.microsoft.com/power-apps/developer/data-platform/attachment-annotation-files
 */
interface Kind {
  /** As it stands in the names of the messages. */
  name: 'Annotation' | 'Attachment';
  table: 'annotation' | 'activitymimeattachment';
  body: 'documentbody' | 'body';
  idField: string;
}

const kinds: readonly Kind[] = [
  { name: 'Annotation', table: 'annotation', body: 'documentbody', idField: 'AnnotationId' },
  { name: 'Attachment', table: 'activitymimeattachment', body: 'body', idField: 'ActivityMimeAttachmentId' },
];

/** The row that `Target` describes, without its file: that comes in blocks. */
interface Target {
  table: Table;
  column: Column;
  body: Record<string, unknown>;
  filename: string;
  /** A note names its row, new or not; an attachment is always new. */
  id: string | null;
  before: Row | undefined;
}

async function readTarget(session: Session, kind: Kind, given: Record<string, unknown>): Promise<Target> {
  const table = tableOf(session.model, kind.table);
  const column = table.columns.get(kind.body);
  if (column === undefined) throw new Error(`${kind.table} has no ${kind.body}`);
  const type = given['@odata.type'];
  if (
    type !== undefined &&
    type !== `Microsoft.Dynamics.CRM.${kind.table}` &&
    type !== `#Microsoft.Dynamics.CRM.${kind.table}`
  )
    throw badRequest(`The parameter Target must be a row of ${kind.table}.`, '0x80048d19');
  const key = given[table.key];
  const left = new Set([table.key, kind.body, 'objecttypecode']);
  const body = Object.fromEntries(Object.entries(given).filter(([property]) => !left.has(property)));
  const filename = body['filename'];
  if (typeof filename !== 'string') throw badRequest('The Target needs a filename.', '0x80048d19');
  await demandAllowedName(session, { table, column }, filename);
  const named = typeof key === 'string' && isGuid(key) ? key.toLowerCase() : undefined;
  const taken = named !== undefined && (await isTaken(session, table, named));
  if (kind.name === 'Attachment') {
    if (taken) throw new HttpError(412, 'A record with matching key values already exists.', '0x80040237');
    return { table, column, body, filename, id: null, before: undefined };
  }
  if (named === undefined)
    throw badRequest('The Target needs an annotationid, also when the note is new.', '0x80048d19');
  // A row that the caller cannot see is not there, for a change as little as for reading.
  return {
    table,
    column,
    body,
    filename,
    id: named,
    before: taken ? await requireRow(session, table, named) : undefined,
  };
}

/** What the write at the end will be asked, asked now, so that nobody sends a file in vain. Nothing is written. */
async function demandWritable(session: WriteSession, { table, column, body, before, id }: Target): Promise<void> {
  const { caller, access } = session;
  const { values } = await readPayload(session, table, body);
  values.set(column.name, new Uint8Array());
  if (before !== undefined) return access.writes.beforeUpdate(session, table, before, values);
  const owner: [string, Stored][] = [
    ['ownerid', caller.userId],
    ['ownerid_type', 'systemuser'],
    ['owningbusinessunit', caller.businessUnitId],
  ];
  if (table.owned && !values.has('ownerid')) for (const [name, value] of owner) values.set(name, value);
  if (id !== null) values.set(table.key, id);
  await access.writes.beforeInsert(session, table, values);
}

const initializeUpload = (kind: Kind): Operation => {
  const name = `Initialize${kind.name}BlocksUpload`;
  return {
    name,
    kind: 'action',
    async run(call) {
      const given = readParameters(name, call.parameters, ['Target']).object('Target');
      return call.transaction(async (session) => {
        const target = await readTarget(session, kind, given);
        await demandWritable(session, target);
        const { table, column, id, filename } = target;
        const upload = { tablename: table.name, recordid: id, columnname: column.name, filename };
        return answerWith(session, name, { FileContinuationToken: await openUpload(session, upload) });
      });
    },
  };
};

const commitUpload = (kind: Kind): Operation => {
  const name = `Commit${kind.name}BlocksUpload`;
  return {
    name,
    kind: 'action',
    async run(call) {
      const read = readParameters(name, call.parameters, ['Target', 'BlockList', 'FileContinuationToken']);
      const [given, token] = [read.object('Target'), read.text('FileContinuationToken')];
      const list = readBlockList(call.parameters.get('BlockList'));
      return call.transaction(async (session) => {
        const upload = await requireUpload(session, token);
        if (upload.tablename !== kind.table) throw invalidToken();
        const { table, column, body, id, before } = await readTarget(session, kind, given);
        if (id !== upload.recordid)
          throw badRequest('The Target is not the row that the upload was begun for.', '0x80048d19');
        const file = await joinBlocks(session, upload, list);
        const preset = new Map<string, Stored>([
          [column.name, file],
          ...(id === null ? [] : [[table.key, id] as const]),
        ]);
        if (before !== undefined) await changeRow(session, table, before, body, preset);
        const written = before === undefined ? await createRow(session, table, body, preset) : id;
        await closeUpload(session, upload);
        return answerWith(session, name, { [kind.idField]: written, FileSizeInBytes: file.length });
      });
    },
  };
};

const initializeDownload = (kind: Kind): Operation => {
  const name = `Initialize${kind.name}BlocksDownload`;
  return {
    name,
    kind: 'action',
    async run({ parameters, session }) {
      const given = readParameters(name, parameters, ['Target']).object('Target');
      const { table, id } = readReference(session, 'Target', given, [kind.table]);
      const column = table.columns.get(kind.body);
      if (column === undefined) throw new Error(`${kind.table} has no ${kind.body}`);
      const { size, name: filename, token } = await openDownload(session, { table, column, id });
      return answerWith(session, name, { FileContinuationToken: token, FileSizeInBytes: size, FileName: filename });
    },
  };
};

export const documentMessages: readonly Operation[] = kinds.flatMap((kind) => [
  initializeUpload(kind),
  commitUpload(kind),
  initializeDownload(kind),
]);
