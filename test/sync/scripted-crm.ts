import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { webcrypto } from 'node:crypto';
import { apply } from '../../src/api/apply.ts';
import { createAttachmentLimit } from '../../src/api/attachment-limit.ts';
import { createDataverse } from '../../src/api/dataverse.ts';
import { createHttp, type GetToken } from '../../src/api/http.ts';
import type { CarryServices } from '../../src/sync/carry.ts';

/** How the CRM answers one request instead of properly; `does`: the wish is carried out all the same. */
export interface Fault {
  readonly on: 'find' | 'promote' | 'update' | 'delete';
  readonly does: boolean;
  readonly answer: (response: ServerResponse, proper: Proper) => void;
}

interface Proper {
  readonly status: number;
  readonly body: string;
}

/** A CRM on a real socket that knows e-mails, answers as scripted, and counts what took effect. */
export async function startScriptedCrm() {
  const rows = new Map<string, Record<string, unknown>>();
  const effects: string[] = [];
  let script: Fault[] = [];
  let token: string | null = null;

  const row = (id: string) => ({ '@odata.etag': 'W/"7"', ...rows.get(id) });
  const properly = (kind: Fault['on'], id: string, body: string): Proper => {
    switch (kind) {
      case 'find':
        return { status: 200, body: JSON.stringify({ value: [...rows.keys()].map(row) }) };
      case 'promote': {
        const said = JSON.parse(body) as Record<string, string>;
        if (!rows.has(id)) {
          const sent = { sender: 'kim@fabrikam.example', senton: '2026-11-20T09:15:00Z' };
          const createdon = new Date().toISOString();
          rows.set(id, { activityid: id, messageid: said['MessageId'], subject: said['Subject'], ...sent, createdon });
          effects.push(`promote ${id}`);
        }
        return { status: 200, body: JSON.stringify(row(id)) };
      }
      case 'update':
        if (!rows.has(id)) return missing(id);
        if (rows.get(id)?.['bound'] !== body) effects.push(`update ${id}`);
        rows.set(id, { ...rows.get(id), bound: body, _regardingobjectid_value: regardingIn(body) });
        return { status: 204, body: '' };
      case 'delete':
        if (!rows.delete(id)) return missing(id);
        effects.push(`delete ${id}`);
        return { status: 204, body: '' };
    }
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.setHeader('connection', 'close');
      if (token !== null && request.headers.authorization !== `Bearer ${token}`)
        return void response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end('{}');
      const id = /emails\(([^)]*)\)/.exec(request.url ?? '')?.[1] ?? '';
      const kind = ({ GET: 'find', POST: 'promote', PATCH: 'update', DELETE: 'delete' } as const)[
        request.method as 'GET'
      ];
      const body = Buffer.concat(chunks).toString();
      const fault = script.find(({ on }) => on === kind);
      if (fault === undefined) {
        const proper = properly(kind, id, body);
        return void response.writeHead(proper.status, { 'content-type': 'application/json' }).end(proper.body);
      }
      script = script.filter((other) => other !== fault);
      fault.answer(response, fault.does ? properly(kind, id, body) : { status: 200, body: '' });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/data/v9.2/`;

  return {
    rows,
    effects,
    plan: (faults: readonly Fault[]) => void (script = [...faults]),
    left: () => script.length,
    /** From now on only this token is good. */
    accept: (good: string | null) => void (token = good),
    /** `apply` as a pane calls it. */
    applier(getToken: GetToken = async () => 'good', timeout = 400): CarryServices['applyDirectly'] {
      const crm = createDataverse(createHttp({ fetch, baseUrl, token: getToken, timeout }));
      const digest = (bytes: Uint8Array<ArrayBuffer>) => webcrypto.subtle.digest('SHA-256', bytes);
      const attachments = { attachment: async () => null, attachmentLimit: createAttachmentLimit(crm) };
      return (change, note) => apply(change, { crm, digest, tenantId: 'contoso', ...attachments, note });
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function missing(id: string): Proper {
  return {
    status: 404,
    body: JSON.stringify({ error: { code: '0x80040217', message: `email ${id} Does Not Exist` } }),
  };
}

function regardingIn(body: string): string | null {
  return /\/[a-z]+\(([0-9a-f-]{36})\)/.exec(body)?.[1] ?? null;
}
