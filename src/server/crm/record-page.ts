import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HttpError } from '../http/errors.ts';
import type { Model, Table } from '../odata/metadata.ts';
import { isGuid } from '../odata/values.ts';

/** Nothing from elsewhere; `img-src data:` is for pictures inside a mail, which come with it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Columns that say nothing to people, or that the page shows in a place of its own. */
const LEFT_OUT = new Set([
  ...['versionnumber', 'owningbusinessunit', 'overriddencreatedon', 'activitytypecode', 'statecode', 'body'],
  ...['safedescription', 'messageid', 'inreplyto', 'conversationindex', 'internetmessageheaders', 'correlationmethod'],
  ...['sender', 'torecipients', 'submittedby', 'emailsender', 'sendersaccount', 'isduplicatesenderunresolved'],
  ...['attachmentcount', 'notifications', 'deliveryprioritycode', 'deliveryattempts', 'actualend'],
]);

/**
 * `GET /crm/{table}/{id}`: "Open in CRM" for the built-in CRM. The page is an empty shell without data; its script signs in as
 * the pane does on a local stack and reads the row through the Web API, so that only who may read it sees it.
 */
export function registerRecordPage(server: FastifyInstance, model: Model): void {
  const asset = (name: string) => readFileSync(join(import.meta.dirname, 'page', name));
  const [script, style] = [asset('record.js'), asset('record.css')];
  server.get('/crm/record.js', (_request, reply) => sendPage(reply, 'text/javascript; charset=utf-8', script));
  for (const name of ['elements.js', 'sign-in.js']) {
    const part = asset(name);
    server.get(`/crm/${name}`, (_request, reply) => sendPage(reply, 'text/javascript; charset=utf-8', part));
  }
  server.get('/crm/record.css', (_request, reply) => sendPage(reply, 'text/css; charset=utf-8', style));
  server.get('/crm/:table/:id', (request: FastifyRequest<{ Params: { table: string; id: string } }>, reply) => {
    const table = model.tables.get(request.params.table);
    if (table === undefined || !isGuid(request.params.id))
      throw new HttpError(404, 'There is no such record.', '0x80040217');
    return sendPage(reply, 'text/html; charset=utf-8', shell(table));
  });
}

/** Part of a page, with its guards. */
export function sendPage(reply: FastifyReply, type: string, content: string | Buffer): FastifyReply {
  return reply
    .headers({
      'content-type': type,
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    })
    .send(content);
}

function shell(table: Table): string {
  // Only words of our own model stand in here; `<` is escaped because they stand inside a script element.
  const description = JSON.stringify(describe(table)).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${table.label}</title>
    <link rel="stylesheet" href="/crm/record.css" />
    <script id="table" type="application/json">${description}</script>
    <script type="module" src="/crm/record.js"></script>
  </head>
  <body>
    <main aria-live="polite"><p class="quiet">Opening the record…</p></main>
  </body>
</html>
`;
}

function describe(table: Table): object {
  const columns = [...table.columns.values()]
    .filter(({ name, kind }) => !LEFT_OUT.has(name) && name !== table.key && name !== table.primary && kind !== 'guid')
    // The body of a mail is HTML and has a frame of its own; a description elsewhere is plain text.
    .filter(({ name }) => name !== 'description' || !table.columns.has('safedescription'))
    .map(({ name, label, kind, email }) => ({ name, label, kind: email === true ? 'email' : kind }));
  const owned = [...table.collections.values()].filter((collection) => collection.owned === true);
  const named = (target: string) => owned.find((collection) => collection.target === target)?.name ?? null;
  return {
    label: table.label,
    setName: table.setName,
    primary: table.primary,
    columns,
    parties: named('activityparty'),
    attachments: named('activitymimeattachment'),
  };
}
