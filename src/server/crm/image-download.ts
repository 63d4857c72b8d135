import type { FastifyInstance, FastifyRequest } from 'fastify';
import { sql } from 'kysely';
import { HttpError } from '../http/errors.ts';
import { badRequest, shown } from '../odata/bad-request.ts';
import { at, identifier } from '../odata/identifier.ts';
import type { Column, Model, Table } from '../odata/metadata.ts';
import { placeOf, type WebApiOptions } from '../odata/routes.ts';
import type { Session } from '../odata/session.ts';
import { isGuid } from '../odata/values.ts';
import { imageType } from './image-type.ts';

type Images = FastifyRequest<{ Querystring: Record<string, string | string[]> }>;

/** A picture by its own id, which `imageRule` makes anew for every picture: the same id is always the same bytes. */
interface ImagePlace {
  table: Table;
  column: Column;
  imageId: string;
}

/**
 * `GET /Image/download.aspx?Entity=contact&Attribute=entityimage&Id=...&Timestamp=...`, the address that stands in
 * `entityimage_url`. There are no thumbnails: the picture comes in full size, with `Full=true` and without.
 * https://learn.microsoft.com/power-apps/developer/data-platform/image-column-data#download-url
 */
export function registerImageDownload(server: FastifyInstance, options: WebApiOptions): void {
  server.get('/Image/download.aspx', async (request: Images, reply) => {
    // A cached picture is asked for again each time, so that a right that was taken away hides it.
    void reply.headers({ 'cache-control': 'private, no-cache', 'x-content-type-options': 'nosniff' });
    const caller = await options.callerOf(request);
    const place = readPlace(options.model, request.query);
    const { session } = placeOf(options, caller, '');
    const { image, type } = await readImage(session, place);
    const etag = `"${place.imageId}"`;
    void reply.header('etag', etag);
    if (request.headers['if-none-match']?.includes(etag) === true) return reply.code(304).send();
    return reply
      .headers({
        'content-type': type,
        'content-disposition': `inline; filename="${place.table.name}.${type.slice('image/'.length)}"`,
        'content-security-policy': "default-src 'none'; sandbox",
      })
      .send(image);
  });
}

const PARAMETERS = new Map([
  ['entity', 'Entity'],
  ['attribute', 'Attribute'],
  ['id', 'Id'],
  ['timestamp', 'Timestamp'],
  ['full', 'Full'],
]);

/** Clients write the names in either case. @throws {HttpError} 400 with the name that is wrong or missing */
function readPlace(model: Model, query: Images['query']): ImagePlace {
  const given = new Map<string, string>();
  for (const [written, value] of Object.entries(query)) {
    const name = PARAMETERS.get(written.toLowerCase());
    if (name === undefined) throw badRequest(`The query parameter ${shown(written)} is not known.`);
    if (typeof value !== 'string' || given.has(name)) throw badRequest(`${name} is given twice.`);
    given.set(name, value);
  }
  const required = (name: string): string => {
    const value = given.get(name) ?? '';
    if (value === '') throw badRequest(`The query parameter ${name} is missing.`);
    return value;
  };
  const table = model.tables.get(required('Entity'));
  if (table === undefined) throw badRequest(`Entity: there is no table ${shown(required('Entity'))}.`);
  const column = table.columns.get(required('Attribute'));
  if (column?.kind !== 'bytes' || !table.columns.has(`${column.name}_url`))
    throw badRequest(`Attribute: ${shown(required('Attribute'))} is no image column of ${table.name}.`);
  const id = required('Id');
  if (!isGuid(id)) throw badRequest(`Id: ${shown(id)} is no GUID.`);
  if (!/^\d{0,19}$/.test(given.get('Timestamp') ?? '')) throw badRequest('Timestamp is no number.');
  if (!/^(?:true|false)?$/i.test(given.get('Full') ?? '')) throw badRequest('Full is true or false.');
  return { table, column, imageId: id.toLowerCase() };
}

/** @throws {HttpError} 403; 404 also for a row that the caller may not see, and for bytes that are no picture */
async function readImage(
  { access, caller, queries }: Session,
  { table, column, imageId }: ImagePlace,
): Promise<{ image: Buffer; type: string }> {
  access.demand(caller, 'read', table);
  access.demandColumn(caller, 'read', table, column);
  const visible = access.readable(caller, table, 't0');
  const { rows } = await sql<{ image: Uint8Array | null }>`
    select ${at('t0', column.name)} as image from ${identifier(table.name)} as t0
    where ${at('t0', `${column.name}id`)} = ${imageId}${visible === undefined ? sql`` : sql` and ${visible}`}`.execute(
    queries,
  );
  const image = Buffer.from(rows[0]?.image ?? []);
  const type = imageType(image);
  if (type === undefined)
    throw new HttpError(404, `No image found for attribute: ${column.name} Id: ${imageId}.`, '0x80040217');
  return { image, type };
}
