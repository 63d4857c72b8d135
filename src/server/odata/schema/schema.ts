import type { Model, Table } from '../metadata.ts';
import { attributeDefinition } from './attribute-definitions.ts';
import type { Definition } from './definition.ts';
import { entityProperties, keyDefinition } from './entity-definitions.ts';
import { choiceOptions, isGlobal } from './option-sets.ts';
import { manyToMany, oneToMany } from './relationship-definitions.ts';

/** The roots of what can be asked about the schema, by the names of their sets. */
export type Schema = ReadonlyMap<string, readonly Definition[]>;

const made = new WeakMap<Model, { secured: string; schema: Schema }>();

/**
 * Made once for a model, and anew when other columns are secured: nothing else changes while the server runs.
 * @param secured `table.column` of each column that an administrator has secured
 */
export function schemaOf(model: Model, secured: ReadonlySet<string>): Schema {
  const names = [...secured].sort().join();
  const known = made.get(model);
  if (known?.secured === names) return known.schema;
  const schema = createSchema(model, secured);
  made.set(model, { secured: names, schema });
  return schema;
}

function createSchema(model: Model, secured: ReadonlySet<string>): Schema {
  const tables = [...model.tables.values()];
  const ones = new Map(
    tables.map((table) => [table.name, [...table.collections.values()].map((each) => oneToMany(model, table, each))]),
  );
  const many = new Map(
    tables.map((table) => [table.name, [...table.many.values()].map((each) => manyToMany(table, each))]),
  );
  const all = [...ones.values()].flat();
  const entity = (table: Table): Definition => {
    let attributes: Definition[] | undefined;
    const pointing = all.filter(({ properties }) => properties['ReferencingEntity'] === table.name);
    return {
      type: 'EntityMetadata',
      bases: [],
      properties: entityProperties(table),
      related: new Map<string, () => readonly Definition[]>([
        ['Attributes', () => (attributes ??= attributesOf(table, secured))],
        ['Keys', () => table.keys.map((key) => keyDefinition(table, key))],
        ['OneToManyRelationships', () => ones.get(table.name) ?? []],
        ['ManyToOneRelationships', () => pointing],
        ['ManyToManyRelationships', () => many.get(table.name) ?? []],
        ['Privileges', () => []],
      ]),
    };
  };
  return new Map([
    ['EntityDefinitions', tables.map(entity)],
    ['RelationshipDefinitions', [...all, ...distinct([...many.values()].flat())]],
    ['GlobalOptionSetDefinitions', globalOptions(tables)],
  ]);
}

function attributesOf(table: Table, secured: ReadonlySet<string>): Definition[] {
  return [...table.columns.values()].map((column, index) =>
    attributeDefinition(table, column, index + 1, secured.has(`${table.name}.${column.name}`)),
  );
}

function globalOptions(tables: readonly Table[]): Definition[] {
  return distinct(
    tables.flatMap((table) =>
      [...table.columns.values()].filter(isGlobal).map((column) => choiceOptions(table, column)),
    ),
  );
}

/** Both sides of a pair, and every table with a shared option set, bring the same definition. */
function distinct(definitions: readonly Definition[]): Definition[] {
  return [...new Map(definitions.map((each) => [String(each.properties['MetadataId']), each])).values()];
}
