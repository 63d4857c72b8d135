import { sql } from 'kysely';
import { limit } from '../../db/engine.ts';
import type { Database } from '../../db/open.ts';
import { tableOf, type Model } from '../../odata/metadata.ts';
import type { Session, WriteSession } from '../../odata/session.ts';
import { storedTime, type Stored } from '../../odata/values.ts';
import { insertRow } from '../../odata/write/write.ts';
import { systemSession } from '../organisation.ts';

/** A published rule: a row of `base` is the same as one of `matching` when all conditions hold. */
export interface DuplicateRule {
  matching: string;
  caseSensitive: boolean;
  /** Inactive rows are nobody's duplicates. */
  activeOnly: boolean;
  conditions: readonly Condition[];
}

export interface Condition {
  base: string;
  matching: string;
  /** operatorcode: 0 exact, 1 first characters, 2 last characters, 3 same date, 4 same date and time, 5 and 6 same choice. */
  operator: number;
  length: number;
  ignoresBlank: boolean;
}

interface StoredCondition {
  id: string;
  matching: string;
  sensitive: number | null;
  active: number | null;
  basecolumn: string;
  matchingcolumn: string;
  operator: number;
  length: number | null;
  blank: number | null;
}

const MOST = 500;

/** The published rules of a table, as an organisation's rules: whoever asks, all of them count. */
export async function readRules({ queries }: Session, base: string): Promise<DuplicateRule[]> {
  const { rows } = await sql<StoredCondition>`select r.duplicateruleid as id, r.matchingentityname as matching,
      r.iscasesensitive as sensitive, r.excludeinactiverecords as active, c.baseattributename as basecolumn,
      c.matchingattributename as matchingcolumn, c.operatorcode as operator, c.operatorparam as length, c.ignoreblankvalues as blank
    from duplicaterule as r join duplicaterulecondition as c on c.regardingobjectid = r.duplicateruleid
    where r.statecode = 1 and r.baseentityname = ${base} order by r.duplicateruleid, c.duplicateruleconditionid${limit(MOST)}`.execute(
    queries,
  );
  const rules = new Map<string, DuplicateRule & { conditions: Condition[] }>();
  for (const row of rows) {
    const { matching, sensitive, active } = row;
    const known = rules.get(row.id) ?? {
      matching,
      caseSensitive: sensitive === 1,
      activeOnly: active === 1,
      conditions: [],
    };
    known.conditions.push({
      base: row.basecolumn,
      matching: row.matchingcolumn,
      operator: Number(row.operator),
      length: Number(row.length ?? 0),
      ignoresBlank: row.blank === 1,
    });
    rules.set(row.id, known);
  }
  return [...rules.values()];
}

const shipped = [
  ['Contacts with the same e-mail address', 'contact', 'emailaddress1'],
  ['Leads with the same e-mail address', 'lead', 'emailaddress1'],
  ['Accounts with the same e-mail address', 'account', 'emailaddress1'],
  ['Accounts with the same account name', 'account', 'name'],
] as const;

/** The rules that an organisation begins with: made once, so that one which was deleted stays away. */
export async function shipRules(
  options: { database: Database; model: Model; now: () => Date },
  organisation: { organizationId: string; businessUnitId: string },
): Promise<void> {
  await options.database.transaction(async (queries) => {
    const { rows } = await sql`insert into crm_counter (name, value) values ('shipped-duplicate-rules', 1)
      on conflict do nothing returning name`.execute(queries);
    if (rows.length === 0) return;
    const session = systemSession(options, queries, organisation.organizationId, organisation.businessUnitId);
    for (const [name, table, column] of shipped) await addRule(session, name, table, column);
  });
}

async function addRule(session: WriteSession, name: string, table: string, column: string): Promise<void> {
  const rule = new Map<string, Stored>([
    ['name', name],
    ['baseentityname', table],
    ['matchingentityname', table],
    ['statecode', 1],
    ['createdon', storedTime(session.now())],
  ]);
  const id = await insertRow(session, tableOf(session.model, 'duplicaterule'), rule);
  const condition = new Map<string, Stored>([
    ['regardingobjectid', id ?? null],
    ['baseattributename', column],
    ['matchingattributename', column],
    ['operatorcode', 0],
    ['ignoreblankvalues', 1],
  ]);
  await insertRow(session, tableOf(session.model, 'duplicaterulecondition'), condition);
}
