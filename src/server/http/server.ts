import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { errorBody, toHttpError } from './errors.ts';
import { registerAdmission } from './admission.ts';
import { createLoopbackCheck } from './loopback.ts';
import type { RequestLimits } from './request-limits.ts';
import { answerClientError, answerExpectation, demandSound, patience } from './transport.ts';
import type { Identity, TokenCheck } from './tokens.ts';

/** A Web API address may be 32 KB long, escaped twice that; Node's own limit for all headers is 16 KB. */
export const MAX_HEADER_BYTES = 64 * 1024;
const METHODS = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'];
const SMALL_BODY = 1024 * 1024;

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ServerOptions {
  checkToken: TokenCheck;
  /** What one user may ask for; undefined: no limits. */
  limits?: RequestLimits | undefined;
  /** Object ids of those whom the limits do not concern. */
  unlimited?: ReadonlySet<string> | undefined;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Set while the server is meant for this machine only: the names it answers to, and other pages' origins it trusts. */
  loopback?: { hosts: readonly string[]; origins?: readonly string[] } | undefined;
  logger?: FastifyBaseLogger | undefined;
  /** Makes the socket server, for whoever must stand in front of the handler; give it `MAX_HEADER_BYTES`. */
  serverFactory?: ((handler: RequestHandler) => Server) | undefined;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Who sent the request. @throws {HttpError} 401 */
    identify(request: FastifyRequest): Promise<Identity>;
  }
}

/** A bare server: limits, sign-in check, errors in the dialect's shape. Features register their own routes on it. */
export function createServer(options: ServerOptions): FastifyInstance {
  const { serverFactory, loopback } = options;
  const server: FastifyInstance = Fastify({
    ...(options.logger === undefined ? { logger: false } : { loggerInstance: options.logger }),
    ...(serverFactory === undefined ? {} : { serverFactory }),
    http: { maxHeaderSize: MAX_HEADER_BYTES, ...patience },
    bodyLimit: SMALL_BODY,
    requestTimeout: patience.requestTimeout,
    clientErrorHandler: answerClientError,
    forceCloseConnections: true,
    return503OnClosing: true,
    // Our own line per request (below) leaves out addresses: a Web API query may hold names and mail addresses.
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: (error, _request, reply) => void sendError(reply, error),
  });
  server.decorate('identify', (request: FastifyRequest) => options.checkToken(request.headers.authorization));
  registerAdmission(server, options);
  server.server.on('checkExpectation', answerExpectation);
  server.addHook('onRequest', async (request) => demandSound(request));
  if (loopback !== undefined) {
    const check = createLoopbackCheck(loopback.hosts, loopback.origins);
    server.addHook('onRequest', async (request) => check(request.headers.host, request.headers.origin));
  }
  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    request.log.info(
      { method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'answered',
    );
  });
  server.setErrorHandler((error, request, reply) => {
    if (toHttpError(error).status >= 500) request.log.error({ err: error }, 'unexpected error');
    return sendError(reply, error);
  });
  server.setNotFoundHandler((request, reply) =>
    request.method === 'HEAD' || METHODS.includes(request.method)
      ? reply.code(404).send(errorBody('0x80060888', 'Nothing is served at this address.'))
      : reply
          .code(405)
          .header('allow', METHODS.join(', '))
          .send(errorBody('0x80060888', `${request.method} is not possible here.`)),
  );
  return server;
}

function sendError(reply: FastifyReply, thrown: unknown): FastifyReply {
  const error = toHttpError(thrown);
  // Or the rest of what is too large would be read to its end.
  if (error.status === 413) void reply.header('connection', 'close');
  return reply.code(error.status).headers(error.headers).send(errorBody(error.code, error.message));
}
