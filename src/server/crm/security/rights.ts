import { tableOf, type Model, type Table } from '../../odata/metadata.ts';
import type { Right } from '../../odata/session.ts';

/** AccessRights, as the documents number them. */
export const masks: ReadonlyMap<Right, number> = new Map<Right, number>([
  ['read', 1],
  ['write', 2],
  ['append', 4],
  ['appendTo', 16],
  ['create', 32],
  ['delete', 65_536],
  ['share', 262_144],
  ['assign', 524_288],
]);

export const rights: readonly Right[] = [...masks.keys()];

export function maskOf(right: Right): number {
  return masks.get(right) ?? 0;
}

/** `ReadAccess`, the name of a right in a list of rights. */
export function accessName(right: Right): string {
  return `${right.charAt(0).toUpperCase()}${right.slice(1)}Access`;
}

/** Names of tables in privileges, where they are not the table's own: all activities share theirs. */
const entityNames = new Map([
  ['activitypointer', 'Activity'],
  ['systemuser', 'User'],
  ['businessunit', 'BusinessUnit'],
  ['annotation', 'Note'],
  ['fieldsecurityprofile', 'FieldSecurityProfile'],
  ['transactioncurrency', 'Currency'],
]);

/** `prvReadContact`. */
export function privilegeName(right: Right, table: string): string {
  // The name of a custom table begins with its publisher's prefix, and stays as it is.
  const own = table.includes('_') ? table : `${table.charAt(0).toUpperCase()}${table.slice(1)}`;
  return `prv${right.charAt(0).toUpperCase()}${right.slice(1)}${entityNames.get(table) ?? own}`;
}

/** The table whose privileges decide about rows of `table`. */
export function governing(table: Table): string {
  if (table.activity) return 'activitypointer';
  return table.name === 'privilege' || table.name === 'roleprivileges' ? 'role' : table.name;
}

/** A row without an owner of its own belongs to the row that `column` points to: parties and attachments to their activity. */
export interface Parent {
  table: Table;
  column: string;
}

const known = new WeakMap<Model, Map<string, Parent[]>>();

/** Empty for a table whose rows stand for themselves. */
export function parentsOf(model: Model, table: Table): readonly Parent[] {
  if (table.owned) return [];
  let all = known.get(model);
  if (all === undefined) known.set(model, (all = readParents(model)));
  return all.get(table.name) ?? [];
}

function readParents(model: Model): Map<string, Parent[]> {
  const found = new Map<string, Parent[]>();
  for (const table of model.tables.values()) {
    for (const { target, column, cascades } of table.collections.values()) {
      const isChild = cascades.assign === 'cascade' && !tableOf(model, target).owned && target !== table.name;
      if (isChild) found.set(target, [...(found.get(target) ?? []), { table, column }]);
    }
  }
  return found;
}

/** The tables that have privileges of their own. */
export function privilegedTables(model: Model): string[] {
  const names = [...model.tables.values()].filter((table) => parentsOf(model, table).length === 0).map(governing);
  return [...new Set(names)].sort();
}

/** In which columns a row says whose it is; neither: it is the organisation's, and any depth reaches it. */
export function ownership(table: Table): { owner: string | undefined; unit: string | undefined } {
  if (table.owned) return { owner: 'ownerid', unit: 'owningbusinessunit' };
  if (['systemuser', 'usersettings', 'team'].includes(table.name)) return { owner: table.key, unit: 'businessunitid' };
  return { owner: undefined, unit: table.name === 'businessunit' ? table.key : undefined };
}

/** The column that says, with false, that a row is for everybody who may read the table at all. */
export function privacy(table: Table): string | undefined {
  return table.name === 'template' ? 'ispersonal' : undefined;
}
