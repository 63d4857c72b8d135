import { HttpError } from '../../http/errors.ts';
import { shown } from '../bad-request.ts';
import type { ApiRequest, ApiResponse } from '../message.ts';
import type { Table } from '../metadata.ts';
import type { Call, Operation } from '../operations.ts';
import type { Preferences } from '../parse/prefer.ts';
import type { Query } from '../parse/query.ts';
import type { Session, WriteSession } from '../session.ts';

export type HasDuplicates = (session: WriteSession, table: Table, id: string) => Promise<boolean>;

/** Where a request runs: alone, or inside the transaction of a change set. */
export interface Place {
  session: Session;
  transaction: Call['transaction'];
  operations: readonly Operation[];
  /** Longest $filter: shorter in an address than in a batch. */
  filterLength: number;
  /**
   * Whether another row is the same as the stored row `id`, by the duplicate rules that are published. Asked inside the
   * write, when a client sends MSCRM.SuppressDuplicateDetection: false.
   */
  hasDuplicates?: HasDuplicates | undefined;
}

/** A request with everything that was read from it, and where it runs. */
export interface Ask {
  place: Place;
  request: ApiRequest;
  options: ReadonlyMap<string, string>;
  query: Query;
  prefer: Preferences;
}

/** The same request inside a transaction. */
export function inside(ask: Ask, session: WriteSession): Ask {
  return { ...ask, place: { ...ask.place, session } };
}

/** Runs what the method means at this address. @throws {HttpError} 405 naming the methods that are possible */
export function allow({ request }: Ask, methods: Record<string, () => Promise<ApiResponse>>): Promise<ApiResponse> {
  const run = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
  if (run !== undefined) return run();
  const allowed = Object.keys(methods).join(', ');
  throw new HttpError(405, `${shown(request.method)} is not possible at this address; ${allowed} is.`, '0x80060888', {
    allow: allowed,
  });
}

export function ok(body: object | string): ApiResponse {
  return { status: 200, headers: {}, body };
}
