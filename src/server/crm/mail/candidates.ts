import { sql } from 'kysely';
import { isOneOf } from '../../db/engine.ts';
import { fold } from '../../db/fold.ts';
import { tableOf } from '../../odata/metadata.ts';
import { columnRef, newScope, newStatement } from '../../odata/read/scope.ts';
import type { Session } from '../../odata/session.ts';

/** A row that has an address, in one of its e-mail columns. */
export interface Candidate {
  table: string;
  id: string;
  /** Folded. */
  address: string;
  /** 1 for emailaddress1 and so on. */
  columnNumber: number;
  ownerId: string | null;
  createdOn: string;
  active: boolean;
}

/** Which tables are asked, in the documented order of preference. */
const order = ['systemuser', 'contact', 'account', 'lead', 'team', 'queue'];
/** Above this many rows an address says nothing about who wrote. */
const TOO_MANY = 100;

/**
 * All rows that the caller may see which have one of the addresses, keyed by folded address, in the order of preference:
 * table, then the row that was made first.
 */
export async function findCandidates(
  session: Session,
  addresses: readonly string[],
): Promise<Map<string, Candidate[]>> {
  const wanted = [...new Set(addresses.map(fold))];
  const found = new Map<string, Candidate[]>(wanted.map((address) => [address, []]));
  if (wanted.length === 0) return found;
  for (const name of order) {
    for (const candidate of await readCandidates(session, name, wanted)) found.get(candidate.address)?.push(candidate);
  }
  return found;
}

async function readCandidates(session: Session, name: string, wanted: readonly string[]): Promise<Candidate[]> {
  const table = tableOf(session.model, name);
  const statement = newStatement(session);
  const scope = newScope(statement, table);
  const visible = session.access.readable(session.caller, table, scope.alias);
  const own = (column: string) => sql.ref(`${scope.alias}.${column}`);
  const active =
    name === 'systemuser'
      ? sql`1 - coalesce(${own('isdisabled')}, 0)`
      : table.states.size > 0
        ? sql`1 - ${own('statecode')}`
        : sql`1`;
  const candidates: Candidate[] = [];
  const columns = [...table.columns.values()].filter((column) => column.email === true);
  for (const [index, column] of columns.entries()) {
    const { folded } = columnRef(scope, column);
    const { rows } = await sql<{
      id: string;
      address: string;
      owner: string | null;
      createdon: string;
      active: number;
    }>`
      select ${own(table.key)} as id, ${folded} as address, ${table.owned ? own('ownerid') : sql`null`} as owner, ${own('createdon')} as createdon, ${active} as active
      from ${sql.table(table.name)} as ${sql.ref(scope.alias)}
      where ${isOneOf(session.engine, folded, wanted)}${visible === undefined ? sql`` : sql` and ${visible}`}
      order by ${own('createdon')}, ${own(table.key)} limit ${wanted.length * TOO_MANY + 1}`.execute(session.queries);
    for (const row of rows) {
      candidates.push({
        table: name,
        id: row.id,
        address: row.address,
        columnNumber: index + 1,
        ownerId: row.owner,
        createdOn: row.createdon,
        active: Number(row.active) === 1,
      });
    }
  }
  return withoutDoubles(candidates).sort((a, b) =>
    a.createdOn < b.createdOn ? -1 : a.createdOn > b.createdOn ? 1 : 0,
  );
}

function withoutDoubles(candidates: readonly Candidate[]): Candidate[] {
  const seen = new Set<string>();
  return candidates.filter(({ id, address }) => {
    const known = seen.has(`${id} ${address}`);
    seen.add(`${id} ${address}`);
    return !known;
  });
}

/**
 * The one row a sender is: the first in the order, but a row that the mailbox's owner owns before any other. A disabled
 * user is nobody; an inactive row counts only when it is the only one.
 */
export function chooseSender(candidates: readonly Candidate[], mailboxOwner: string): Candidate | undefined {
  const possible = candidates.filter(({ table, active }) => active || table !== 'systemuser');
  if (possible.length > TOO_MANY) return undefined;
  if (possible.length === 1) return possible[0];
  const active = possible.filter((candidate) => candidate.active);
  return active.find(({ ownerId }) => ownerId === mailboxOwner) ?? active[0];
}

/** All rows a recipient is. */
export function chooseRecipients(candidates: readonly Candidate[]): readonly Candidate[] {
  const possible = candidates.filter(({ table, active }) => active || table !== 'systemuser');
  const active = possible.filter((candidate) => candidate.active);
  const chosen = active.length > 0 ? active : possible.length === 1 ? possible : [];
  return chosen.length > TOO_MANY ? [] : chosen;
}

/** Mail of the organisation itself: written by one of its users, disabled ones included, or from one of its queues. */
export function isOutgoing(candidates: readonly Candidate[]): boolean {
  return candidates.some(({ table }) => table === 'systemuser' || table === 'queue');
}
