import { tableOf, type Column, type Model, type SingleNavigation, type Table } from '../metadata.ts';
import { element } from './xml.ts';

const ACTIVITY = 'activitypointer';

/** The primitive type that a column has in the JSON of the dialect. */
function edmType({ kind, name }: Column): string {
  switch (kind) {
    case 'string':
    case 'memo':
    case 'choices':
      return 'Edm.String';
    case 'integer':
    case 'choice':
      return 'Edm.Int32';
    case 'bigint':
      return 'Edm.Int64';
    case 'decimal':
    case 'money':
      return 'Edm.Decimal';
    case 'boolean':
      return 'Edm.Boolean';
    case 'datetime':
      return 'Edm.DateTimeOffset';
    case 'date':
      return 'Edm.Date';
    case 'guid':
    case 'lookup':
      return 'Edm.Guid';
    case 'bytes':
      // Files are texts in base64; only pictures are binary.
      return name.startsWith('entityimage') ? 'Edm.Binary' : 'Edm.String';
  }
}

/** What a table of activities inherits, and so does not say again. */
function baseOf(model: Model, table: Table): Table | undefined {
  return table.activity && table.name !== ACTIVITY ? tableOf(model, ACTIVITY) : undefined;
}

const people = new Set(['systemuser', 'team']);

export function entityType(model: Model, table: Table): string {
  const base = baseOf(model, table);
  const baseName = base !== undefined ? ACTIVITY : people.has(table.name) ? 'principal' : 'crmbaseentity';
  const key = element('Key', {}, [element('PropertyRef', { Name: table.key })]);
  const columns = [...table.columns.values()].filter(({ name }) => base?.columns.has(name) !== true);
  const singles = [...table.single.values()].filter(({ name }) => base?.single.has(name) !== true);
  return element('EntityType', { Name: table.name, BaseType: `mscrm.${baseName}` }, [
    ...(base === undefined ? [key] : []),
    ...columns.map((column) => property(table, column)),
    ...singles.map((navigation) => singleNavigation(model, table, navigation)),
    ...[...table.collections.values()].map(({ name, target, column }) =>
      element('NavigationProperty', {
        Name: name,
        Type: `Collection(mscrm.${target})`,
        Partner: partnerOfCollection(tableOf(model, target), column, table.name),
      }),
    ),
    ...[...table.many.values()].map(({ name, target }) =>
      element('NavigationProperty', { Name: name, Type: `Collection(mscrm.${target})`, Partner: name }),
    ),
  ]);
}

function property(table: Table, column: Column): string {
  const { kind, name, length } = column;
  const type = edmType(column);
  const annotations = [
    element('Annotation', { Term: 'Org.OData.Core.V1.Description', String: column.label }),
    ...(column.readOnly === true ? [element('Annotation', { Term: 'Org.OData.Core.V1.Computed', Bool: 'true' })] : []),
  ];
  const attributes = {
    Name: kind === 'lookup' ? `_${name}_value` : name,
    Type: type,
    Nullable: name === table.key ? 'false' : undefined,
    MaxLength: type === 'Edm.String' && length !== undefined && length < 1_000_000 ? String(length) : undefined,
    Scale: type === 'Edm.Decimal' ? 'variable' : undefined,
    Unicode: type === 'Edm.String' && (column.exact === true || kind === 'choices') ? 'false' : undefined,
  };
  return element('Property', attributes, annotations);
}

/**
 * The name from which a collection is the way back. An activity's own name (`regardingobjectid_contact_email`) belongs to the
 * collection of its kind, the inherited one to that of all activities.
 */
function partnerOfCollection(child: Table, column: string, parent: string): string | undefined {
  const names = [...child.single.values()].filter((each) => each.column === column && each.target === parent);
  const chosen = child.activity && child.name !== ACTIVITY ? names.at(-1) : names[0];
  return chosen?.name;
}

function partnerOfSingle(model: Model, table: Table, navigation: SingleNavigation): string | undefined {
  const target = tableOf(model, navigation.target);
  const back = [...target.collections.values()].find(
    ({ target: child, column }) => child === table.name && column === navigation.column,
  );
  const leadsBack = partnerOfCollection(table, navigation.column, target.name) === navigation.name;
  return leadsBack ? back?.name : undefined;
}

function singleNavigation(model: Model, table: Table, navigation: SingleNavigation): string {
  const { name, column, target } = navigation;
  // The owner is a user or a team: their common type has no key of its own, so it constrains nothing.
  const isOwner = name === 'ownerid';
  const constraint = element('ReferentialConstraint', {
    Property: `_${column}_value`,
    ReferencedProperty: tableOf(model, target).key,
  });
  return element(
    'NavigationProperty',
    {
      Name: name,
      Type: isOwner ? 'mscrm.principal' : `mscrm.${target}`,
      Partner: isOwner ? undefined : partnerOfSingle(model, table, navigation),
    },
    isOwner ? [] : [constraint],
  );
}

/** The set of a table, with the sets that its navigations lead to. */
export function entitySet(model: Model, table: Table): string {
  const bindings = [
    ...[...table.single.values()].filter(({ name }) => name !== 'ownerid'),
    ...table.collections.values(),
    ...table.many.values(),
  ].map(({ name, target }) =>
    element('NavigationPropertyBinding', { Path: name, Target: tableOf(model, target).setName }),
  );
  return element('EntitySet', { Name: table.setName, EntityType: `Microsoft.Dynamics.CRM.${table.name}` }, bindings);
}
