// What lies between the browser and the stack in the outbox bench: a line that can be cut, and a CRM that answers after 20 ms.
import { Agent, createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Line {
  readonly port: number;
  /** `cut`: neither CRM nor server answer; `no-crm`: the CRM alone does not. */
  state: 'open' | 'cut' | 'no-crm';
  /** Effects in the CRM: how often each e-mail was created, and each regarding record set. */
  readonly created: ReadonlyMap<string, number>;
  readonly regarded: ReadonlyMap<string, number>;
  /** Changes that took the server's way, whose effect is in its own CRM. */
  handedOver(): number;
  close(): void;
}

/** Milliseconds until the CRM answers. */
export const crmDelay = 20;

const root = '/api/data/v9.2/';

export async function openLine(to: number): Promise<Line> {
  const agent = new Agent({ keepAlive: true });
  const rows = new Map<string, object>();
  const [created, regarded] = [new Map<string, number>(), new Map<string, number>()];

  const answer = async (request: IncomingMessage, path: string): Promise<{ status: number; body?: unknown } | null> => {
    const [, id = ''] = /^emails\(([\w-]+)\)/.exec(path) ?? [];
    if (request.method === 'GET' && path.startsWith('emails?')) {
      const ids = new Set(decodeURIComponent(path.replaceAll('+', ' ')).match(/<[^<>]+>/g));
      return { status: 200, body: { value: [...ids].flatMap((known) => rows.get(known) ?? []) } };
    }
    if (path.startsWith('organizations?')) return { status: 200, body: { value: [{ maxuploadfilesize: 128 << 20 }] } };
    if (request.method === 'POST' && path.endsWith('.DeliverPromoteEmail')) {
      const mail = JSON.parse(await textOf(request)) as Record<string, string>;
      created.set(id, (created.get(id) ?? 0) + 1);
      const row = rowOf(id, mail);
      rows.set(row.messageid, row);
      return { status: 200, body: row };
    }
    if (request.method !== 'PATCH' || id === '') return null;
    await textOf(request);
    regarded.set(id, (regarded.get(id) ?? 0) + 1);
    return { status: 204 };
  };

  let handedOver = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '/';
    const isCrm = path.startsWith(root);
    const isOurs = isCrm || path.startsWith('/sync/');
    if ((line.state === 'cut' && isOurs) || (line.state === 'no-crm' && isCrm)) return void request.socket.destroy();
    if (request.method === 'POST' && path === '/sync/v1/changes') handedOver += 1;
    const said = isCrm ? await answer(request, path.slice(root.length)) : null;
    if (said === null) return pass(request, response, { port: to, agent });
    await new Promise((resolve) => setTimeout(resolve, crmDelay));
    const headers = { 'content-type': 'application/json', etag: 'W/"2"' };
    response.writeHead(said.status, headers).end(said.body === undefined ? undefined : JSON.stringify(said.body));
  };
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const line: Line = {
    port: (server.address() as AddressInfo).port,
    state: 'open',
    created,
    regarded,
    handedOver: () => handedOver,
    close: () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
  return line;
}

function pass(request: IncomingMessage, response: ServerResponse, to: { port: number; agent: Agent }): void {
  const { method, url, headers } = request;
  const onward = ask({ host: '127.0.0.1', ...to, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  response.once('close', () => onward.destroy());
  request.pipe(onward);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function rowOf(activityid: string, mail: Record<string, string>) {
  return {
    '@odata.etag': 'W/"1"',
    activityid,
    messageid: mail['MessageId'] ?? '',
    subject: mail['Subject'],
    sender: /<([^>]+)>/.exec(mail['From'] ?? '')?.[1] ?? mail['From'],
    senton: mail['ReceivedOn'],
    createdon: new Date().toISOString(),
    _createdby_value: null,
    _regardingobjectid_value: null,
  };
}
