// What the add-in's door serves besides the product: office.js, and tokens for our own pages.
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { errorBody, toHttpError } from '../http/errors.ts';
import { identityRoutes } from './identity-routes.ts';
import type { Identity } from './identity.ts';
import { officeRoutes } from './office.ts';

/** Addresses that belong to the local stack; everything else is the product's. */
export const isLocalAddress = (url: string | undefined) => /^\/(office-js|local|identity)\//.test(url ?? '');

export const createOfficeServer = async (identity: Identity): Promise<FastifyInstance> => {
  const app = Fastify({ forceCloseConnections: true });
  app.setErrorHandler((thrown, _request, reply) => {
    const error = toHttpError(thrown);
    return reply.code(error.status).send(errorBody(error.code, error.message));
  });
  await app.register(identityRoutes(identity));
  await app.register(officeRoutes());
  await app.ready();
  return app;
};
