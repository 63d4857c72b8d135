import type { ApiResponse } from '../message.ts';
import type { Session } from '../session.ts';
import { ok } from './ask.ts';

/** The service document: which sets there are. */
export function serviceDocument({ model, root }: Session): ApiResponse {
  const value = [...model.sets.keys()].map((name) => ({ name, kind: 'EntitySet', url: name }));
  return ok({ '@odata.context': `${root}$metadata`, value });
}
