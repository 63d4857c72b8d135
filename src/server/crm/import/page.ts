import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { sendPage } from '../record-page.ts';

/** `GET /crm/import`: a page where a person imports and exports; its script asks the routes beside this file. */
export function registerImportPage(server: FastifyInstance): void {
  const asset = (name: string) => readFileSync(join(import.meta.dirname, '..', 'page', name));
  const [page, script, style] = [asset('import.html'), asset('import.js'), asset('import.css')];
  server.get('/crm/import', (_request, reply) => sendPage(reply, 'text/html; charset=utf-8', page));
  server.get('/crm/import.js', (_request, reply) => sendPage(reply, 'text/javascript; charset=utf-8', script));
  server.get('/crm/import.css', (_request, reply) => sendPage(reply, 'text/css; charset=utf-8', style));
}
