// The doors of the local stack: sockets on loopback, 127.0.0.1 and ::1 alike, because "localhost" means either. They are
// opened before anything else starts, so that a taken port is said in the first second.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLoopbackCheck, loopbackHosts } from '../http/loopback.ts';
import { errorBody, toHttpError } from '../http/errors.ts';
import { MAX_HEADER_BYTES } from '../http/server.ts';
import { answerClientErrors, patience } from '../http/transport.ts';
import type { RequestHandler } from '../http/server.ts';

/** Said to a person as it is. */
class PortTaken extends Error {}

export interface Door {
  port: number;
  url: string;
  /** Until this is called, requests are answered 503. */
  serve: (handler: RequestHandler) => void;
  /** Closes the sockets, those of open requests too. */
  close: () => Promise<void>;
}

/** Another name of this machine that browsers resolve by themselves; under it the local Outlook is another site than the add-in. */
export const outlookHost = 'outlook.localhost';

const listen = (server: Server, host: string, port: number) =>
  new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });

const codeOf = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

const closeServer = (server: Server) =>
  new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

const starting: RequestHandler = (_request, response) => {
  response.writeHead(503, { 'retry-after': '1', 'content-type': 'text/plain' }).end('Alongside is starting.');
};

/** How to start with another port, in the words of this system's shell. */
const otherPort = (name: string, port: number, platform: NodeJS.Platform) =>
  platform === 'win32' ? `$env:${name}=${port}; npm start` : `${name}=${port} npm start`;

const taken = (name: string, port: number, platform: NodeJS.Platform) =>
  new PortTaken(
    `Port ${port} (${name}) is in use by another program, perhaps by another Alongside. ` +
      `Stop it, or choose another port:\n\n    ${otherPort(name, port + 100, platform)}\n`,
  );

/** `name` is the environment variable that chooses the port; port 0 takes any free one. */
export const openDoor = async (name: string, port: number, platform = process.platform): Promise<Door> => {
  let handler = starting;
  const make = () =>
    answerClientErrors(
      createServer({ maxHeaderSize: MAX_HEADER_BYTES, ...patience }, (request, response) => handler(request, response)),
    );
  const [four, six] = [make(), make()];
  try {
    const bound = await listen(four, '127.0.0.1', port);
    const others: Server[] = [];
    await listen(six, '::1', bound).then(
      () => others.push(six),
      (error: unknown) => {
        // A machine without IPv6 has only one loopback address.
        if (codeOf(error) !== 'EADDRNOTAVAIL' && codeOf(error) !== 'EAFNOSUPPORT') throw error;
      },
    );
    return {
      port: bound,
      url: `http://localhost:${bound}`,
      serve: (next) => (handler = next),
      close: async () => {
        await Promise.all([four, ...others].map(closeServer));
      },
    };
  } catch (error) {
    if (four.listening) await closeServer(four);
    if (codeOf(error) === 'EADDRINUSE' && port === 0) return openDoor(name, port, platform);
    if (codeOf(error) === 'EADDRINUSE') throw taken(name, port, platform);
    if (codeOf(error) === 'EACCES')
      throw new PortTaken(
        `Port ${port} (${name}) may not be used by this account. Choose one above 1023: ${otherPort(name, 3000, platform)}`,
      );
    throw error;
  }
};

const check = createLoopbackCheck([...loopbackHosts, outlookHost]);

/**
 * Lets through what asks for this machine by name and comes from our own pages. office.js is for every page, as on the
 * network.
 */
export const guarded =
  (handler: RequestHandler): RequestHandler =>
  (request: IncomingMessage, response: ServerResponse) => {
    const isOffice = request.method === 'GET' && request.url?.startsWith('/office-js/');
    try {
      check(request.headers.host, isOffice ? undefined : request.headers.origin);
    } catch (thrown) {
      const error = toHttpError(thrown);
      request.resume();
      response
        .writeHead(error.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(errorBody(error.code, error.message)));
      return;
    }
    handler(request, response);
  };
