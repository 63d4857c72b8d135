// Faults on request. They act on the requests and sockets in front of the product, which does not know of them.
import type { IncomingMessage, ServerResponse } from 'node:http';

export const faultNames = [
  'none',
  'crm-down',
  'crm-slow',
  'crm-429',
  'crm-500',
  'crm-403',
  'crm-garbage',
  'server-unreachable',
  'offline',
] as const;
export type Fault = (typeof faultNames)[number];
export const isFault = (value: unknown): value is Fault => faultNames.some((name) => name === value);

const below = (path: string, prefix: string) =>
  path === prefix || path.startsWith(`${prefix}/`) || path.startsWith(`${prefix}?`);
const isCrm = (path: string) => below(path, '/api/data');

/** A request from a person's device, or of the server's own worker, for which only the CRM can fail. */
export type Side = 'outside' | 'inside';

/** Does this fault cut the connection of a request to `path`? */
const cuts = (fault: Fault, path: string, side: Side) =>
  (fault === 'crm-down' && isCrm(path)) ||
  (side === 'outside' &&
    (fault === 'offline' || (fault === 'server-unreachable' && (isCrm(path) || below(path, '/sync')))));

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Dataverse's shape and codes: learn.microsoft.com, "Web service error codes" and "Service protection API limits". */
const dataverse = (status: number, code: string, message: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json; odata.metadata=minimal', 'odata-version': '4.0', ...headers },
  body: JSON.stringify({ error: { code, message } }),
});

const answers = new Map<Fault, Answer>([
  [
    'crm-429',
    dataverse(429, '0x80072322', 'Number of requests exceeded the limit of 6000 over time window of 300 seconds.', {
      'retry-after': '5',
    }),
  ],
  ['crm-500', dataverse(500, '0x80040216', 'An unexpected error occurred.')],
  [
    'crm-403',
    dataverse(403, '0x80040220', 'SecLib::AccessCheckEx failed. The user does not hold the necessary privileges.'),
  ],
  [
    'crm-garbage',
    {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<!doctype html><title>Sign in</title><p>Welcome to the wireless network of this café.',
    },
  ],
]);

/** Holds back whatever is answered, for `delay` ms, while the request itself goes through at once. */
const answerLate = (response: ServerResponse, delay: number) => {
  const own = {
    writeHead: response.writeHead.bind(response),
    write: response.write.bind(response),
    end: response.end.bind(response),
  };
  const held: (() => void)[] = [];
  const hold =
    <Result>(method: (...values: never[]) => unknown, result: Result) =>
    (...values: unknown[]): Result => {
      held.push(() => method(...(values as never[])));
      return result;
    };
  response.writeHead = hold(own.writeHead, response);
  response.write = hold(own.write, true);
  response.end = hold(own.end, response);
  const timer = setTimeout(() => {
    Object.assign(response, own);
    held.forEach((call) => call());
  }, delay);
  response.once('close', () => clearTimeout(timer));
};

/** `slowBy`: milliseconds by which crm-slow answers late. */
export const createFaults = (changed: (fault: Fault) => void, slowBy = 10_000) => {
  let fault: Fault = 'none';
  const open = new Map<ServerResponse, { path: string; side: Side }>();

  const set = (next: Fault) => {
    fault = next;
    // A connection that stays open through an outage would be a fault that is none.
    for (const [response, { path, side }] of open) if (cuts(fault, path, side)) response.socket?.destroy();
    changed(fault);
  };

  const handle = (request: IncomingMessage, response: ServerResponse, side: Side, next: () => void) => {
    const path = request.url ?? '/';
    if (cuts(fault, path, side)) {
      request.socket.destroy();
      return;
    }
    const answer = isCrm(path) ? answers.get(fault) : undefined;
    if (answer) {
      request.resume();
      response.writeHead(answer.status, answer.headers).end(answer.body);
      return;
    }
    open.set(response, { path, side });
    response.once('close', () => open.delete(response));
    if (fault === 'crm-slow' && isCrm(path)) answerLate(response, slowBy);
    next();
  };

  return { current: () => fault, set, handle };
};

export type Faults = ReturnType<typeof createFaults>;
