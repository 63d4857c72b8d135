import { badRequest, shown } from '../bad-request.ts';
import { invalidElement, readAttributes } from './attributes.ts';
import type { Condition, Filter, Link } from './tree.ts';
import type { XmlElement } from './xml.ts';

/** Links and conditions of one query, counted while it is read. */
export interface Budget {
  links: number;
  conditions: number;
}

const CONDITIONS = 500;
const VALUES = 2_000;
const FILTER = ['type', 'hint', 'isquickfindfields', 'overridequickfindrecordlimitenabled'];

/** @param readLink reads a link-entity inside a filter, which belongs to the whole query */
export function parseFilter(
  element: XmlElement,
  budget: Budget,
  readLink: (element: XmlElement, budget: Budget) => Link,
): Filter {
  const known = readAttributes(element, [...FILTER, 'overridequickfindrecordlimitdisabled']);
  const types = new Map([
    ['and', 'and' as const],
    ['or', 'or' as const],
  ]);
  const filter: Filter = {
    type: known.oneOf('type', types, '0x80041122') ?? 'and',
    conditions: [],
    filters: [],
    links: [],
  };
  for (const child of element.children) {
    if (child.name === 'condition') filter.conditions.push(readCondition(child, budget));
    else if (child.name === 'filter') filter.filters.push(parseFilter(child, budget, readLink));
    else if (child.name === 'link-entity') filter.links.push(readLink(child, budget));
    else throw invalidElement(child, 'filter');
  }
  const joined = filter.links.find(({ type }) => ['inner', 'outer', 'matchfirstrowusingcrossapply'].includes(type));
  if (joined !== undefined)
    throw badRequest(`The link-type ${joined.type} has no place in a filter: ${shown(joined.name)}.`, '0x80041121');
  return filter;
}

const CONDITION = ['attribute', 'entityname', 'operator', 'value', 'valueof', 'uiname', 'uitype', 'uihidden'];

function readCondition(element: XmlElement, budget: Budget): Condition {
  budget.conditions += 1;
  if (budget.conditions > CONDITIONS) throw badRequest(`The query has more than ${CONDITIONS} conditions.`);
  const known = readAttributes(element, CONDITION);
  const value = known.text('value');
  const values = element.children.map((child) => {
    if (child.name !== 'value' || child.children.length > 0) throw invalidElement(child, 'condition');
    readAttributes(child, ['uiname', 'uitype']);
    return child.text;
  });
  if (values.length > VALUES) throw badRequest(`A condition holds at most ${VALUES} values.`);
  return {
    attribute: known.required('attribute'),
    entityName: known.text('entityname'),
    operator: known.required('operator'),
    values: value === undefined ? values : [value, ...values],
    valueOf: known.text('valueof'),
  };
}
