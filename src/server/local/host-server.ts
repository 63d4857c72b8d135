// The second door: the local Outlook's page, its mailbox, and the switches of the developer bar.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { errorBody, toHttpError } from '../http/errors.ts';
import { MAX_HEADER_BYTES } from '../http/server.ts';
import type { Events, LocalEvent } from './events.ts';
import { faultNames, isFault } from './faults.ts';
import type { Faults } from './faults.ts';
import type { GraphParts } from './graph/request.ts';
import { graphRoutes } from './graph/routes.ts';
import { identityRoutes } from './identity-routes.ts';
import { localUsers } from './identity.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** Two of Graph's largest attachments in base64, and the JSON around them. */
const bodyLimit = 100 * 1024 * 1024;

export interface HostParts extends GraphParts {
  events: Events;
  faults: Faults;
  addinUrl: string;
  log: (sentence: string) => void;
}

const notBuilt =
  '<!doctype html><title>Not built yet</title><p>The page of the local Outlook is not built. Run <code>npm run build</code>.';

const registerSwitches = (app: FastifyInstance, { faults, addinUrl }: HostParts) => {
  app.get('/local/users', async () => localUsers.map(({ name, address }) => ({ name, address })));
  app.get('/local/addin', async () => ({ addinUrl }));
  app.get('/local/faults', async () => ({ fault: faults.current() }));
  app.put('/local/faults', async (request, reply) => {
    const { fault } = (request.body ?? {}) as { fault?: unknown };
    if (!isFault(fault))
      return reply.code(400).send(errorBody('0x80060888', `A fault is one of ${faultNames.join(', ')}.`));
    faults.set(fault);
    return { fault };
  });
};

/** EventSource reconnects by itself; a comment line every 20 s keeps proxies and sleepy sockets awake. */
const registerEvents = (app: FastifyInstance, { events }: HostParts) => {
  app.get('/local/events', (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    raw.write(': hello\n\n');
    const write = ({ name, data }: LocalEvent) => raw.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    const unsubscribe = events.subscribe(write);
    const beat = setInterval(() => raw.write(':\n\n'), 20_000);
    beat.unref();
    request.raw.once('close', () => {
      clearInterval(beat);
      unsubscribe();
    });
  });
};

const registerPages = async (app: FastifyInstance, hostPages: string) => {
  await app.register(fastifyStatic, { root: root, serve: false });
  app.get('/manifest.xml', async (_request, reply) =>
    reply.header('cache-control', 'no-cache').sendFile('manifest.xml', root),
  );
  if (!existsSync(`${hostPages}/index.html`)) {
    app.get('/', async (_request, reply) => reply.code(503).type('text/html').send(notBuilt));
    return;
  }
  await app.register(fastifyStatic, {
    root: hostPages,
    decorateReply: false,
    cacheControl: false,
    setHeaders: (reply) => void reply.header('cache-control', 'no-cache'),
  });
};

export const createHostServer = async (parts: HostParts, hostPages = `${root}dist/host`): Promise<FastifyInstance> => {
  const app = Fastify({
    bodyLimit,
    http: { maxHeaderSize: MAX_HEADER_BYTES },
    routerOptions: { maxParamLength: 1000 },
    forceCloseConnections: true,
  });
  app.addHook('onSend', async (_request, reply) => {
    void reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  });
  app.setErrorHandler((thrown, _request, reply) => {
    const error = toHttpError(thrown);
    if (error.status >= 500) parts.log(`The local Outlook met an unexpected error: ${String(thrown)}`);
    return reply.code(error.status).send(errorBody(error.code, error.message));
  });
  registerSwitches(app, parts);
  registerEvents(app, parts);
  await app.register(identityRoutes(parts.identity));
  await app.register(graphRoutes(parts), { prefix: '/graph/v1.0' });
  await registerPages(app, hostPages);
  await app.ready();
  return app;
};
