import { badRequest, shown } from '../../odata/bad-request.ts';
import type { Column, Table } from '../../odata/metadata.ts';
import type { Operation } from '../../odata/operations.ts';
import { isPolymorphic } from '../../odata/read/scope.ts';
import { toJson, type Stored } from '../../odata/values.ts';
import type { Session } from '../../odata/session.ts';
import { readParameters } from '../parameters.ts';
import { readRow } from '../references.ts';
import { mapRow } from './mappings.ts';

/** TargetFieldType; those for a new row and for a change are the same columns here. */
const fieldTypes = ['All', 'ValidForCreate', 'ValidForUpdate', 'ValidForRead'];

/**
 * `GET InitializeFrom(EntityMoniker=@m,TargetEntityName=@n,TargetFieldType=@t)` -> an unsaved row of the target table, filled
 * by the standard maps from the row that EntityMoniker names; its lookups stand there as `..@odata.bind`.
 */
export const initializeFrom: Operation = {
  name: 'InitializeFrom',
  kind: 'function',
  async run({ parameters, session }) {
    const read = readParameters('InitializeFrom', parameters, ['EntityMoniker', 'TargetEntityName', 'TargetFieldType']);
    const table = session.model.tables.get(read.text('TargetEntityName'));
    if (table === undefined)
      throw badRequest(
        `The parameter TargetEntityName names no table: "${shown(read.text('TargetEntityName'))}".`,
        '0x80048d19',
      );
    const fields = parameters.get('TargetFieldType');
    if (!fieldTypes.some((type) => type === fields))
      throw badRequest(
        `The parameter TargetFieldType must be one of ${fieldTypes.slice(0, 4).join(', ')}.`,
        '0x80048d19',
      );
    const from = await readRow(session, 'EntityMoniker', read.object('EntityMoniker'), [
      ...session.model.tables.keys(),
    ]);
    session.access.demand(session.caller, 'read', from.table);
    const values = mapRow(session, from.table, from.row, table);
    if (values === undefined)
      throw badRequest(`There is no map from ${from.table.name} to ${table.name}.`, '0x80040203');
    const head = {
      '@odata.context': `${session.root}$metadata#${table.setName}/$entity`,
      '@odata.type': `#Microsoft.Dynamics.CRM.${table.name}`,
    };
    return { status: 200, headers: {}, body: { ...head, ...present(session, table, values) } };
  },
};

function present(session: Session, table: Table, values: ReadonlyMap<string, Stored>): Record<string, unknown> {
  const shownColumns = [...table.columns.values()].filter(
    ({ name, readOnly }) => values.has(name) && readOnly !== true,
  );
  return Object.fromEntries(
    shownColumns.map((column) =>
      column.kind === 'lookup'
        ? binding(session, table, column, values)
        : [column.name, toJson(column, values.get(column.name))],
    ),
  );
}

function binding(
  session: Session,
  table: Table,
  { name, targets = [] }: Column,
  values: ReadonlyMap<string, Stored>,
): [string, unknown] {
  const target = isPolymorphic(table, name) ? values.get(`${name}_type`) : targets[0];
  const navigation = [...table.single.values()].find((each) => each.column === name && each.target === target);
  const set = session.model.tables.get(String(target))?.setName ?? '';
  return [`${navigation?.name ?? name}@odata.bind`, `${set}(${String(values.get(name))})`];
}
