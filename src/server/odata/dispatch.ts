import { allow, type Ask, type Place } from './answer/ask.ts';
import { serviceDocument } from './answer/document.ts';
import { callOperation } from './answer/operation.ts';
import { answerRow } from './answer/row.ts';
import { answerSet } from './answer/set.ts';
import { badRequest } from './bad-request.ts';
import type { ApiRequest, ApiResponse } from './message.ts';
import { readAddress, type Address } from './parse/address.ts';
import { readPrefer } from './parse/prefer.ts';
import { parseQuery, splitOptions } from './parse/query.ts';
import { answerSchema, asksForSchema } from './schema/answer-schema.ts';

/** Answers one request. @throws {HttpError} for everything that is not a success */
export async function dispatch(place: Place, request: ApiRequest): Promise<ApiResponse> {
  if (asksForSchema(request.path)) return answerSchema(place, request);
  const address = readAddress(place.session.model, request.path);
  const options = splitOptions(request.search);
  const query = parseQuery(options, { length: place.filterLength });
  const prefer = readPrefer(request.headers['prefer']);
  const response = await answer({ place, request, options, query, prefer }, address);
  if (prefer.applied.length > 0) response.headers['preference-applied'] = prefer.applied.join(', ');
  return response;
}

async function answer(ask: Ask, address: Address): Promise<ApiResponse> {
  switch (address.kind) {
    case 'document':
      return allow(ask, { GET: async () => serviceDocument(ask.place.session) });
    case 'batch':
      throw badRequest('A batch cannot be inside another batch.');
    case 'operation':
      return callOperation(ask, { name: address.name, inside: address.inside });
    case 'set':
      return answerSet(ask, address.table, address.rest);
    case 'row':
      return answerRow(ask, address.table, address.key, address.rest);
  }
}
