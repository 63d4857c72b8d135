import { isObject } from '../../../model/is-object.ts';
import { SourceError } from '../source.ts';
import { readRetryAfter, toSourceError, tokenError, type GraphRefusal } from './graph-error.ts';
import { withPlace } from './mailbox-gate.ts';

export interface GraphAccess {
  /** Up to and with the version: `https://graph.microsoft.com/v1.0`. */
  readonly baseUrl: string;
  /** Whose requests share the four places: a mailbox's address, or anything else that names what is asked. */
  readonly mailbox: string;
  readonly token: () => Promise<string>;
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface GraphRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Bytes of the answer that are read; more rejects with `too-large`. */
  readonly most?: number;
  /** Milliseconds until the whole answer must be there. */
  readonly within?: number;
  /** Told right before the request leaves: what fails before has done nothing. */
  readonly leaves?: () => void;
}

export type GraphAnswer = { readonly status: number; readonly bytes: Uint8Array } | { readonly refusal: GraphRefusal };

const usualMost = 32 * 1024 * 1024;
const usualTime = 60_000;
const mostOfError = 64 * 1024;

export type GraphDoor = ReturnType<typeof createGraphDoor>;

/**
 * Requests to Graph and to nobody else: the token never follows a link or a redirect to another origin. Rejects with
 * SourceError; messages hold a status and a code, never a token, an address or a subject.
 */
export function createGraphDoor(access: GraphAccess) {
  const base = new URL(access.baseUrl);
  const path = base.pathname.replace(/\/$/, '');
  const closed = new AbortController();
  const place = `${base.origin}${path} ${access.mailbox.toLowerCase()}`;

  const isOurs = (url: URL) =>
    url.origin === base.origin && url.username === '' && url.password === '' && url.pathname.startsWith(`${path}/`);

  /** A link that Graph gave, if it leads back to Graph. */
  const linkOf = (link: unknown): URL | null => {
    if (typeof link !== 'string' || !URL.canParse(link)) return null;
    const url = new URL(link);
    return isOurs(url) ? url : null;
  };

  const authorize = async (): Promise<Record<string, string>> => {
    const token = await access.token().catch((cause: unknown) => {
      throw tokenError(cause);
    });
    return { authorization: `Bearer ${token}` };
  };

  const perform = async (
    url: URL,
    request: GraphRequest,
    authorization: Record<string, string>,
  ): Promise<GraphAnswer> => {
    // Not AbortSignal.timeout: what it is for would stay in memory until the time is over, also when the answer came at once.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), request.within ?? usualTime);
    const signal = AbortSignal.any([closed.signal, late.signal]);
    const { method = 'GET', headers = {}, body } = request;
    try {
      request.leaves?.();
      const response = await access.fetch(url, {
        method,
        headers: { accept: 'application/json', ...headers, ...authorization },
        ...(body === undefined ? {} : { body }),
        // Graph redirects nobody who asks for mail: what does is a network that wants a sign-in, or worse.
        redirect: 'manual',
        signal,
      });
      if (response.ok) return { status: response.status, bytes: await readUpTo(response, request.most ?? usualMost) };
      return { refusal: await readRefusal(response, access.now()) };
    } catch (cause) {
      if (cause instanceof SourceError) throw cause;
      throw new SourceError('unavailable', closed.signal.aborted ? 'This source is closed.' : 'Graph did not answer.', {
        cause,
      });
    } finally {
      clearTimeout(timer);
    }
  };

  const ask = (target: string | URL, request: GraphRequest = {}): Promise<GraphAnswer> => {
    const url = typeof target === 'string' ? new URL(`${base.origin}${path}${target}`) : target;
    if (closed.signal.aborted) return Promise.reject(new SourceError('unavailable', 'This source is closed.'));
    if (!isOurs(url)) return Promise.reject(new SourceError('refused', 'That is no address of Graph.'));
    return withPlace(place, async () => perform(url, request, await authorize()));
  };

  /**
   * A request to an address outside of Graph that Graph gave for this one purpose, and that says itself who may use it: the token
   * for Graph does not go there.
   */
  const askUpload = (target: unknown, request: GraphRequest): Promise<GraphAnswer> => {
    const url = typeof target === 'string' && URL.canParse(target) ? new URL(target) : null;
    if (url === null || (url.protocol !== 'https:' && url.origin !== base.origin))
      return Promise.reject(new SourceError('refused', 'That is no address for an upload.'));
    return withPlace(place, () => perform(url, request, {}));
  };

  /** The answer as an object; null for a refusal that means "there is none". Other refusals reject. */
  const json = async (
    target: string | URL,
    request: GraphRequest = {},
    meansNone: (refusal: GraphRefusal) => boolean = () => false,
  ): Promise<Record<string, unknown> | null> => {
    const answer = await ask(target, request);
    if ('bytes' in answer) return parseObject(answer.bytes);
    if (meansNone(answer.refusal)) return null;
    throw toSourceError(answer.refusal);
  };

  return { ask, askUpload, json, linkOf, close: () => closed.abort() };
}

async function readUpTo(response: Response, most: number): Promise<Uint8Array> {
  const stated = Number(response.headers.get('content-length') ?? 0);
  const tooLarge = new SourceError('too-large', `Graph answers more than ${String(most)} bytes.`);
  if (stated > most) {
    await response.body?.cancel();
    throw tooLarge;
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  // The types of fetch leave open what a body is made of.
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.byteLength;
    // Leaving the loop cancels the rest.
    if (length > most) throw tooLarge;
    parts.push(part);
  }
  return Buffer.concat(parts, length);
}

async function readRefusal(response: Response, now: number): Promise<GraphRefusal> {
  const bytes = await readUpTo(response, mostOfError).catch(() => new Uint8Array());
  const body = tryParse(bytes);
  const error = isObject(body) && isObject(body['error']) ? body['error'] : {};
  const code = typeof error['code'] === 'string' ? error['code'].replace(/[^\w.-]/g, '').slice(0, 60) : '';
  return { status: response.status, code, retryAfter: readRetryAfter(response.headers.get('retry-after'), now) };
}

/** 200 with something else than JSON is a sign-in page of the network between us and Graph. */
function parseObject(bytes: Uint8Array): Record<string, unknown> {
  const body = tryParse(bytes);
  if (!isObject(body)) throw new SourceError('unavailable', 'What answered is not Graph.');
  return body;
}

function tryParse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}
