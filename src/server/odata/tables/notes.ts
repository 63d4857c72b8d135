import { byServer, lookup, memo, named, plain, table, text, type Table } from '../metadata.ts';
import { activityTables } from './activities.ts';
import { imported, rare } from './shared-columns.ts';

/** What a note can be about. */
export const notedTables = ['account', 'contact', 'lead', 'opportunity', 'incident', ...activityTables] as const;

const annotation = table({
  name: 'annotation',
  label: 'Note',
  set: 'annotations',
  key: 'annotationid',
  primary: 'subject',
  owned: true,
  columns: {
    subject: named('Title', 500),
    notetext: memo('Description', 100_000),
    filename: text('File Name', 255),
    mimetype: text('Mime Type', 256),
    isdocument: plain('Is Document', 'boolean', { initial: false }),
    filesize: byServer(plain('File Size (Bytes)', 'integer')),
    objectid: lookup('Regarding', ...notedTables),
    documentbody: plain('Document', 'bytes', { heavy: true }),
    ...rare({ langid: text('Language ID', 2), stepid: text('Step Id', 32) }),
    ...imported,
  },
});

export const notes: readonly Table[] = [annotation];
