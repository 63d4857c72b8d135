import type { FastifyInstance } from 'fastify';
import { isGuid } from '../../model/uuid.ts';
import { HttpError } from '../http/errors.ts';
import type { Ledger } from './ledger.ts';
import { openStates } from './parked.ts';
import { personOf } from './person.ts';

/** Changes in one answer. */
const page = 100;

/** What a person still has on the server: unfinished, or refused until it is dropped or tried again. */
export function registerOpenRoutes(server: FastifyInstance, ledger: Ledger): void {
  server.get<{ Querystring: { state?: string; after?: string } }>('/sync/v1/changes', async (request) => {
    const person = await personOf(server, request);
    const { state = openStates.join(','), after = '0' } = request.query;
    const states = state.split(',').map((word) => {
      const known = openStates.find((candidate) => candidate === word);
      if (known === undefined) throw new HttpError(400, `A state is one of ${openStates.join(', ')}.`);
      return known;
    });
    if (!/^\d{1,15}$/.test(after)) throw new HttpError(400, 'The place to go on from is a whole number.');
    return ledger.list(person.objectId, states, Number(after), page);
  });

  server.post<{ Params: { id: string } }>('/sync/v1/changes/:id/retry', async (request, reply) => {
    const person = await personOf(server, request);
    return reply.code(202).send(await ledger.retry(person.objectId, idOf(request.params)));
  });

  server.delete<{ Params: { id: string } }>('/sync/v1/changes/:id', async (request, reply) => {
    const person = await personOf(server, request);
    await ledger.drop(person.objectId, idOf(request.params));
    return reply.code(204).send();
  });
}

function idOf({ id }: { id: string }): string {
  if (!isGuid(id)) throw new HttpError(400, 'The address names no change.');
  return id;
}
