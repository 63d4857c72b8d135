import { memo, named, plain, required, table, text, type Table } from '../metadata.ts';
import { imported, rare } from './shared-columns.ts';

const LONG = 1_073_741_823;

const template = table({
  name: 'template',
  label: 'Email Template',
  set: 'templates',
  key: 'templateid',
  primary: 'title',
  owned: true,
  columns: {
    title: required(named('Title', 200)),
    description: memo('Description'),
    subject: memo('Subject', LONG),
    body: memo('Body', LONG),
    /** The table whose columns it puts in; `systemuser` for a template that fits all. */
    templatetypecode: required(text('Template Type', 64)),
    languagecode: required(plain('Language', 'integer', { initial: 1033 })),
    ispersonal: plain('Viewable By', 'boolean', { initial: false }),
    mimetype: text('MIME Type', 256),
    ...rare({
      subjectpresentationxml: memo('Subject Presentation XML', LONG),
      presentationxml: memo('Presentation XML', LONG),
      subjectsafehtml: memo('Subject Safe HTML', LONG),
      safehtml: memo('Safe HTML', LONG),
      generationtypecode: plain('Generation Type Code', 'integer', { initial: 0 }),
    }),
    ...imported,
  },
});

export const templates: readonly Table[] = [template];
