/** Tables a mail can be regarding, in the order the search shows them. */
export const regardingTables = ['contact', 'account', 'lead', 'opportunity', 'incident'] as const;
export type RegardingTable = (typeof regardingTables)[number];

/** Tables an address resolves to. */
export const personTables = ['contact', 'lead', 'account', 'systemuser'] as const;
export type PersonTable = (typeof personTables)[number];

export type RecordTable = RegardingTable | PersonTable | 'email';

/** A row of the CRM with the name people know it by. `id` is a GUID in lower case without braces. */
export interface RecordRef<Table extends string = RecordTable> {
  readonly table: Table;
  readonly id: string;
  readonly name: string;
}

export type RegardingRef = RecordRef<RegardingTable>;

/** What an address turned out to be: enough to name the person in the first frame. */
export interface Person extends RecordRef<PersonTable> {
  readonly email: string;
  readonly jobTitle: string | null;
  readonly company: RecordRef<'account'> | { readonly table: null; readonly name: string } | null;
  readonly phone: string | null;
  readonly mobile: string | null;
  readonly owner: string | null;
  /** False for an inactive contact or lead, or a disabled user. */
  readonly active: boolean;
}

export interface OpenDeal {
  readonly record: RecordRef<'opportunity'>;
  /** Formatted by the CRM, with its currency. */
  readonly value: string | null;
  /** ISO date. */
  readonly closesOn: string | null;
}

export interface OpenCase {
  readonly record: RecordRef<'incident'>;
  readonly number: string | null;
  readonly status: string | null;
}

export interface ActivityGlance {
  readonly id: string;
  /** Logical name: email, phonecall, appointment, task, letter. */
  readonly type: string;
  readonly subject: string;
  /** ISO 8601. */
  readonly at: string | null;
}

/** The slower half of the card. */
export interface PersonDetails {
  readonly opportunities: readonly OpenDeal[];
  readonly cases: readonly OpenCase[];
  readonly lastActivity: ActivityGlance | null;
  readonly nextActivity: ActivityGlance | null;
}

const setNames: Readonly<Record<RecordTable, string>> = {
  account: 'accounts',
  contact: 'contacts',
  lead: 'leads',
  opportunity: 'opportunities',
  incident: 'incidents',
  systemuser: 'systemusers',
  email: 'emails',
};

/** The entity set name, as it stands in a Web API address. */
export function setNameOf(table: RecordTable): string {
  return setNames[table];
}

export function isRegardingTable(value: string): value is RegardingTable {
  return (regardingTables as readonly string[]).includes(value);
}
