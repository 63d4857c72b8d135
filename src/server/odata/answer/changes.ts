import { badRequest } from '../bad-request.ts';
import { keptDays } from '../changes/deletions.ts';
import { countChanges, demandOptions, demandTracking, readChanges } from '../changes/read.ts';
import { isTracking, readToken, readTracking, writeToken, writeTracking, type DeltaToken } from '../changes/token.ts';
import type { ApiResponse } from '../message.ts';
import type { Table } from '../metadata.ts';
import type { Row } from '../session.ts';
import { ok, type Ask } from './ask.ts';

/**
 * Whether a list is asked for with its changes: by preference, by a delta link, or as the next page of either.
 * @throws {HttpError} 400 for a delta link to rows that belong to another one: only whole tables are tracked
 */
export function wantsChanges({ prefer, options }: Ask, whole: boolean): boolean {
  if (!whole && options.has('$deltatoken')) throw badRequest('A $deltatoken has no meaning for a part of a table.');
  if (!whole) return false;
  return prefer.trackChanges || options.has('$deltatoken') || isTracking(options.get('$skiptoken'));
}

/**
 * `contacts` with `Prefer: odata.track-changes`, and the delta links that follow from it.
 * https://learn.microsoft.com/power-apps/developer/data-platform/use-change-tracking-synchronize-data-external-systems
 */
export async function listChanges(ask: Ask, table: Table): Promise<ApiResponse> {
  const { place, query, prefer, options } = ask;
  const { session } = place;
  demandOptions(options);
  demandTracking(session, table);
  const since = await sinceOf(ask, table);
  const skipToken = options.get('$skiptoken');
  const cookie = skipToken === undefined ? undefined : readTracking(skipToken, table);
  const request = { session, table, query, annotations: prefer.annotations, pageSize: prefer.maxPageSize };
  const changes = await readChanges({ ...request, since, cookie });
  if (prefer.trackChanges) prefer.applied.push('odata.track-changes');
  const shape = query.select === undefined ? '' : `(${query.select.join(',')})`;
  const set = `${session.root}$metadata#${table.setName}`;
  const body: Row = { '@odata.context': `${set}${shape}${since === undefined ? '' : '/$delta'}` };
  if (changes.cookie === undefined)
    body['@odata.deltaLink'] = linkTo(ask, ['$select'], `$deltatoken=${writeToken(changes.next)}`);
  const gone = changes.deleted.map(({ id }) => ({
    '@odata.context': `${set}/$deletedEntity`,
    id,
    reason: 'deleted',
  }));
  body['value'] = [...changes.rows, ...gone];
  if (changes.cookie !== undefined)
    body['@odata.nextLink'] = linkTo(ask, ['$select', '$deltatoken'], `$skiptoken=${writeTracking(changes.cookie)}`);
  return ok(body);
}

/** `contacts/$count?$deltatoken=...` */
export async function answerChangeCount(ask: Ask, table: Table): Promise<ApiResponse> {
  const { session } = ask.place;
  demandOptions(ask.options);
  demandTracking(session, table);
  const since = await sinceOf(ask, table);
  const count = since === undefined ? 0 : await countChanges({ session, table }, since);
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: String(count) };
}

async function sinceOf({ place, options }: Ask, table: Table): Promise<DeltaToken | undefined> {
  const source = options.get('$deltatoken');
  if (source === undefined) return undefined;
  return readToken(source, table, place.session.now(), await keptDays(place.session));
}

/** The same address with only these of its options, and one more. */
function linkTo({ place, request }: Ask, kept: readonly string[], option: string): string {
  const options = request.search.split('&').filter((pair) => {
    const name = pair.split('=')[0]?.replace(/^%24/, '$') ?? '';
    return kept.includes(name);
  });
  return `${place.session.root}${request.path}?${[...options, option].join('&')}`;
}
