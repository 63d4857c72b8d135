import { CrmError, type CrmErrorCode } from '../model/errors.ts';
import { isObject } from '../model/is-object.ts';
import type { BodyPart } from './json-body.ts';

/**
 * One request, one answer or one CrmError: no retries here. Trying again belongs to the owner of the durable record (the
 * outbox's drain, the ledger's worker), because only it knows what a repetition means.
 */
export interface Http {
  readonly baseUrl: string;
  /** Resolves for every 2xx and for the statuses in `accept`; rejects with a CrmError for everything else. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Resolves with the open answer once its head is there and good; the body may go on for ever until the signal aborts. */
  open(request: HttpRequest & { readonly signal: AbortSignal }): Promise<Response>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Relative to the base address. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** In parts: one body after all, see `HttpOptions.join`. */
  readonly body?: string | Blob | readonly BodyPart[];
  readonly signal?: AbortSignal;
  /** Further statuses that are an answer, for example 404. */
  readonly accept?: readonly number[];
  /** Milliseconds until the answer must be whole; the http's own limit when absent. */
  readonly timeout?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed body; throws 'unavailable' when it is not JSON, since a proxy's page with status 200 is no answer of the CRM. */
  json(): unknown;
}

/** A bearer token; with `renew` another than the kept one, which was refused, for `claims` that the other side asked for. */
export type GetToken = (request?: { readonly renew: true; readonly claims?: string }) => Promise<string>;

export interface HttpOptions {
  readonly fetch: typeof fetch;
  readonly baseUrl: string;
  readonly token: GetToken;
  /** Milliseconds; 8,000 unless told: a person waits no longer for "done" before "queued" is better. */
  readonly timeout?: number;
  /** Sent with every request, for example CallerObjectId. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes one body of parts; a Blob of Blobs unless told, which a browser keeps where it likes and sends with its length. */
  readonly join?: (parts: readonly BodyPart[]) => JoinedBody;
}

export interface JoinedBody {
  readonly body: NonNullable<RequestInit['body']>;
  /** What fetch demands of a body that is read while it is sent. */
  readonly duplex?: 'half';
  readonly headers?: Readonly<Record<string, string>>;
}

const joinBlobs = (parts: readonly BodyPart[]): JoinedBody => ({ body: new Blob(parts as Blob[]) });

const defaultTimeout = 8_000;

export function createHttp(options: HttpOptions): Http {
  const baseUrl = options.baseUrl.endsWith('/') ? options.baseUrl : `${options.baseUrl}/`;
  return {
    baseUrl,
    send: (request) => send(options, baseUrl, request),
    open: (request) => open(options, baseUrl, request),
  };
}

async function send(options: HttpOptions, baseUrl: string, request: HttpRequest): Promise<HttpAnswer> {
  const limit = AbortSignal.timeout(request.timeout ?? options.timeout ?? defaultTimeout);
  const signal = request.signal ? AbortSignal.any([limit, request.signal]) : limit;
  const exchanged = (token: string) => exchange(options, baseUrl, request, token, signal, limit);
  const { response, text } = await withToken(options, exchanged, ({ response }) => response);
  if (!response.ok && !(request.accept ?? []).includes(response.status)) throw errorFrom(response, text);
  return { status: response.status, headers: response.headers, text, json: () => parseJson(text, response.status) };
}

/**
 * Asks with the kept token, and once more with a new one when it is refused: it may have ended on its way, been revoked, or
 * lack what a policy asks for (a claims challenge). A 401 is not carried out, so the repetition has one effect. When there is
 * no other token, the first answer stands: the person signs in, nobody is signed out.
 */
async function withToken<Answer>(
  { token }: HttpOptions,
  ask: (token: string) => Promise<Answer>,
  responseOf: (answer: Answer) => Response,
): Promise<Answer> {
  const first = await token();
  const answer = await ask(first);
  const { status, headers } = responseOf(answer);
  if (status !== 401) return answer;
  const claims = claimsIn(headers.get('www-authenticate'));
  const second = await token({ renew: true, ...(claims === undefined ? {} : { claims }) }).catch((error: unknown) => {
    if (error instanceof CrmError && error.code === 'unauthorized') return first;
    throw error; // nobody to ask just now is no sign-in that is missing
  });
  return second === first ? answer : ask(second);
}

/** `WWW-Authenticate: Bearer error="insufficient_claims", claims="<base64>"` (continuous access evaluation). */
function claimsIn(challenge: string | null): string | undefined {
  const encoded = /\bclaims="([^"]+)"/.exec(challenge ?? '')?.[1];
  if (encoded === undefined) return undefined;
  try {
    return encoded.startsWith('{') ? encoded : atob(encoded.replace(/-/g, '+').replace(/_/g, '/'));
  } catch {
    return undefined;
  }
}

async function exchange(
  options: HttpOptions,
  baseUrl: string,
  request: HttpRequest,
  token: string,
  signal: AbortSignal,
  limit: AbortSignal,
): Promise<{ response: Response; text: string }> {
  try {
    const response = await options.fetch(baseUrl + request.path, initOf(options, request, token, signal));
    return { response, text: await response.text() };
  } catch (cause) {
    throw noAnswer(request, limit.aborted, cause);
  }
}

async function open(
  options: HttpOptions,
  baseUrl: string,
  request: HttpRequest & { signal: AbortSignal },
): Promise<Response> {
  const ask = async (token: string): Promise<Response> => {
    try {
      return await options.fetch(baseUrl + request.path, initOf(options, request, token, request.signal));
    } catch (cause) {
      throw noAnswer(request, false, cause);
    }
  };
  const response = await withToken(options, ask, (answer) => answer);
  if (!response.ok) throw errorFrom(response, await response.text());
  return response;
}

function initOf(options: HttpOptions, request: HttpRequest, token: string, signal: AbortSignal): RequestInit {
  const { headers, ...body } = bodyOf(options, request);
  return {
    method: request.method,
    headers: { ...options.headers, ...request.headers, ...headers, authorization: `Bearer ${token}` },
    ...body,
    signal,
    // A sign-in page reached by redirect is no answer; without this fetch would follow it and hand us its HTML.
    redirect: 'error',
  };
}

function bodyOf({ join = joinBlobs }: HttpOptions, { body }: HttpRequest): Partial<JoinedBody> {
  if (body === undefined) return {};
  return typeof body === 'string' || body instanceof Blob ? { body } : join(body);
}

/** What a rejected fetch means. The caller's own abort is passed on as it is: nothing failed. */
function noAnswer(request: HttpRequest, late: boolean, cause: unknown): unknown {
  if (request.signal?.aborted) return cause;
  const facts = { outcomeUnknown: request.method !== 'GET' };
  return late
    ? new CrmError('unavailable', 'No answer in time.', facts, cause)
    : new CrmError('offline', 'No connection.', facts, cause);
}

function parseJson(text: string, status: number): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new CrmError('unavailable', 'The answer makes no sense.', { status, outcomeUnknown: true }, cause);
  }
}

function codeOf(status: number): CrmErrorCode {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
      return 'not-found';
    case 408:
    case 425:
      return 'unavailable';
    case 409:
    case 412:
      return 'conflict';
    case 429:
      return 'throttled';
    default:
      return status >= 500 || status < 400 ? 'unavailable' : 'refused';
  }
}

/** An HTTP answer as a CrmError; also for the parts of a batch. `body` is the text as received. */
export function errorFrom(answer: { status: number; headers: Headers }, body: string): CrmError {
  const said = readErrorBody(body);
  const code = codeOf(answer.status);
  const retryAfter = parseRetryAfter(answer.headers.get('retry-after'), answer.headers.get('date'));
  return new CrmError(code, said.message ?? `The CRM answered ${answer.status}.`, {
    status: answer.status,
    outcomeUnknown: answer.status >= 500,
    ...(said.code === undefined ? {} : { crmCode: said.code }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

/** `{ "error": { "code", "message" } }`, the body of every Web API error; anything else says nothing. */
function readErrorBody(body: string): { code?: string; message?: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return {}; // an error page of something in between: the status alone speaks
  }
  const error = isObject(parsed) && isObject(parsed['error']) ? parsed['error'] : {};
  const { code, message } = error;
  return {
    ...(typeof code === 'string' && code !== '' ? { code } : {}),
    ...(typeof message === 'string' && message !== '' ? { message: message.slice(0, 500) } : {}),
  };
}

/**
 * Retry-After in milliseconds (RFC 9110 10.2.3): seconds, or a date measured against the answer's own Date header, so that
 * this machine's clock does not matter. Nonsense and negative values say nothing.
 */
export function parseRetryAfter(value: string | null, date: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const until = Date.parse(value);
  const from = date === null ? Number.NaN : Date.parse(date);
  return Number.isNaN(until) || Number.isNaN(from) || until < from ? undefined : until - from;
}
