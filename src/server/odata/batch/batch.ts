import { HttpError } from '../../http/errors.ts';
import { badRequest } from '../bad-request.ts';
import type { Place } from '../answer/ask.ts';
import { dispatch } from '../dispatch.ts';
import { errorResponse, type ApiRequest, type ApiResponse } from '../message.ts';
import { encodeParts, readParts, type Part } from './multipart.ts';
import { readLine, readRequest } from './part-request.ts';
import { mayShare, shareCommit } from './share-commit.ts';
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
  for (let at = 0; at < parts.length && status === 200; at = answers.length) {
    const answered = await runNext(parts.slice(at), { ...options, place }, budget);
    answers.push(...answered.map(({ part }) => part));
    if (!options.continueOnError) status = answered.find(({ failed }) => failed !== undefined)?.failed ?? status;
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

/** The first part, with those behind it that may share its commit. */
async function runNext(parts: readonly Part[], options: BatchOptions, budget: { left: number }): Promise<Answered[]> {
  const [first] = parts;
  if (first === undefined) return [];
  if (isChangeSet(first)) return [await runChangeSet(first, options, budget)];
  const sharing = sharingOf(parts, options.place);
  if (sharing.length < 2) return [await runPart(first, options, budget)];
  // The requests that came meanwhile have their turn.
  await new Promise(setImmediate);
  return runSharing(sharing, options, budget);
}

function sharingOf(parts: readonly Part[], place: Place): readonly Part[] {
  const end = parts.findIndex((part) => {
    const line = isChangeSet(part) ? undefined : readLine(part, place);
    return line === undefined || !mayShare(place, line);
  });
  return end < 0 ? parts : parts.slice(0, end);
}

function isChangeSet({ headers }: Part): boolean {
  return /^multipart\/mixed/i.test(headers['content-type'] ?? '');
}

async function runSharing(
  parts: readonly Part[],
  options: BatchOptions,
  budget: { left: number },
): Promise<Answered[]> {
  const works = parts.map((part) => (place: Place) => runPart(part, { ...options, place }, budget));
  const isEnd = ({ failed }: Answered) => failed !== undefined && !options.continueOnError;
  try {
    return await shareCommit(options.place, works, isEnd);
  } catch (error) {
    options.onError(error);
    const told = options.continueOnError ? parts : parts.slice(0, 1);
    return told.map((part) => answered(errorResponse(error), part.headers['content-id']));
  }
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
