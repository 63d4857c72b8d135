import { badRequest, shown } from '../bad-request.ts';
import type { Comparison, Condition, Operand } from '../parse/filter.ts';
import type { Query } from '../parse/query.ts';
import type { Definition } from './definition.ts';

const KNOWN_EVERYWHERE = 'MetadataId';

/** Definitions as they go over the wire. @throws {HttpError} 400 naming a property or navigation that they do not have */
export function presentDefinitions(
  definitions: readonly Definition[],
  query: Query,
  polymorphic: boolean,
): Record<string, unknown>[] {
  demandProperties(definitions, query);
  const { filter } = query;
  const found = filter === undefined ? definitions : definitions.filter((each) => fulfils(each, filter));
  return found.map((each) => presentDefinition(each, query, polymorphic));
}

function presentDefinition(definition: Definition, query: Query, polymorphic: boolean): Record<string, unknown> {
  const { properties, related, type } = definition;
  const names =
    query.select === undefined ? Object.keys(properties) : [...new Set([...query.select, KNOWN_EVERYWHERE])];
  const row: Record<string, unknown> = polymorphic ? { '@odata.type': `#Microsoft.Dynamics.CRM.${type}` } : {};
  for (const name of names) if (Object.hasOwn(properties, name)) row[name] = properties[name];
  for (const { navigation, query: inner } of query.expand) {
    const value = related.get(navigation)?.();
    if (isList(value)) row[navigation] = presentDefinitions(value, inner, isPolymorphic(navigation));
    else row[navigation] = value === undefined ? null : presentDefinition(value, inner, false);
  }
  return row;
}

export function isList(value: readonly Definition[] | Definition | undefined): value is readonly Definition[] {
  return Array.isArray(value);
}

export function isPolymorphic(set: string): boolean {
  return set === 'Attributes' || set === 'RelationshipDefinitions' || set === 'GlobalOptionSetDefinitions';
}

/** What all of them have: a cast narrows them down to a type that has more. */
function demandProperties(definitions: readonly Definition[], { select = [], expand }: Query): void {
  for (const each of definitions) {
    const unknown =
      select.find((name) => !Object.hasOwn(each.properties, name) && !each.related.has(name)) ??
      expand.find(({ navigation }) => !each.related.has(navigation))?.navigation;
    if (unknown !== undefined) throw unknownProperty(unknown, each);
  }
}

function unknownProperty(name: string, { type, bases }: Definition) {
  return badRequest(
    `Could not find a property named '${shown(name)}' on type 'Microsoft.Dynamics.CRM.${bases[0] ?? type}'.`,
    '0x80060888',
  );
}

function fulfils(definition: Definition, condition: Condition): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.parts.every((part) => fulfils(definition, part));
    case 'or':
      return condition.parts.some((part) => fulfils(definition, part));
    case 'not':
      return !fulfils(definition, condition.of);
    case 'compare':
      return compare(condition.operator, valueOf(definition, condition.left), valueOf(definition, condition.right));
    case 'text':
    case 'any':
    case 'all':
    case 'call':
      throw badRequest('Definitions are filtered by comparing properties with eq, ne, and, or and not only.');
  }
}

function valueOf(definition: Definition, operand: Operand): unknown {
  switch (operand.kind) {
    case 'literal':
      return operand.value;
    case 'alias':
      throw badRequest(`The parameter alias ${shown(operand.name)} cannot be used with definitions.`);
    case 'path':
      return follow(definition, operand.segments);
  }
}

function follow(definition: Definition, segments: readonly string[]): unknown {
  let value: unknown = definition.properties;
  for (const segment of segments) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment))
      throw unknownProperty(segments.join('/'), definition);
    value = Reflect.get(value, segment);
  }
  return value;
}

function compare(operator: Comparison, left: unknown, right: unknown): boolean {
  switch (operator) {
    case 'eq':
      return left === right;
    case 'ne':
      return left !== right;
    case 'gt':
    case 'ge':
    case 'lt':
    case 'le':
      throw badRequest(`Definitions are compared with eq and ne, not with ${operator}.`);
  }
}
