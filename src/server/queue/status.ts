import { sql, type RawBuilder, type Selectable } from 'kysely';
import type { ChangeReason, ChangeResult, ChangeStatus } from '../../model/change.ts';
import { MalformedChange, parseChangeResult, parseReason } from '../../model/parse-change.ts';
import type { Engine } from '../db/engine.ts';
import type { Columns } from './records.ts';
import type { LedgerTables } from './tables.ts';

const names = [
  'seq',
  'id',
  'owner',
  'lane',
  'kind',
  'state',
  'head',
  'attempts',
  'due_at',
  'reason_code',
  'reason_message',
  'result',
  'changed_at',
] as const;

const numbers: readonly string[] = ['seq', 'head', 'attempts', 'due_at', 'changed_at'];

/** What `statusColumns` are, for `recordsAs`. */
export const statusShape: Columns = Object.fromEntries(
  names.map((name) => [name, numbers.includes(name) ? 'bigint' : 'text']),
);

/** A row without its body, which may be megabytes of mail. */
export type StatusRow = Pick<Selectable<LedgerTables['ledger_change']>, (typeof names)[number]>;

export const statusColumns: RawBuilder<unknown> = sql.join(names.map((name) => sql.ref(name)));

/** @param position how many of its lane are before it, where that is known */
export function statusOf(row: StatusRow, position: number | null = null): ChangeStatus {
  const { id, lane, kind, state } = row;
  return {
    id,
    lane,
    kind: kind as ChangeStatus['kind'],
    state: state === 'dropped' ? 'refused' : state,
    at: new Date(row.changed_at).toISOString(),
    reason: reasonOf(row),
    nextTryAt: state === 'queued' ? new Date(row.due_at).toISOString() : null,
    position: state === 'queued' ? position : null,
    result: resultOf(row.result),
  };
}

/** `statusOf` as text, made by the database from columns that this version of the program has just written. */
export function statusText(engine: Engine): RawBuilder<string> {
  const object = sql.raw(engine === 'postgres' ? 'json_build_object' : 'json_object');
  const reason = sql`case when reason_code is not null
    then ${object}('code', reason_code, 'message', coalesce(reason_message, '')) end`;
  return sql<string>`cast(${object}('id', id, 'lane', lane, 'kind', kind,
    'state', case state when 'dropped' then 'refused' else state end, 'at', ${momentText(engine, sql`changed_at`)},
    'reason', ${engine === 'postgres' ? reason : sql`json(${reason})`},
    'nextTryAt', case when state = 'queued' then ${momentText(engine, sql`due_at`)} end, 'position', null,
    'result', ${engine === 'postgres' ? sql`cast(result as json)` : sql`json(result)`}) as text)`;
}

/** Milliseconds since 1970 as JavaScript writes them. */
function momentText(engine: Engine, moment: RawBuilder<unknown>): RawBuilder<unknown> {
  return engine === 'postgres'
    ? sql`to_char(timestamp '1970-01-01' + ${moment} * interval '1 millisecond', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
    : sql`strftime('%Y-%m-%dT%H:%M:%fZ', ${moment} / 1000.0, 'unixepoch')`;
}

function reasonOf({ reason_code: code, reason_message: message }: StatusRow): ChangeReason | null {
  if (code === null) return null;
  const said = message ?? '';
  return readOr({ code: 'refused', message: said }, () => parseReason({ code, message: said }));
}

function resultOf(text: string | null): ChangeResult | null {
  return text === null ? null : readOr(null, () => parseChangeResult(JSON.parse(text)));
}

/** Another version may have written words of its own; a status is told all the same. */
function readOr<Answer>(otherwise: Answer, read: () => Answer): Answer {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedChange || error instanceof SyntaxError) return otherwise;
    throw error;
  }
}
