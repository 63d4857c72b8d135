import { CrmError } from '../model/errors.ts';
import { readBatch, writeBatch } from './dialect.ts';
import { errorFrom, type Http, type HttpAnswer } from './http.ts';
import { isObject } from '../model/is-object.ts';
import { writeJson, type BodyPart } from './json-body.ts';

/** A row as the Web API sends it: columns and `name@annotation` beside them. Values are checked where they are read. */
export type Row = Readonly<Record<string, unknown>>;

export interface Dataverse {
  /** One row by address, or null when there is none. */
  retrieve(path: string, signal?: AbortSignal): Promise<Row | null>;
  /** The first page of a collection. */
  list(path: string, signal?: AbortSignal): Promise<readonly Row[]>;
  /** Several collections with one request. */
  listAll(paths: readonly string[], signal?: AbortSignal): Promise<readonly (readonly Row[])[]>;
  /** Creates a row under the given address; a row that is there already is a 'conflict'. */
  create(path: string, values: Row): Promise<void>;
  /** Changes an existing row, never creates one; `etag` guards against a newer version. Answers the row's new ETag. */
  update(path: string, values: Row, etag?: string): Promise<string | null>;
  /** False when there was nothing to remove. */
  remove(path: string, etag?: string): Promise<boolean>;
  /**
   * Calls an action and answers its result. A parameter may hold a ByteSource in the place of a text.
   * @param answer of the result no more is needed than tells which row it is; a CRM that knows no such wish says all
   */
  act(path: string, parameters: Row, answer?: 'row-id'): Promise<Row>;
}

const always = { accept: 'application/json', 'odata-version': '4.0', 'odata-maxversion': '4.0' };
const annotated = { ...always, prefer: 'odata.include-annotations="*"' };
const withBody = { ...always, 'content-type': 'application/json; charset=utf-8' };

/** A mail with its attachments takes longer on the way than a click. */
const actTimeout = 8_000;
/** Bytes per millisecond of the slowest line on which attachments are waited for. */
const slowLine = 1_000;

export function createDataverse(http: Http): Dataverse {
  return {
    async retrieve(path, signal) {
      const answer = await http.send({
        method: 'GET',
        path,
        headers: annotated,
        accept: [404],
        ...(signal && { signal }),
      });
      return answer.status === 404 ? null : rowOf(answer);
    },

    async list(path, signal) {
      return rowsOf(await http.send({ method: 'GET', path, headers: annotated, ...(signal && { signal }) }));
    },

    async listAll(paths, signal) {
      return paths.length === 0 ? [] : listInBatch(http, paths, signal);
    },

    async create(path, values) {
      const headers = { ...withBody, 'if-none-match': '*' };
      written(await http.send({ method: 'PATCH', path, headers, body: JSON.stringify(values) }));
    },

    async update(path, values, etag) {
      const headers = { ...withBody, 'if-match': etag ?? '*' };
      const answer = written(await http.send({ method: 'PATCH', path, headers, body: JSON.stringify(values) }));
      return answer.headers.get('etag');
    },

    async remove(path, etag) {
      const headers = etag === undefined ? always : { ...always, 'if-match': etag };
      const answer = await http.send({ method: 'DELETE', path, headers, accept: [404] });
      return answer.status !== 404 && written(answer) !== null;
    },

    async act(path, parameters, wanted) {
      const body = writeJson(parameters);
      const timeout = actTimeout + Math.ceil(sizeOf(body) / slowLine);
      const headers = wanted === 'row-id' ? { ...withBody, prefer: 'alongside.row-id' } : withBody;
      const answer = await http.send({ method: 'POST', path, headers, body, timeout });
      return answer.status === 204 ? {} : rowOf(answer);
    },
  };
}

/** Of the attachments in it. */
function sizeOf(body: string | readonly BodyPart[]): number {
  if (typeof body === 'string') return 0;
  return body.reduce((sum, part) => sum + (typeof part === 'string' ? 0 : part.size), 0);
}

async function listInBatch(
  http: Http,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<readonly (readonly Row[])[]> {
  const boundary = 'batch_alongside';
  const answer = await http.send({
    method: 'POST',
    path: '$batch',
    headers: { ...always, 'content-type': `multipart/mixed; boundary=${boundary}` },
    body: writeBatch(boundary, paths, annotated),
    ...(signal && { signal }),
  });
  const parts = partsOf(answer, paths.length);
  return parts.map((part, index) => {
    if (part.status < 200 || part.status > 299) throw errorFrom(part, part.body);
    return rowsOf({ ...part, text: part.body, json: () => JSON.parse(part.body) as unknown }, setOf(paths[index]));
  });
}

function partsOf(answer: HttpAnswer, expected: number): ReturnType<typeof readBatch> {
  try {
    const parts = readBatch(answer.headers.get('content-type') ?? '', answer.text);
    // A failing part ends the batch early (without odata.continue-on-error): its error is the last part.
    if (parts.length === expected || (parts.at(-1)?.status ?? 0) >= 400) return parts;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw nonsense(answer.status, cause);
  }
  throw nonsense(answer.status);
}

/**
 * What a write may be answered with: nothing, or JSON. The page of a sign-in or of a captive network with status 200 says
 * nothing about the write, which is then repeated.
 */
function written(answer: HttpAnswer): HttpAnswer {
  if (answer.text.trim() !== '') answer.json();
  else if (answer.status === 200) throw nonsense(answer.status);
  return answer;
}

function nonsense(status: number, cause?: unknown): CrmError {
  return new CrmError('unavailable', 'The answer makes no sense.', { status, outcomeUnknown: true }, cause);
}

function rowOf(answer: HttpAnswer): Row {
  const row = answer.json();
  if (!isObject(row)) throw nonsense(answer.status);
  return row;
}

/** The set that a path of the form `set?...` names. */
function setOf(path = ''): string | undefined {
  return /^([a-z_]+)\?/.exec(path)?.[1];
}

/** @param set what was asked for: an answer whose context names another stands in another's place */
function rowsOf(answer: HttpAnswer, set?: string): readonly Row[] {
  const body = parse(answer);
  if (!isObject(body) || !Array.isArray(body['value'])) throw nonsense(answer.status);
  const said = typeof body['@odata.context'] === 'string' ? /#([a-z_]+)/.exec(body['@odata.context'])?.[1] : undefined;
  if (set !== undefined && said !== undefined && said !== set) throw nonsense(answer.status);
  return body['value'].filter(isObject);
}

function parse(answer: HttpAnswer): unknown {
  try {
    return answer.json();
  } catch (cause) {
    throw cause instanceof CrmError ? cause : nonsense(answer.status, cause);
  }
}
