import { CrmError, mayPassByItself } from '../model/errors.ts';
import { readBatch, writeRequests, type BatchPart } from './dialect.ts';
import { errorFrom, type Http, type HttpAnswer, type HttpRequest } from './http.ts';
import type { BodyPart } from './json-body.ts';

/** Requests of one batch, and bytes of their bodies; what is larger goes alone. */
const mostRequests = 32;
const mostBytes = 4 * 1024 * 1024;
const boundary = 'batch_alongside_together';

type Batched = HttpRequest & { readonly body?: string | readonly BodyPart[] };

interface Waiting {
  readonly request: Batched;
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: unknown) => void;
}

export interface TogetherOptions {
  /** Milliseconds for one request, where it names no other; a batch has the time of all its requests. */
  readonly timeout: number;
  /** Runs what it is given when everything that is ready to run has run. */
  readonly breath: (go: () => void) => void;
}

/**
 * The same CRM for many who ask at once: what is asked for in the same breath goes with one $batch whose
 * requests succeed or fail each by itself (continue-on-error, no change set). Whoever asks alone is sent alone. Everybody gets
 * the answer or the CrmError of their own request; where a batch as a whole is refused, nothing of it was carried out, and its
 * requests are sent one by one.
 */
export function sendTogether(http: Http, { timeout, breath }: TogetherOptions): Http {
  let waiting: Waiting[] = [];
  // Nobody waits for others to be answered: who may write now may not be allowed to later.
  const go = (): void => {
    const asked = waiting;
    waiting = [];
    while (asked.length > 0) void sendBatch(http, timeout, take(asked));
  };

  return {
    ...http,
    send(request) {
      if (!isBatched(request)) return http.send(request);
      return new Promise((resolve, reject) => {
        waiting.push({ request, resolve, reject });
        if (waiting.length === 1) breath(go);
      });
    },
  };
}

function isBatched(request: HttpRequest): request is Batched {
  const { body, signal } = request;
  return signal === undefined && !(body instanceof Blob) && sizeOf(body) <= mostBytes;
}

function sizeOf(body: Batched['body'] = ''): number {
  if (typeof body === 'string') return body.length;
  return body.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : part.size), 0);
}

function take(waiting: Waiting[]): Waiting[] {
  let bytes = 0;
  const end = waiting.findIndex(({ request: { body } }, index) => {
    bytes += sizeOf(body);
    return index === mostRequests || (index > 0 && bytes > mostBytes);
  });
  return waiting.splice(0, end < 0 ? waiting.length : end);
}

/** Never rejects. */
async function sendBatch(http: Http, timeout: number, batch: readonly Waiting[]): Promise<void> {
  if (batch.length === 1) return sendEach(http, batch);
  try {
    const answer = await http.send({
      method: 'POST',
      path: '$batch',
      headers: {
        accept: 'application/json',
        'odata-version': '4.0',
        'odata-maxversion': '4.0',
        'content-type': `multipart/mixed; boundary=${boundary}`,
        prefer: 'odata.continue-on-error',
      },
      body: writeRequests(
        boundary,
        batch.map(({ request }) => request),
      ),
      timeout: batch.reduce((sum, { request }) => sum + (request.timeout ?? timeout), 0),
    });
    const parts = partsOf(answer, batch.length);
    for (const [index, { request, resolve, reject }] of batch.entries()) {
      const part = parts[index];
      if (part === undefined) reject(nonsense(answer));
      else if (isGood(part, request)) resolve(answerOf(part));
      else reject(errorFrom(part, part.body));
    }
  } catch (error) {
    if (error instanceof CrmError && !mayPassByItself(error.code) && error.code !== 'unauthorized')
      return sendEach(http, batch);
    for (const { reject } of batch) reject(error);
  }
}

async function sendEach(http: Http, batch: readonly Waiting[]): Promise<void> {
  for (const { request, resolve, reject } of batch) await http.send(request).then(resolve, reject);
}

function partsOf(answer: HttpAnswer, expected: number): readonly BatchPart[] {
  try {
    const parts = readBatch(answer.headers.get('content-type') ?? '', answer.text);
    if (parts.length === expected) return parts;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw nonsense(answer);
}

function nonsense({ status }: HttpAnswer): CrmError {
  return new CrmError('unavailable', 'The answer makes no sense.', { status, outcomeUnknown: true });
}

function isGood({ status }: BatchPart, { accept = [] }: HttpRequest): boolean {
  return (status >= 200 && status <= 299) || accept.includes(status);
}

function answerOf({ status, headers, body }: BatchPart): HttpAnswer {
  return {
    status,
    headers,
    text: body,
    json() {
      try {
        return JSON.parse(body) as unknown;
      } catch (cause) {
        throw new CrmError('unavailable', 'The answer makes no sense.', { status, outcomeUnknown: true }, cause);
      }
    },
  };
}
