import { HttpError } from '../../http/errors.ts';
import { badRequest, shown } from '../bad-request.ts';
import type { Place } from '../answer/ask.ts';
import { readJson, type ApiRequest, type ApiResponse } from '../message.ts';
import { notFound, splitPath, type Segment } from '../parse/address.ts';
import { parseArguments } from '../parse/filter.ts';
import { parseQuery, splitOptions, unescape, type Query } from '../parse/query.ts';
import { metadataDocument } from './csdl.ts';
import { isMetadataType, type Definition } from './definition.ts';
import { isList, isPolymorphic, presentDefinitions } from './query-definitions.ts';
import { isAttribute, putAttribute } from './put-attribute.ts';
import { schemaOf } from './schema.ts';

const SCHEMA = /^(?:(?:\$|%24)metadata|EntityDefinitions|RelationshipDefinitions|GlobalOptionSetDefinitions)(?![\w.])/i;
const NAMESPACE = 'Microsoft.Dynamics.CRM.';

/** Whether an address asks about the schema instead of rows. */
export function asksForSchema(path: string): boolean {
  return SCHEMA.test(path);
}

type Found =
  | { kind: 'list'; items: readonly Definition[]; set: string }
  | { kind: 'one'; item: Definition; polymorphic: boolean }
  | { kind: 'value'; value: unknown }
  | { kind: 'count'; items: readonly Definition[] };

/** `$metadata` and the definitions of tables, columns, relationships and option sets: to be read; columns to be secured. */
export async function answerSchema(place: Place, request: ApiRequest): Promise<ApiResponse> {
  const { model, root, caller } = place.session;
  if (request.path.length > 4_096) throw badRequest('The address is too long.', '0x80044331');
  const path = unescape(request.path.replaceAll('+', '%2B'));
  const schema = () => walk(schemaOf(model, caller.standing.secured), splitPath(path));
  if (request.method !== 'GET') return write(place, request, schema);
  if (/^\$metadata$/i.test(path)) return metadataDocument(model, place.operations, request.headers['if-none-match']);
  const options = splitOptions(request.search.replaceAll(ENUMERATED, "'$1'"));
  const query = parseQuery(options, { length: 32_768, aliases: false });
  if (query.order.length > 0 || query.top !== undefined)
    throw badRequest('The query options $orderby and $top are not supported for definitions.');
  return respond(schema(), query, `${root}$metadata#${path}`);
}

/** @throws {HttpError} 405 for everything but the PUT of a column's definition */
async function write(place: Place, request: ApiRequest, find: () => Found): Promise<ApiResponse> {
  const found = /\/Attributes(?:\(|%28)/i.test(request.path) ? find() : undefined;
  const attribute = found?.kind === 'one' && isAttribute(found.item) ? found.item : undefined;
  if (attribute !== undefined && request.method === 'PUT') return putAttribute(place, attribute, readJson(request));
  throw new HttpError(
    405,
    'Definitions are read-only here, but for IsSecured of a column: tables and columns are declared where the server is set up.',
    '0x80060888',
    { allow: attribute === undefined ? 'GET' : 'GET, PUT' },
  );
}

/** `Microsoft.Dynamics.CRM.AttributeTypeCode'Picklist'` is compared as its text. */
const ENUMERATED = /Microsoft\.Dynamics\.CRM\.\w+(?:'|%27)(\w+)(?:'|%27)/g;

function walk(schema: ReadonlyMap<string, readonly Definition[]>, [first, ...rest]: Segment[]): Found {
  const items = schema.get(first?.name ?? '');
  if (first === undefined || items === undefined) throw notFound(first?.name ?? '');
  let found = within({ kind: 'list', items, set: first.name }, first);
  for (const segment of rest) found = step(found, segment);
  return found;
}

function within(list: Extract<Found, { kind: 'list' }>, { inside }: Segment): Found {
  if (inside === undefined) return list;
  return { kind: 'one', item: byKey(list.items, inside), polymorphic: isPolymorphic(list.set) };
}

function byKey(items: readonly Definition[], inside: string): Definition {
  const isGuid = /^[0-9a-f-]{36}$/i.test(inside);
  const argument = isGuid ? undefined : [...parseArguments(inside)][0];
  const [name, value] = isGuid
    ? ['MetadataId', inside.toLowerCase()]
    : [argument?.[0] ?? '', argument?.[1].kind === 'literal' ? argument[1].value : undefined];
  if (!['MetadataId', 'LogicalName', 'SchemaName', 'Name'].includes(name))
    throw badRequest(`The key names ${shown(name)} do not match the declared keys of a definition.`);
  const found = items.find(({ properties }) => properties[name] === value);
  if (found === undefined)
    throw new HttpError(
      404,
      `Could not find an entity or attribute with ${name} = ${shown(String(value))}.`,
      '0x80060888',
    );
  return found;
}

function step(found: Found, segment: Segment): Found {
  if (found.kind === 'list') return stepIntoList(found, segment);
  if (found.kind !== 'one') throw notFound(segment.name);
  const { item } = found;
  if (segment.name.startsWith(NAMESPACE)) {
    if (!isA(item, segment.name)) throw notFound(segment.name);
    return { ...found, polymorphic: false };
  }
  const follow = item.related.get(segment.name);
  if (follow !== undefined) {
    const value = follow();
    if (isList(value)) return within({ kind: 'list', items: value, set: segment.name }, segment);
    if (value === undefined) return { kind: 'value', value: null };
    return { kind: 'one', item: value, polymorphic: false };
  }
  if (!Object.hasOwn(item.properties, segment.name)) throw notFound(segment.name);
  return { kind: 'value', value: item.properties[segment.name] };
}

function stepIntoList(list: Extract<Found, { kind: 'list' }>, segment: Segment): Found {
  if (segment.name === '$count') return { kind: 'count', items: list.items };
  if (!segment.name.startsWith(NAMESPACE)) throw notFound(segment.name);
  const items = list.items.filter((item) => isA(item, segment.name));
  // A table may have no column of a kind that there is.
  if (items.length === 0 && !isMetadataType(segment.name.slice(NAMESPACE.length))) throw notFound(segment.name);
  return within({ kind: 'list', items, set: segment.name }, segment);
}

function isA({ type, bases }: Definition, name: string): boolean {
  const wanted = name.slice(NAMESPACE.length);
  return type === wanted || bases.includes(wanted);
}

function respond(found: Found, query: Query, context: string): ApiResponse {
  const ok = (body: object): ApiResponse => ({ status: 200, headers: {}, body });
  switch (found.kind) {
    case 'list': {
      const value = presentDefinitions(found.items, query, isPolymorphic(found.set));
      const count = query.count ? { '@odata.count': value.length } : {};
      return ok({ '@odata.context': context, ...count, value });
    }
    case 'one': {
      const [checked] = presentDefinitions([found.item], { ...query, filter: undefined }, found.polymorphic);
      return ok({ '@odata.context': `${context}/$entity`, ...checked });
    }
    case 'count': {
      const rows = presentDefinitions(found.items, { ...query, select: undefined, expand: [] }, false);
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: String(rows.length) };
    }
    case 'value':
      return found.value === null
        ? { status: 204, headers: {} }
        : ok({ '@odata.context': context, value: found.value });
  }
}
