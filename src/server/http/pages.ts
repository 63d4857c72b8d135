import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HttpError } from './errors.ts';

export interface PagesOptions {
  /** The folder with the built add-in. Only plain file names directly in it or in one folder below are served. */
  directory: string;
  /** What `/config.json` says: which CRM, which tenant, how to sign in. */
  config: object;
  /** Changes a page on its way out; `name` is its file name. The files themselves stay as they were built. */
  transformHtml?: ((html: string, name: string) => string) | undefined;
  /** Origins that may show our pages in a frame. */
  frameAncestors?: readonly string[] | undefined;
  /** Origins besides our own that the pages may call. */
  connect?: readonly string[] | undefined;
  /** Origins besides our own that scripts come from: where office.js lives. */
  scripts?: readonly string[] | undefined;
}

interface Page {
  bytes: Buffer;
  zipped: Buffer | undefined;
  etag: string;
  modified: number;
}

const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.json', 'application/json; charset=utf-8'],
  ['.map', 'application/json; charset=utf-8'],
  ['.txt', 'text/plain; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.ico', 'image/x-icon'],
  ['.woff2', 'font/woff2'],
]);
const NAME = /^(?:[\w-][\w.-]*\/)?[\w-][\w.-]*$/;
/** A file whose name holds a hash of its content never changes. */
const HASHED = /[.-][0-9a-f]{8,}\.(?:js|css|woff2|png|svg)$/;
const zip = promisify(gzip);

/** Serves the add-in's files and `/config.json`; everything is kept in memory, zipped once, until its file changes. */
export function registerPages(server: FastifyInstance, options: PagesOptions): void {
  const policy = contentPolicy(options);
  const kept = new Map<string, Page>();

  const read = async (name: string): Promise<Page> => {
    const path = join(options.directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || !found.isFile()) throw new HttpError(404, 'Nothing is served at this address.');
    const known = kept.get(name);
    if (known?.modified === found.mtimeMs) return known;
    const page = await prepare(await readFile(path), name, found.mtimeMs, options.transformHtml);
    kept.set(name, page);
    return page;
  };

  server.get('/config.json', async (_request, reply) => reply.header('cache-control', 'no-store').send(options.config));
  for (const address of ['/admin', '/admin/'])
    server.get(address, async (_request, reply) => reply.redirect('/admin.html'));
  server.get('/*', async (request: FastifyRequest<{ Params: { '*': string } }>, reply) => {
    const name = request.params['*'];
    const type = TYPES.get(extname(name));
    if (!NAME.test(name) || type === undefined) throw new HttpError(404, 'Nothing is served at this address.');
    const page = await read(name);
    void reply.headers({
      'content-type': type,
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag: page.etag,
      vary: 'accept-encoding',
    });
    return sendPage(request, reply, page);
  });
}

function sendPage(request: FastifyRequest, reply: FastifyReply, page: Page): FastifyReply {
  if (request.headers['if-none-match'] === page.etag) return reply.code(304).send();
  const accepts = String(request.headers['accept-encoding'] ?? '').includes('gzip');
  if (page.zipped === undefined || !accepts) return reply.send(page.bytes);
  return reply.header('content-encoding', 'gzip').send(page.zipped);
}

async function prepare(
  file: Buffer,
  name: string,
  modified: number,
  transformHtml: PagesOptions['transformHtml'],
): Promise<Page> {
  const isHtml = extname(name) === '.html';
  const bytes = isHtml && transformHtml !== undefined ? Buffer.from(transformHtml(file.toString('utf8'), name)) : file;
  const zipped = /\.(?:html|js|css|json|svg|map)$/.test(name) && bytes.length > 1024 ? await zip(bytes) : undefined;
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { bytes, zipped, etag, modified };
}

function contentPolicy(options: PagesOptions): string {
  const list = (...parts: readonly string[]) => ["'self'", ...parts].join(' ');
  return [
    "default-src 'none'",
    `script-src ${list(...(options.scripts ?? []))}`,
    // Fluent writes its styles into style elements at run time.
    `style-src ${list("'unsafe-inline'")}`,
    `img-src ${list('data:', 'blob:')}`,
    `font-src ${list('data:')}`,
    `connect-src ${list(...(options.connect ?? []))}`,
    `frame-src ${list()}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${list(...(options.frameAncestors ?? []))}`,
  ].join('; ');
}
