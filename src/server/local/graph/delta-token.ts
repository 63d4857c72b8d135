// State tokens of delta queries. They are opaque to clients and carry what the first request of the round asked for.
import { badRequest, GraphError } from './errors.ts';
import type { Misbehaves } from './misbehaviour.ts';

export interface DeltaState {
  /** Whose folder: a token of one folder says nothing about another. */
  owner: string;
  folder: string;
  from: number;
  /** Where the round ends; null before it begins. */
  until: number | null;
  /** The first round lists what is there; later ones say what happened. */
  first: boolean;
  /** Items said so far in this round. */
  said: number;
  /** Empty pages still to come. */
  empty: number;
  select: string | null;
  expand: readonly number[];
  /** Only mails received at this time or later, epoch milliseconds. */
  since: number | null;
  epoch: number;
}

export const writeToken = (state: DeltaState) => Buffer.from(JSON.stringify(state)).toString('base64url');

const isState = (value: unknown): value is DeltaState =>
  typeof value === 'object' &&
  value !== null &&
  'owner' in value &&
  'folder' in value &&
  'from' in value &&
  typeof value.from === 'number';

const parse = (token: string): unknown => {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
};

const expired = (kind: Misbehaves['expiry']['kind'], restart: string) => {
  const sentence =
    'The sync state generation is not found. The delta token is expired and data must be synchronized again.';
  switch (kind) {
    case 'gone':
      return new GraphError(410, 'SyncStateNotFound', sentence, { location: restart });
    case 'not-found':
      return new GraphError(404, 'syncStateNotFound', sentence);
    case 'invalid':
      return new GraphError(400, 'syncStateInvalid', sentence);
  }
};

/** `restart`: the address that begins anew. @throws GraphError when the token is not one of this folder, or not any more. */
export const readToken = (
  token: string,
  place: { owner: string; folder: string },
  misbehaves: Misbehaves,
  restart: string,
) => {
  const state = parse(token);
  if (!isState(state) || state.owner !== place.owner || state.folder !== place.folder)
    throw badRequest('Badly formed token.');
  if (state.epoch < misbehaves.expiry.epoch) throw expired(misbehaves.expiry.kind, restart);
  return state;
};
