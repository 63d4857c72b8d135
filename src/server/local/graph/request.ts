// What the routes of the mailbox share: the parts they stand on, and how a request names a mailbox and a mail.
import type { FastifyRequest } from 'fastify';
import type { Identity } from '../identity.ts';
import type { Drafts } from '../mailbox/drafts.ts';
import type { Mail, Mailboxes } from '../mailbox/mailboxes.ts';
import type { Person } from '../mailbox/message.ts';
import type { Properties } from '../mailbox/properties.ts';

export interface GraphParts {
  mailboxes: Mailboxes;
  drafts: Drafts;
  properties: Properties;
  identity: Identity;
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
}

/** Opens the mailbox a request names, if its caller may. */
export type Route = (request: FastifyRequest) => Promise<Opened>;
export const paramsOf = (request: FastifyRequest) => request.params as Params;
