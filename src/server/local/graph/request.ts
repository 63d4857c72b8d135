// What the routes of the mailbox share: the parts they stand on, and how a request names a mailbox and a mail.
import type { FastifyRequest } from 'fastify';
import { isObject } from '../../../model/is-object.ts';
import type { Person } from '../../mailbox/folder/summary.ts';
import type { Identity } from '../identity.ts';
import type { ChangeLog } from '../mailbox/change-log.ts';
import type { Drafts } from '../mailbox/drafts.ts';
import type { Folder } from '../mailbox/folders.ts';
import type { Mail, Mailboxes } from '../mailbox/mailboxes.ts';
import type { Properties } from '../mailbox/properties.ts';
import type { Sending } from '../mailbox/sending.ts';
import { badRequest } from './errors.ts';
import type { Misbehaves } from './misbehaviour.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface GraphParts {
  mailboxes: Mailboxes;
  drafts: Drafts;
  properties: Properties;
  changeLog: ChangeLog;
  sending: Sending;
  identity: Identity;
  misbehaves: Misbehaves;
  subscriptions: Subscriptions;
  now: () => number;
  /** Told after every change of a mailbox. */
  changed: (address: string) => void;
  /** Told when somebody lists folders: a good time to look whether mail came below --mail PATH. */
  lookedAt: () => void;
}

interface Params {
  user?: string;
  id: string;
  part: string;
  folder: string;
  name: string;
}

/** What a route handler needs to know about the mailbox it was asked for. */
interface Opened {
  owner: Person;
  mailOf: (id: string) => Mail;
  /** By its id or its well-known name. */
  folderOf: (id: string) => Folder;
}

/** Opens the mailbox a request names, if its caller may. */
export type Route = (request: FastifyRequest) => Promise<Opened>;
export const paramsOf = (request: FastifyRequest) => request.params as Params;

export const originOf = (request: FastifyRequest) => `${request.protocol}://${request.host}`;

type Body = Record<string, unknown>;

export const bodyOf = (request: FastifyRequest): Body => {
  if (request.body === undefined || request.body === null) return {};
  if (!isObject(request.body)) throw badRequest('The request body must be a JSON object.');
  return request.body;
};

export const textOf = (name: string, value: unknown) => {
  if (typeof value !== 'string') throw badRequest(`The property '${name}' must be a string.`);
  return value;
};

const largestDeltaPage = 1000;

/** `Prefer: odata.maxpagesize`, else $top, else Graph's ten. */
export const pageSizeOf = (request: FastifyRequest, top: string | undefined) => {
  const preferred = /odata\.maxpagesize=(\d{1,6})/i.exec(String(request.headers['prefer'] ?? ''))?.[1];
  const size = Number(preferred ?? top ?? 10);
  if (!Number.isInteger(size) || size < 1)
    throw badRequest(`Invalid value '${top ?? ''}' for '$top' query option found.`);
  return Math.min(size, largestDeltaPage);
};
