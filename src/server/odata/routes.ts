import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../db/open.ts';
import { HttpError, toHttpError } from '../http/errors.ts';
import { demandMultipart, runBatch } from './batch/batch.ts';
import type { HasDuplicates, Place } from './answer/ask.ts';
import { dispatch } from './dispatch.ts';
import { LARGEST_DELIVERY, liftBody } from './files/lift-body.ts';
import type { ApiRequest, ApiResponse } from './message.ts';
import type { Model } from './metadata.ts';
import { demandDialect } from './negotiation.ts';
import type { Operation } from './operations.ts';
import { readPrefer } from './parse/prefer.ts';
import type { Access, Caller, Session, TableRule, WriteSession } from './session.ts';
import { createTurns } from './turns.ts';

export interface WebApiOptions {
  database: Database;
  model: Model;
  operations: readonly Operation[];
  rules: ReadonlyMap<string, TableRule>;
  access: Access;
  /** Who the request acts for. @throws {HttpError} 401 or 403 */
  callerOf(request: FastifyRequest): Promise<Caller>;
  now: () => Date;
  hasDuplicates?: HasDuplicates | undefined;
}

/** Mail bodies and attachments come in these; everything else is a few columns. Long attachments of a mail are not counted. */
const LARGE_BODY = 60 * 1024 * 1024;
const SMALL_BODY = 2 * 1024 * 1024;
const LARGE =
  /(?:\$batch|UploadBlock|(?:Promote|Incoming)Email|(?:activitymimeattachments|annotations|emails)(?:\([^/]*\)(?:\/\w+)?)?)$/;
const DELIVERY = /Deliver(?:Promote|Incoming)Email$/;
const FILTER_LENGTH = 32_768;

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined;
  }
}

/** The Web API at /api/data/v9.0/, v9.1 and v9.2. */
export async function registerWebApi(server: FastifyInstance, options: WebApiOptions): Promise<void> {
  const turn = options.database.engine === 'sqlite' ? createTurns(() => performance.now()) : undefined;
  await server.register(async (api) => {
    api.decorateRequest('caller', undefined);
    api.decorateRequest('lifted', undefined);
    api.removeAllContentTypeParsers();
    api.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: LARGE_BODY }, (_request, body, done) =>
      done(null, body),
    );
    api.addHook('onRequest', async (request, reply) => {
      void reply
        .header('odata-version', '4.0')
        .header('cache-control', 'no-cache')
        .header('x-content-type-options', 'nosniff');
      demandDialect(pathOf(request), request.headers);
      demandSize(request, Number(request.headers['content-length'] ?? 0));
      request.caller = await options.callerOf(request);
    });
    api.addHook('preParsing', async (request, _reply, payload) =>
      DELIVERY.test(pathOf(request)) ? liftBody(request, payload, options) : payload,
    );
    api.route({
      method: ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'],
      url: '/api/data/:version/*',
      bodyLimit: LARGE_BODY,
      handler: async (request, reply) => {
        const before = turn?.();
        if (before !== undefined) await before;
        return send(reply, await answer(options, request).finally(() => request.lifted?.drop()));
      },
    });
  });
}

function demandSize(request: FastifyRequest, length: number): void {
  const path = pathOf(request);
  const isFile = request.headers['content-type']?.startsWith('application/octet-stream') === true;
  const large = DELIVERY.test(path) ? LARGEST_DELIVERY : LARGE_BODY;
  const limit = isFile || LARGE.test(decodeQuietly(path)) ? large : SMALL_BODY;
  if (length > limit) throw new HttpError(413, `The body is larger than ${limit} bytes.`, '0x80044331');
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '';
}

function decodeQuietly(path: string): string {
  return path.replace(/%24/gi, '$').replace(/%28/gi, '(').replace(/%29/gi, ')');
}

async function answer(options: WebApiOptions, request: FastifyRequest): Promise<ApiResponse> {
  const body = Buffer.isBuffer(request.body) ? request.body : undefined;
  demandSize(request, body?.length ?? 0);
  const [, version = '', path = ''] = /^\/api\/data\/([^/?]+)\/([^?]*)/.exec(request.url) ?? [];
  if (!/^v9\.[0-2]$/.test(version))
    throw new HttpError(404, 'The Web API is spoken as v9.0, v9.1 and v9.2.', '0x80060888');
  const question = request.url.indexOf('?');
  const search = question < 0 ? '' : request.url.slice(question + 1);
  const { method, lifted } = request;
  const api: ApiRequest = { method, path, search, headers: plainHeaders(request), body, files: lifted?.found };
  if (request.caller === undefined) throw new Error('A request came through without its caller');
  const root = `${request.protocol}://${request.host}/api/data/${version}/`;
  const place = placeOf(options, request.caller, root);
  return run(request, api, place);
}

function run(request: FastifyRequest, api: ApiRequest, place: Place): Promise<ApiResponse> {
  if (!/^(?:\$|%24)batch$/i.test(api.path)) return dispatch(place, api);
  if (api.method !== 'POST') throw new HttpError(405, 'A batch is POSTed.', '0x80060888', { allow: 'POST' });
  demandMultipart(api.headers['content-type']);
  const onError = (error: unknown) => {
    if (toHttpError(error).status >= 500) request.log.error({ err: error }, 'unexpected error in a batch');
  };
  const { continueOnError } = readPrefer(api.headers['prefer']);
  return runBatch(api.headers['content-type'], api.body ?? Buffer.alloc(0), {
    place,
    transaction: place.transaction,
    continueOnError,
    onError,
  });
}

/** Where somebody's requests run; also for what is done inside the server with their rights. */
export function placeOf(
  { database, model, operations, rules, access, now, hasDuplicates }: Omit<WebApiOptions, 'callerOf'>,
  caller: Caller,
  root: string,
): Place {
  const session: Session = {
    queries: database.db,
    engine: database.engine,
    model,
    rules,
    caller,
    access,
    now,
    root,
  };
  const transaction: Place['transaction'] = async (work) => {
    let committed: (() => void)[] = [];
    const result = await database.transaction((queries) => {
      // Begun anew when the transaction is repeated.
      committed = [];
      return work({ ...session, queries, onCommit: (then) => void committed.push(then) } satisfies WriteSession);
    });
    for (const then of committed) then();
    return result;
  };
  return { session, transaction, operations, filterLength: FILTER_LENGTH, hasDuplicates };
}

function plainHeaders({ headers }: FastifyRequest): Record<string, string | undefined> {
  const wanted = [
    'prefer',
    'if-match',
    'if-none-match',
    'content-type',
    'mscrm.suppressduplicatedetection',
    'x-ms-file-name',
    'x-ms-transfer-mode',
    'range',
    'content-range',
  ];
  const found = wanted.map((name) => [name, headers[name]?.toString()] as const);
  const plain: Record<string, string | undefined> = Object.fromEntries(found);
  // Every client is told to send this to keep caches away; it asks for nothing.
  if (plain['if-none-match'] === 'null') plain['if-none-match'] = undefined;
  return plain;
}

function send(reply: FastifyReply, { status, headers, body }: ApiResponse): FastifyReply {
  void reply.code(status).headers(headers);
  if (body === undefined) return reply.send();
  if (typeof body === 'string' || Buffer.isBuffer(body)) return reply.send(body);
  return reply.header('content-type', 'application/json; odata.metadata=minimal').send(JSON.stringify(body));
}
