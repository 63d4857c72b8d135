import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { errorBody, HttpError } from './errors.ts';

/** Seconds are generous: they end what hangs, and nobody who is merely far away. */
export const patience = {
  headersTimeout: 30_000,
  requestTimeout: 120_000,
  // Node's own 5 s end a connection just when a person's next click uses it, and the click fails. Browsers and agents let go of
  // idle connections after a minute or less, so it is they who decide, and nothing is in flight then.
  keepAliveTimeout: 72_000,
  connectionsCheckingInterval: 2_000,
  // Answered by `demandSound`, in our own shape.
  requireHostHeader: false,
};

/** What is wrong below HTTP is answered in the dialect's shape as well, and the connection ends. */
export function answerClientErrors(server: Server): Server {
  return server.on('clientError', answerClientError).on('checkExpectation', answerExpectation);
}

export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Nobody is there any more, or an answer is already on its way.
  if (
    error.code === 'ECONNRESET' ||
    !socket.writable ||
    ('_httpMessage' in socket && headersSent(socket._httpMessage))
  ) {
    socket.destroy();
    return;
  }
  const [status, message] = readClientError(error.code);
  const body = JSON.stringify(errorBody('0x80060888', message));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function headersSent(response: unknown): boolean {
  return (
    typeof response === 'object' && response !== null && 'headersSent' in response && response.headersSent === true
  );
}

function readClientError(code: string | undefined): [status: number, message: string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [431, 'The address and the headers are larger than 64 KB.'];
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return [413, 'The extensions of a chunk are too large.'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'The request did not arrive in time.'];
    default:
      return [400, 'The request is not valid HTTP.'];
  }
}

export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify(errorBody('0x80060888', 'The only expectation that is met is 100-continue.'));
  response
    .writeHead(417, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length })
    .end(body);
}

const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;
const SINGLE = new Set(['host', 'authorization', 'content-type']);

/**
 * What two readers might understand differently is refused: a second Host, Authorization or Content-Type, a Host that is no
 * name (addresses in answers are built from it), and a method that wants to be another one. @throws {HttpError} 400
 */
export function demandSound({ headers, raw }: FastifyRequest): void {
  if (!HOST.test(headers.host ?? '')) throw refused('The Host header is missing or is not the name of a host.');
  const seen = new Set<string>();
  for (let index = 0; index < raw.rawHeaders.length; index += 2) {
    const name = raw.rawHeaders[index]?.toLowerCase() ?? '';
    if (!SINGLE.has(name)) continue;
    if (seen.has(name)) throw refused(`The header ${name} is sent twice.`);
    seen.add(name);
  }
  if (headers['x-http-method-override'] !== undefined || headers['x-http-method'] !== undefined)
    throw refused('The method of a request cannot be overridden by a header.');
}

function refused(message: string): HttpError {
  return new HttpError(400, message, '0x80060888');
}
