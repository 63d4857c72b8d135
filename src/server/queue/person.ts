import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpError } from '../http/errors.ts';
import type { Identity } from '../http/tokens.ts';

/** Who asks; the ledger knows people only. @throws {HttpError} 401, 403 */
export async function personOf(server: FastifyInstance, request: FastifyRequest): Promise<Identity> {
  const identity = await server.identify(request);
  if (identity.kind !== 'user') throw new HttpError(403, 'The ledger takes wishes of people only.');
  return identity;
}
