import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpError } from '../../http/errors.ts';
import type { Place } from '../../odata/answer/ask.ts';
import type { Table } from '../../odata/metadata.ts';
import { placeOf, type WebApiOptions } from '../../odata/routes.ts';
import { isGuid } from '../../odata/values.ts';
import { exportRows } from './export.ts';
import { importable, readMapping, targetsOf } from './mapping.ts';
import { planRows } from './plan.ts';
import { hashOf, runImport, type OnDuplicate } from './run.ts';
import { LARGEST_FILE, MOST_ROWS, readSheet } from './read-sheet.ts';

/** Lines of each list that a preview shows. */
const SHOWN = 200;
const SAMPLE = 5;

type Files = FastifyRequest<{ Params: { table: string; id: string }; Querystring: Record<string, string | undefined> }>;

/**
 * - `POST /crm/import/{table}/preview?name=&mapping=` with the file as body: what would happen;
 * - `POST /crm/import/{table}/{import id}?name=&mapping=&duplicates=skip|update|create`: it happens, wholly or not at all;
 * - `GET /crm/export/{set}?$select=...&headings=label|logical&bom=1`: rows as CSV.
 */
export async function registerImport(server: FastifyInstance, options: WebApiOptions): Promise<void> {
  await server.register(async (files) => {
    files.removeAllContentTypeParsers();
    files.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: LARGEST_FILE }, (_request, body, done) =>
      done(null, body),
    );
    files.addHook('onRequest', async (request, reply) => {
      void reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
      if (Number(request.headers['content-length'] ?? 0) > LARGEST_FILE)
        throw new HttpError(
          413,
          `The file is larger than ${LARGEST_FILE / 1024 / 1024} MB. Split it and import the parts.`,
          '0x80044331',
        );
      request.caller = await options.callerOf(request);
    });
    files.post('/crm/import/:table/preview', { bodyLimit: LARGEST_FILE }, (request: Files) =>
      preview(options, request),
    );
    files.post('/crm/import/:table/:id', { bodyLimit: LARGEST_FILE }, (request: Files) => carryOut(options, request));
    files.get('/crm/export/:table', async (request: Files, reply) => {
      const table = options.model.sets.get(request.params.table);
      if (table === undefined) throw new HttpError(404, 'There is no such table.', '0x80060888');
      const { search, headings, mark } = readExport(request);
      const pages = await exportRows(placeFor(options, request), { table, search, headings, mark });
      return reply
        .headers({
          'content-type': 'text/csv; charset=utf-8; header=present',
          'content-disposition': `attachment; filename="${table.setName}.csv"`,
        })
        .send(Readable.from(pages));
    });
  });
}

function placeFor(options: WebApiOptions, request: FastifyRequest): Place {
  if (request.caller === undefined) throw new Error('A request came through without its caller');
  return placeOf(options, request.caller, `${request.protocol}://${request.host}/api/data/v9.2/`);
}

function readExport({ url }: FastifyRequest) {
  const all = (url.split('?', 2)[1] ?? '').split('&').filter(Boolean);
  const own = (name: string) => all.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
  return {
    search: all.filter((pair) => !/^(?:headings|bom)=/.test(pair)).join('&'),
    headings: own('headings') === 'logical' ? ('logical' as const) : ('label' as const),
    mark: own('bom') === '1',
  };
}

function tableFor({ model }: WebApiOptions, name: string): Table {
  const table = importable.has(name) ? model.tables.get(name) : undefined;
  if (table === undefined) throw new HttpError(404, 'Contacts, leads and accounts can be imported.', '0x80060888');
  return table;
}

async function read(options: WebApiOptions, request: Files) {
  const table = tableFor(options, request.params.table);
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const place = placeFor(options, request);
  place.session.access.demand(place.session.caller, 'create', table);
  const name = (request.query['name'] ?? 'a file').slice(0, 100);
  const sheet = await readSheet(bytes);
  const mapping = readMapping(table, sheet.headings, request.query['mapping']);
  return { table, bytes, place, sheet, mapping, plan: await planRows(place, table, sheet, mapping, name) };
}

async function preview(options: WebApiOptions, request: Files): Promise<object> {
  const { table, sheet, mapping, plan } = await read(options, request);
  const duplicates = plan.rows.filter((row) => row.duplicate !== undefined);
  return {
    table: { name: table.name, label: table.label, setName: table.setName },
    kind: sheet.kind,
    encoding: sheet.encoding,
    delimiter: sheet.delimiter ?? null,
    rows: sheet.rows.length,
    limits: { rows: MOST_ROWS, bytes: LARGEST_FILE },
    columns: sheet.headings.map((heading, index) => ({
      heading,
      target: mapping[index] ?? null,
      example:
        sheet.rows
          .find(({ cells }) => (cells[index]?.trim() ?? '') !== '')
          ?.cells[index]?.trim()
          .slice(0, 80) ?? '',
    })),
    targets: [...targetsOf(table).values()].map(({ name, label }) => ({ name, label })),
    sample: plan.rows.slice(0, SAMPLE).map(({ number, shown }) => ({ row: number, values: shown })),
    errors: { count: plan.errors.length, list: plan.errors.slice(0, SHOWN) },
    notes: { count: plan.notes.length, list: plan.notes.slice(0, SHOWN) },
    duplicates: {
      count: duplicates.length,
      list: duplicates
        .slice(0, SHOWN)
        .map(({ number, body, duplicate }) => ({ row: number, email: body['emailaddress1'], of: duplicate })),
    },
  };
}

async function carryOut(options: WebApiOptions, request: Files): Promise<object> {
  const { id } = request.params;
  if (!isGuid(id)) throw new HttpError(400, 'An import is named by a GUID.', '0x80060888');
  const onDuplicate = readOnDuplicate(request.query['duplicates'] ?? 'skip');
  const { table, bytes, place, mapping, plan } = await read(options, request);
  const file = hashOf(table.name, onDuplicate, JSON.stringify(mapping), bytes);
  return runImport(place, { id: id.toLowerCase(), table, plan, onDuplicate, file });
}

function readOnDuplicate(text: string): OnDuplicate {
  if (text === 'skip' || text === 'update' || text === 'create') return text;
  throw new HttpError(400, 'duplicates is skip, update or create.', '0x80060888');
}
