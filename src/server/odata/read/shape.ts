import type { Query } from '../parse/query.ts';

/** What the rows of an answer hold, as its context names it: `(name,primarycontactid(fullname))`. */
export function shapeOf({ select, expand }: Query): string {
  if (select === undefined && expand.length === 0) return '';
  const expanded = expand.map(({ navigation, query, reference }) =>
    reference ? `${navigation}/$ref()` : `${navigation}${shapeOf(query) || '()'}`,
  );
  return `(${[...(select ?? []), ...expanded].join(',')})`;
}
