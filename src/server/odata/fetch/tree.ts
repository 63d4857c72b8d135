/**
 * What a FetchXML query says, checked for form; names of tables and columns are looked up later.
 * https://learn.microsoft.com/power-apps/developer/data-platform/fetchxml/reference/
 */
export interface Fetch {
  entity: Entity;
  aggregate: boolean;
  aggregateLimit: number;
  distinct: boolean;
  top: number | undefined;
  /** Rows of one page. */
  count: number | undefined;
  /** From 1; `undefined` when the query says nothing of pages. */
  page: number | undefined;
  cookie: string | undefined;
  returnCount: boolean;
  /** Choices are sorted by their numbers instead of their labels. */
  rawOrder: boolean;
}

/** A table of the query and what is wanted of it. */
export interface Entity {
  name: string;
  all: boolean;
  /** No columns at all, although none is named. */
  bare: boolean;
  attributes: Attribute[];
  orders: Order[];
  filters: Filter[];
  links: Link[];
}

export type LinkType = JoinType | FilterType;
/** Rows of the linked table stand beside those of the parent. */
export type JoinType = 'inner' | 'outer' | 'matchfirstrowusingcrossapply';
/** The linked table only says which rows of the parent are wanted. */
export type FilterType = 'exists' | 'in' | 'any' | 'not any' | 'all' | 'not all';

export interface Link extends Entity {
  type: LinkType;
  from: string;
  to: string;
  alias: string | undefined;
}

export type Aggregate = 'sum' | 'avg' | 'min' | 'max' | 'count' | 'countcolumn';
export type DateGrouping = 'day' | 'week' | 'month' | 'quarter' | 'year' | 'fiscal-period' | 'fiscal-year';

export interface Attribute {
  name: string;
  alias: string | undefined;
  aggregate: Aggregate | undefined;
  distinct: boolean;
  groupBy: boolean;
  dateGrouping: DateGrouping | undefined;
  /** Whether days begin by the clock of who asks, not by UTC. */
  userTimeZone: boolean;
  /** A number of rows that stand below this one in the hierarchy of its table. */
  countChildren: boolean;
}

export interface Order {
  attribute: string | undefined;
  alias: string | undefined;
  entityName: string | undefined;
  descending: boolean;
}

export interface Filter {
  type: 'and' | 'or';
  conditions: Condition[];
  filters: Filter[];
  links: Link[];
}

export interface Condition {
  attribute: string;
  entityName: string | undefined;
  operator: string;
  values: string[];
  /** Another column to compare with: `name` or `alias.name`. */
  valueOf: string | undefined;
}
