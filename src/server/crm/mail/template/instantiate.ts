import { sql } from 'kysely';
import { badRequest, shown } from '../../../odata/bad-request.ts';
import { identifier } from '../../../odata/identifier.ts';
import { tableOf, type Table } from '../../../odata/metadata.ts';
import type { Operation } from '../../../odata/operations.ts';
import { readPage } from '../../../odata/read/read.ts';
import type { Row, Session } from '../../../odata/session.ts';
import { doesNotExist, requireRow } from '../../../odata/write/write.ts';
import { readParameters } from '../../parameters.ts';
import { readGuid } from '../../references.ts';
import { fillHtml, fillText, type Values } from './fill.ts';

/** An e-mail that is not stored yet. */
export interface Draft {
  subject: string;
  description: string;
}

/** `POST InstantiateTemplate { TemplateId, ObjectType, ObjectId }` -> `{ value: [an unsaved e-mail] }`, ready to be POSTed. */
export const instantiateTemplate: Operation = {
  name: 'InstantiateTemplate',
  kind: 'action',
  async run({ parameters, session }) {
    const read = readParameters('InstantiateTemplate', parameters, ['TemplateId', 'ObjectType', 'ObjectId']);
    const templateId = readGuid('TemplateId', read.text('TemplateId'));
    const table = session.model.tables.get(read.text('ObjectType'));
    if (table === undefined)
      throw badRequest(`The parameter ObjectType names no table: "${shown(read.text('ObjectType'))}".`, '0x80048d19');
    const id = readGuid('ObjectId', read.text('ObjectId'));
    const draft = await instantiate(session, templateId, table, id);
    const navigation = [...tableOf(session.model, 'email').single.values()].find(
      ({ name, column, target }) => column === 'regardingobjectid' && target === table.name && name.endsWith('_email'),
    );
    const email = {
      '@odata.type': '#Microsoft.Dynamics.CRM.email',
      ...draft,
      ...(navigation === undefined ? {} : { [`${navigation.name}@odata.bind`]: `/${table.setName}(${id})` }),
    };
    const context = `${session.root}$metadata#Collection(mscrm.crmbaseentity)`;
    return { status: 200, headers: {}, body: { '@odata.context': context, value: [email] } };
  },
};

/**
 * Fills a template from a row, as the caller may see both: what the caller may not read is empty.
 * @throws {HttpError} 404 for a template or row that is not visible, 400 for a template of another table
 */
export async function instantiate(session: Session, templateId: string, table: Table, id: string): Promise<Draft> {
  const template = await requireRow(session, tableOf(session.model, 'template'), templateId);
  const type = String(template['templatetypecode']).toLowerCase();
  if (type !== table.name && type !== 'systemuser' && type !== '8')
    throw badRequest(`The template is for rows of ${shown(type)}, not of ${table.name}.`, '0x80040203');
  const rows = new Map([[table.name, await readForPeople(session, table, id)]]);
  const user = tableOf(session.model, 'systemuser');
  rows.set('systemuser', rows.get('systemuser') ?? (await readForPeople(session, user, session.caller.userId)));
  const values: Values = (name, column) => valueOf(session, rows, name, column);
  const text = (column: string) => (typeof template[column] === 'string' ? template[column] : '');
  return { subject: fillText(text('subject'), values).slice(0, 800), description: fillHtml(text('body'), values) };
}

/** The row with the names and dates that people read. */
async function readForPeople(session: Session, table: Table, id: string): Promise<Row> {
  session.access.demand(session.caller, 'read', table);
  const page = await readPage({
    session,
    table,
    query: { select: undefined, filter: undefined, order: [], top: undefined, expand: [], count: false },
    parameters: new Map(),
    annotations: () => true,
    among: ({ alias }) => sql<boolean>`${sql.ref(alias)}.${identifier(table.key)} = ${id}`,
    heavy: true,
    pageSize: 1,
  });
  const [row] = page.rows;
  if (row === undefined) throw doesNotExist(table, id);
  return row;
}

/** Tables and columns go by their names or by their labels: `{!Contact:First Name}`. `user` is who asks. */
function valueOf(session: Session, rows: ReadonlyMap<string, Row>, name: string, column: string): string | undefined {
  const wanted = name.toLowerCase() === 'user' ? 'systemuser' : name.toLowerCase();
  const table = [...rows.keys()].map((each) => tableOf(session.model, each)).find((each) => is(each, wanted));
  const row = rows.get(table?.name ?? '');
  const found = [...(table?.columns.values() ?? [])].find((each) => is(each, column.toLowerCase()));
  if (row === undefined || found === undefined) return undefined;
  const key = found.kind === 'lookup' ? `_${found.name}_value` : found.name;
  const value =
    row[`${key}@OData.Community.Display.V1.FormattedValue`] ?? (found.kind === 'lookup' ? undefined : row[key]);
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;
}

function is({ name, label }: { name: string; label: string }, wanted: string): boolean {
  return name === wanted || label.toLowerCase() === wanted;
}
