import { sql } from 'kysely';
import type { Change, ChangeReason, Tried } from '../../model/change.ts';
import { MalformedChange, parseChange } from '../../model/parse-change.ts';
import { isFoundBy, recordsAs } from './records.ts';
import type { Scope } from './scope.ts';
import type { SettleStep } from './settle.ts';
import type { Write } from './write.ts';

export interface Claim {
  readonly change: Change;
  readonly owner: string;
  readonly seq: number;
  /** The fencing number. */
  readonly generation: number;
  readonly attempts: number;
  /** Claims before this one, in a row, whose worker was never heard of again. */
  readonly deaths: number;
  /** Milliseconds since it was accepted, by the ledger's clock. */
  readonly age: number;
}

/** Up to `most` claims of different lanes; their rows stand in it once the transaction is through, those due longest first. */
export interface ClaimStep {
  readonly kind: 'claim';
  /** Asked when the transaction begins: those that finish with it have made room by then. */
  readonly most: () => number;
  rows: readonly ClaimRow[];
}

/** Renewed every third of it; a worker that is silent for longer has lost its claim. */
export const leaseTime = 60_000;

/** A Change whose worker died so often in a row is what kills them. */
export const mostDeaths = 5;

const poison: ChangeReason = {
  code: 'poison',
  message: `The server broke off ${mostDeaths} times while carrying it out.`,
};
const unreadable: ChangeReason = {
  code: 'unreadable',
  message: 'It was written by another version of this program, or it is damaged.',
};

export interface ClaimRow extends Omit<Claim, 'change'> {
  readonly id: string;
  readonly body: string;
  readonly tried: string | null;
  readonly due_at: number;
}

/** What others hold is passed over, what a dead worker held is taken. */
export function claiming({ engine, now }: Pick<Scope, 'engine' | 'now'>, step: ClaimStep): Write {
  return {
    given: null,
    change: () => sql`with picked as materialized (
        select seq as picked_seq from ledger_change
        where head = 1 and due_at <= ${now()} and (lease_until is null or lease_until < ${now()})
        order by due_at, seq limit ${Math.max(0, step.most())} ${engine === 'postgres' ? sql`for update skip locked` : sql``})
      update ledger_change set
        lease_until = ${now()} + ${sql.lit(leaseTime)}, attempts = attempts + 1, generation = generation + 1,
        deaths = case when lease_until is null then deaths else deaths + 1 end
      from picked where ${isFoundBy(engine, sql`seq`, sql`picked_seq`)}
      returning seq, id, owner, body, tried, generation, attempts, deaths, due_at, ${now()} - accepted_at as age`,
    returned: {},
    effects: [],
    heard(rows: readonly ClaimRow[]) {
      step.rows = [...rows].sort((a, b) => a.due_at - b.due_at || a.seq - b.seq);
    },
  };
}

/** Null where nobody can read what was wished for. */
function readClaim(row: ClaimRow): Claim | null {
  const { owner, seq, generation, attempts, deaths, age } = row;
  try {
    return { change: readChange(row), owner, seq, generation, attempts, deaths, age };
  } catch (error) {
    if (error instanceof MalformedChange || error instanceof SyntaxError) return null;
    throw error;
  }
}

function readChange({ body, tried }: ClaimRow): Change {
  const change: unknown = JSON.parse(body);
  if (tried === null || typeof change !== 'object') return parseChange(change);
  return parseChange({ ...change, tried: (JSON.parse(tried) as unknown) ?? undefined });
}

/** What can be carried out, and the ends of what cannot: their lanes go on. */
export function readClaims(rows: readonly ClaimRow[]): { claims: readonly Claim[]; parked: readonly SettleStep[] } {
  const claims: Claim[] = [];
  const parked: SettleStep[] = [];
  for (const row of rows) {
    const claim = readClaim(row);
    if (claim !== null && row.deaths < mostDeaths) claims.push(claim);
    else parked.push(park(row, row.deaths < mostDeaths ? unreadable : poison));
  }
  return { claims, parked };
}

function park({ seq, generation }: ClaimRow, reason: ChangeReason): SettleStep {
  return { kind: 'settle', seq, generation, change: null, outcome: { state: 'refused', reason }, owner: null };
}

/** True while the claim stands: nobody else has claimed the row since. */
export async function renew({ tables, now }: Scope, { seq, generation }: Claim): Promise<boolean> {
  const renewed = await tables
    .updateTable('ledger_change')
    .set({ lease_until: sql<number>`${now()} + ${sql.lit(leaseTime)}` })
    .where('seq', '=', seq)
    .where('generation', '=', generation)
    .where('state', '=', 'queued')
    .executeTakeFirst();
  return renewed.numUpdatedRows === 1n;
}

/** Writes down what the claim's try found, or that its outcome is known. False, and nothing is written, when the claim was lost. */
export async function note({ tables }: Scope, { seq, generation }: Claim, tried: Tried | null): Promise<boolean> {
  const noted = await tables
    .updateTable('ledger_change')
    .set({ tried: JSON.stringify(tried) })
    .where('seq', '=', seq)
    .where('generation', '=', generation)
    .where('state', '=', 'queued')
    .executeTakeFirst();
  return noted.numUpdatedRows === 1n;
}

/**
 * Of each whether nobody else has claimed the row since. It writes nothing, so it costs no flush; it is asked before a write
 * to the CRM unless the claim is new. Asked by `seq` alone, PostgreSQL takes its index, however small it thinks the table is.
 */
export async function stand({ tables, engine }: Scope, claims: readonly Claim[]): Promise<readonly boolean[]> {
  const seqs = claims.map(({ seq }) => seq);
  const among =
    engine === 'postgres'
      ? sql`seq = any(${seqs}::bigint[])`
      : sql`seq in (select value from json_each(${JSON.stringify(seqs)}))`;
  const { rows } = await sql<{ seq: number; generation: number }>`select seq, generation from ledger_change
    where ${among} and state = 'queued'`.execute(tables);
  const standing = new Map(rows.map(({ seq, generation }) => [seq, generation]));
  return claims.map(({ seq, generation }) => standing.get(seq) === generation);
}

const held = { of_seq: 'bigint', of_generation: 'bigint' } as const;

/** Gives claims back that were not begun; they are suspected as they were. */
export async function release({ tables, engine }: Scope, claims: readonly Claim[]): Promise<void> {
  const records = claims.map(({ seq, generation }) => ({ of_seq: seq, of_generation: generation }));
  await sql`update ledger_change set lease_until = null, attempts = attempts - 1
    from ${recordsAs(engine, held, records)}
    where seq = of_seq and generation = of_generation and state = 'queued'`.execute(tables);
}

/** Milliseconds until a row nobody holds becomes due, 0 when one is; null when nothing is queued. */
export async function untilDue({ tables, now }: Scope): Promise<number | null> {
  const { rows } = await sql<{ wait: number }>`select due_at - ${now()} as wait from ledger_change
    where head = 1 and (lease_until is null or lease_until < ${now()}) order by due_at, seq limit 1`.execute(tables);
  const [next] = rows;
  return next === undefined ? null : Math.max(0, next.wait);
}
