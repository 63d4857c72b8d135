// POST /identity/token, for our own pages only: whoever may ask gets a token for whomever they name, so a page of somebody
// else must not be able to ask. Scripts use `npm run token`, which needs the right to read the data directory.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpError } from '../http/errors.ts';
import type { Identity } from './identity.ts';

const loopback = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** Browsers send Origin with every POST, and Sec-Fetch-Site to loopback; a request that has neither is no page of ours. */
const isOwnPage = ({ headers, ip }: FastifyRequest) => {
  const site = headers['sec-fetch-site'];
  const sameOrigin =
    headers.origin === undefined ? site === 'same-origin' : headers.origin === `http://${headers.host}`;
  return loopback.has(ip) && sameOrigin && (site === undefined || site === 'same-origin');
};

export const identityRoutes = (identity: Identity) => async (app: FastifyInstance) => {
  app.post('/identity/token', async (request, reply) => {
    if (!isOwnPage(request))
      throw new HttpError(403, 'Tokens are given to our own pages only. For scripts: npm run --silent token');
    const { loginHint } = (request.body ?? {}) as { loginHint?: unknown };
    if (loginHint !== undefined && typeof loginHint !== 'string')
      throw new HttpError(400, 'loginHint is a mail address.');
    const token = await identity.token(loginHint || undefined).catch((error: unknown) => {
      throw error instanceof TypeError ? new HttpError(400, error.message) : error;
    });
    return reply.header('cache-control', 'no-store').send(token);
  });
};
