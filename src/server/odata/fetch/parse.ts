import { badRequest, shown } from '../bad-request.ts';
import { invalidElement, readAttributes, type Known } from './attributes.ts';
import { parseFilter, type Budget } from './parse-filter.ts';
import type { Aggregate, Attribute, DateGrouping, Entity, Fetch, Link, LinkType, Order } from './tree.ts';
import { readXml, type XmlElement } from './xml.ts';

const LINKS = 15;
const AGGREGATE_LIMIT = 50_000;
const LARGEST_PAGE = 5_000;

/** @param limit longest text, in UTF-16 units @throws {HttpError} 400 naming the element or attribute that is wrong */
export function parseFetch(source: string, limit: number): Fetch {
  const root = readXml(source, limit);
  if (root.name !== 'fetch') throw invalidElement(root, 'the root, which is fetch');
  const [entity, ...others] = root.children;
  if (entity === undefined) throw badRequest('A required element was not specified: entity.', '0x80041123');
  const wrong = others[0] ?? (entity.name === 'entity' ? undefined : entity);
  if (wrong !== undefined) throw invalidElement(wrong, 'fetch');
  const known = readAttributes(root, FETCH);
  const fetch = readOptions(known, readEntity(entity));
  demandPaging(fetch);
  return fetch;
}

const HINTS = ['version', 'mapping', 'no-lock', 'latematerialize', 'options', 'output-format', 'utc-offset'];
const PAGING = ['count', 'page', 'paging-cookie', 'top', 'returntotalrecordcount'];
const FETCH = [...HINTS, ...PAGING, 'aggregate', 'aggregatelimit', 'distinct', 'useraworderby'];

function readOptions(known: Known, entity: Entity): Fetch {
  return {
    entity,
    aggregate: known.boolean('aggregate'),
    aggregateLimit: Math.min(known.positive('aggregatelimit') ?? AGGREGATE_LIMIT, AGGREGATE_LIMIT),
    distinct: known.boolean('distinct'),
    top: known.positive('top'),
    count: known.positive('count'),
    page: known.positive('page'),
    cookie: known.text('paging-cookie'),
    returnCount: known.boolean('returntotalrecordcount'),
    rawOrder: known.boolean('useraworderby'),
  };
}

function demandPaging({ top, count, page, cookie, returnCount }: Fetch): void {
  if (top === undefined) return;
  const other = page !== undefined ? 'page' : cookie !== undefined ? 'paging-cookie' : count !== undefined && 'count';
  if (other !== false) throw badRequest(`The top attribute can't be specified with paging attribute ${other}.`);
  if (returnCount) throw badRequest("The top attribute can't be specified with returntotalrecordcount.");
  if (top > LARGEST_PAGE) throw badRequest(`The top attribute cannot exceed ${LARGEST_PAGE}.`);
}

function readEntity(element: XmlElement): Entity {
  const known = readAttributes(element, ['name', 'enableprefiltering', 'prefilterparametername']);
  return { name: known.required('name'), ...readBody(element, { links: 0, conditions: 0 }) };
}

/** What `entity` and `link-entity` have in common. */
function readBody(element: XmlElement, budget: Budget): Omit<Entity, 'name'> {
  const body: Omit<Entity, 'name'> = { all: false, bare: false, attributes: [], orders: [], filters: [], links: [] };
  for (const child of element.children) {
    switch (child.name) {
      case 'all-attributes':
        readAttributes(child, []);
        body.all = true;
        break;
      case 'no-attrs':
        readAttributes(child, []);
        body.bare = true;
        break;
      case 'attribute':
        body.attributes.push(readAttribute(child));
        break;
      case 'order':
        body.orders.push(readOrder(child));
        break;
      case 'filter':
        body.filters.push(parseFilter(child, budget, readLink));
        break;
      case 'link-entity':
        body.links.push(readLink(child, budget));
        break;
      default:
        throw invalidElement(child, element.name);
    }
  }
  return body;
}

const LINK_TYPES = new Map<string, LinkType>([
  ['inner', 'inner'],
  ['natural', 'inner'],
  ['outer', 'outer'],
  ['matchfirstrowusingcrossapply', 'matchfirstrowusingcrossapply'],
  ['exists', 'exists'],
  ['in', 'in'],
  ['any', 'any'],
  ['not any', 'not any'],
  ['all', 'all'],
  ['not all', 'not all'],
]);
const LINK = ['name', 'from', 'to', 'alias', 'link-type', 'intersect', 'visible'];

function readLink(element: XmlElement, budget: Budget): Link {
  budget.links += 1;
  if (budget.links > LINKS) throw badRequest('Number of link entities in query exceeded maximum limit.', '0x8004430D');
  const known = readAttributes(element, [...LINK, 'enableprefiltering', 'prefilterparametername']);
  const given = known.text('link-type') ?? 'inner';
  const type = LINK_TYPES.get(given);
  if (type === undefined) throw badRequest(`Unsupported join operator: ${shown(given)}.`, '0x80041117');
  known.boolean('intersect');
  return {
    name: known.required('name'),
    from: known.required('from'),
    to: known.required('to'),
    alias: known.name('alias'),
    type,
    ...readBody(element, budget),
  };
}

const AGGREGATES = new Map<string, Aggregate>(
  (['sum', 'avg', 'min', 'max', 'count', 'countcolumn'] as const).map((name) => [name, name]),
);
const GROUPINGS = new Map<string, DateGrouping>(
  (['day', 'week', 'month', 'quarter', 'year', 'fiscal-period', 'fiscal-year'] as const).map((name) => [name, name]),
);
const ATTRIBUTE = ['name', 'alias', 'aggregate', 'groupby', 'dategrouping', 'distinct', 'usertimezone', 'rowaggregate'];

function readAttribute(element: XmlElement): Attribute {
  const known = readAttributes(element, [...ATTRIBUTE, 'build', 'addedby']);
  if (element.children[0] !== undefined) throw invalidElement(element.children[0], 'attribute');
  const aggregate = known.oneOf('aggregate', AGGREGATES, '0x8004111a');
  const groupBy = known.boolean('groupby');
  if (aggregate !== undefined && groupBy)
    throw badRequest('An attribute can either be an aggregate or a Group By but not both.', '0x80041137');
  return {
    name: known.required('name'),
    alias: known.name('alias'),
    aggregate,
    distinct: known.boolean('distinct'),
    groupBy,
    dateGrouping: known.oneOf('dategrouping', GROUPINGS, '0x80041135'),
    userTimeZone: known.text('usertimezone') === undefined || known.boolean('usertimezone'),
    countChildren: known.oneOf('rowaggregate', new Map([['CountChildren', true]]), '0x8004111a') ?? false,
  };
}

function readOrder(element: XmlElement): Order {
  const known = readAttributes(element, ['attribute', 'alias', 'entityname', 'descending']);
  if (element.children[0] !== undefined) throw invalidElement(element.children[0], 'order');
  return {
    attribute: known.text('attribute'),
    alias: known.text('alias'),
    entityName: known.text('entityname'),
    descending: known.boolean('descending'),
  };
}
