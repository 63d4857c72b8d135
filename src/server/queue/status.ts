import { sql, type RawBuilder, type Selectable } from 'kysely';
import type { ChangeReason, ChangeResult, ChangeStatus } from '../../model/change.ts';
import { MalformedChange, parseChangeResult, parseReason } from '../../model/parse-change.ts';
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
