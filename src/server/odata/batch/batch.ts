import { HttpError } from '../../http/errors.ts';
import { badRequest } from '../bad-request.ts';
import type { Place } from '../answer/ask.ts';
import { dispatch } from '../dispatch.ts';
import { errorResponse, type ApiRequest, type ApiResponse } from '../message.ts';
import { encodeParts, readParts, type Part } from './multipart.ts';
import type { WriteSession } from '../session.ts';

const REQUESTS = 1_000;
/** Inside a batch an address may be twice as long. */
const FILTER_LENGTH = 65_536;

/** The batch's own place, which also knows how to open a transaction of its own for each change set. */
export interface BatchOptions {
  place: Place;
  transaction: <T>(work: (session: WriteSession) => Promise<T>) => Promise<T>;
  continueOnError: boolean;
  /** Told about every failure, as for a request that came alone. */
  onError: (error: unknown) => void;
}

/** Runs the parts in their order; the answers stand in the same order. */
export async function runBatch(
  contentType: string | undefined,
  body: Buffer,
  options: BatchOptions,
): Promise<ApiResponse> {
  const parts = readParts(contentType, body);
  const place = { ...options.place, filterLength: FILTER_LENGTH };
  const budget = { left: REQUESTS };
  const answers: Part[] = [];
  let status = 200;
  for (const part of parts) {
    const isChangeSet = /^multipart\/mixed/i.test(part.headers['content-type'] ?? '');
    const answered = isChangeSet
      ? await runChangeSet(part, { ...options, place }, budget)
      : await runPart(part, { ...options, place }, budget);
    answers.push(answered.part);
    if (answered.failed !== undefined && !options.continueOnError) {
      status = answered.failed;
      break;
    }
  }
  const { type, content } = encodeParts(answers, 'batchresponse');
  return { status, headers: { 'content-type': type }, body: content };
}

interface Answered {
  part: Part;
  /** The status of the failure, if it is one. */
  failed: number | undefined;
}

function spend(budget: { left: number }): void {
  budget.left -= 1;
  if (budget.left < 0) throw badRequest(`A batch holds at most ${REQUESTS} requests.`);
}

async function runPart(part: Part, options: BatchOptions, budget: { left: number }): Promise<Answered> {
  spend(budget);
  const response = await attempt(options, () => dispatch(options.place, readRequest(part, options.place)));
  return answered(response, part.headers['content-id']);
}

async function attempt({ onError }: BatchOptions, run: () => Promise<ApiResponse>): Promise<ApiResponse> {
  try {
    return await run();
  } catch (error) {
    onError(error);
    return errorResponse(error);
  }
}

/** All or nothing: the first failure undoes the set and is its only answer. */
async function runChangeSet(part: Part, options: BatchOptions, budget: { left: number }): Promise<Answered> {
  let failing: string | undefined;
  const run = async (): Promise<ApiResponse> => {
    const parts = readParts(part.headers['content-type'], part.body);
    parts.forEach(() => spend(budget));
    const answers = await options.transaction(async (session) => {
      const created = new Map<string, string>();
      const inside: Place = { ...options.place, session, transaction: (work) => work(session) };
      const found: Part[] = [];
      for (const each of parts) {
        failing = each.headers['content-id'];
        found.push(answered(await changeOne(each, inside, created), failing).part);
      }
      return found;
    });
    const { type, content } = encodeParts(answers, 'changesetresponse');
    return { status: 200, headers: { 'content-type': type }, body: content };
  };
  const response = await attempt(options, run);
  if (response.status !== 200) return answered(response, failing);
  const type = response.headers['content-type'] ?? '';
  return { part: { headers: { 'content-type': type }, body: response.body as Buffer }, failed: undefined };
}

async function changeOne(part: Part, place: Place, created: Map<string, string>): Promise<ApiResponse> {
  const request = refer(readRequest(part, place), created);
  if (request.method === 'GET') throw badRequest('A change set holds changes only; GET belongs beside it.');
  const response = await dispatch(place, request);
  const id = part.headers['content-id'];
  const address = response.headers['odata-entityid'];
  if (id !== undefined && address !== undefined) created.set(id, address.slice(place.session.root.length));
  return response;
}

/** `$1` at the start of an address, in `$id`, or as a reference in a body, stands for the row that request 1 made. */
function refer(request: ApiRequest, created: ReadonlyMap<string, string>): ApiRequest {
  const resolve = (id: string) => {
    const address = created.get(id);
    if (address === undefined) throw badRequest(`Content-ID $${id} names no earlier request of the change set.`);
    return address;
  };
  const path = request.path.replace(/^(?:\$|%24)(\w+)/i, (whole, id: string) => (id === 'batch' ? whole : resolve(id)));
  const search = request.search.replace(
    /((?:^|&)(?:\$|%24)id=\/?)(?:\$|%24)(\w+)(?=&|$)/i,
    (_whole, name: string, id: string) => `${name}${resolve(id)}`,
  );
  const text = request.body?.toString('utf8');
  const body = text?.replace(
    /("[^"]*@odata\.(?:bind|id)"\s*:\s*)("[^"]*"|\[[^\]]*\])/g,
    (_whole, name: string, value: string) =>
      `${name}${value.replace(/"\/?\$(\w+)"/g, (_reference, id: string) => `"${resolve(id)}"`)}`,
  );
  return { ...request, path, search, body: body === undefined || body === text ? request.body : Buffer.from(body) };
}

/** A part's own HTTP request: request line, headers, body. Addresses may be relative, from the root, or absolute. */
function readRequest(part: Part, { session }: Place): ApiRequest {
  const head = part.body.indexOf('\r\n\r\n');
  const lines = part.body
    .subarray(0, head < 0 ? part.body.length : head)
    .toString('utf8')
    .trimEnd()
    .split('\r\n');
  const match = /^([A-Z]+) (\S+)(?: HTTP\/1\.[01])?$/.exec(lines[0]?.trim() ?? '');
  if (match?.[1] === undefined || match[2] === undefined)
    throw badRequest('A part of the batch does not begin with a request line.');
  const headers: Record<string, string> = {};
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  const rest = head < 0 ? undefined : part.body.subarray(head + 4);
  // Empty lines below a text are the client's habit; below a file they are the file.
  const isFile = /^application\/octet-stream\b/i.test(headers['content-type'] ?? '');
  const body = rest === undefined || isFile ? rest : trimEnd(rest);
  const [path = '', search = ''] = splitOnce(relative(match[2], session.root), '?');
  return { method: match[1], path, search, headers, body };
}

function trimEnd(body: Buffer): Buffer | undefined {
  let end = body.length;
  while (end > 0 && [0x0a, 0x0d, 0x20].includes(body[end - 1] ?? 0)) end -= 1;
  return end === 0 ? undefined : body.subarray(0, end);
}

function relative(address: string, root: string): string {
  const path =
    /^https?:\/\//i.test(address) && URL.canParse(address) ? address.replace(/^https?:\/\/[^/]+/i, '') : address;
  const base = new URL(root).pathname;
  if (path.startsWith(base)) return path.slice(base.length);
  const versioned = /^\/api\/data\/v[\d.]+\//.exec(path)?.[0];
  if (versioned !== undefined) return path.slice(versioned.length);
  return path.startsWith('/') ? path.slice(1) : path;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function answered(response: ApiResponse, contentId: string | undefined): Answered {
  const { bytes, isJson } = bodyBytes(response.body);
  const headers: Record<string, string> = { ...response.headers, 'odata-version': '4.0' };
  if (isJson) headers['content-type'] = 'application/json; odata.metadata=minimal';
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${response.status} ${reason(response.status)}`, ...lines, '', ''].join('\r\n');
  return {
    part: {
      headers: {
        'content-type': 'application/http',
        'content-transfer-encoding': 'binary',
        ...(contentId === undefined ? {} : { 'content-id': contentId }),
      },
      body: Buffer.concat([Buffer.from(head), bytes]),
    },
    failed: response.status >= 400 ? response.status : undefined,
  };
}

function bodyBytes(body: ApiResponse['body']): { bytes: Buffer; isJson: boolean } {
  if (body === undefined) return { bytes: Buffer.alloc(0), isJson: false };
  if (Buffer.isBuffer(body)) return { bytes: body, isJson: false };
  return typeof body === 'string'
    ? { bytes: Buffer.from(body), isJson: false }
    : { bytes: Buffer.from(JSON.stringify(body)), isJson: true };
}

const REASONS = new Map([
  [200, 'OK'],
  [201, 'Created'],
  [204, 'No Content'],
  [304, 'Not Modified'],
  [400, 'Bad Request'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [412, 'Precondition Failed'],
  [413, 'Payload Too Large'],
]);

function reason(status: number): string {
  return REASONS.get(status) ?? (status >= 500 ? 'Internal Server Error' : 'Error');
}

export function demandMultipart(contentType: string | undefined): void {
  if (!/^multipart\/mixed\s*;/i.test(contentType ?? ''))
    throw new HttpError(415, 'A batch is sent as multipart/mixed.', '0x80060888');
}
