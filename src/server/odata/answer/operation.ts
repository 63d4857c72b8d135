import { notFound, type Segment } from '../parse/address.ts';
import { readJson, type ApiResponse } from '../message.ts';
import type { Table } from '../metadata.ts';
import { demandMethod, findOperation, functionParameters } from '../operations.ts';
import { asObject } from '../write/payload.ts';
import type { Ask } from './ask.ts';

/** Calls a message: unbound, bound to a set, or bound to one row of it. */
export async function callOperation(
  ask: Ask,
  { name, inside }: Segment,
  bound: { table: Table; id?: string } | undefined = undefined,
): Promise<ApiResponse> {
  const { place, request, options, prefer } = ask;
  const operation = findOperation(place.operations, name, bound);
  if (operation === undefined) throw notFound(name);
  demandMethod(operation, request.method);
  const hasBody = request.body !== undefined && request.body.length > 0;
  const body = operation.kind === 'action' && hasBody ? Object.entries(asObject(readJson(request))) : [];
  const parameters = operation.kind === 'function' ? functionParameters(inside, options) : new Map(body);
  return operation.run({
    parameters,
    id: bound?.id ?? '',
    files: request.files ?? new Map(),
    prefer,
    session: place.session,
    transaction: (work) => place.transaction(work),
  });
}
