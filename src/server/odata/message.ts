import { toHttpError, errorBody } from '../http/errors.ts';
import { badRequest } from './bad-request.ts';
import type { KeptFile } from './files/pieces.ts';
import { demandJson } from './negotiation.ts';
import { parseJson } from './parse/json.ts';

/** A request of the Web API, alone or as part of a batch. */
export interface ApiRequest {
  method: string;
  /** Escaped, after the root of the service. */
  path: string;
  /** Escaped, after the question mark. */
  search: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  body: Buffer | undefined;
  /** Long files of the body, which were stored while it was read; what stands for them in the body. */
  files?: ReadonlyMap<string, KeptFile> | undefined;
}

export interface ApiResponse {
  status: number;
  headers: Record<string, string>;
  /** An object is sent as JSON, a text as plain text. */
  body?: object | string | Buffer;
}

/** @throws {HttpError} 400, 415 */
export function readJson({ body, headers }: Pick<ApiRequest, 'body' | 'headers'>): unknown {
  if (body === undefined || body.length === 0) throw badRequest('The request needs a JSON body.', '0x80048d19');
  demandJson(headers['content-type']);
  return parseJson(body);
}

/** Anything thrown, as the response that a client gets instead. */
export function errorResponse(thrown: unknown): ApiResponse {
  const error = toHttpError(thrown);
  return { status: error.status, headers: { ...error.headers }, body: errorBody(error.code, error.message) };
}
