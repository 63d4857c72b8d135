import type { FastifyRequest } from 'fastify';
import type { Dataverse } from '../../api/dataverse.ts';
import type { Ledger } from '../queue/ledger.ts';
import type { AccountRow } from './report.ts';
import type { Secrets } from './secrets.ts';
import type { MailboxStore } from './store.ts';

export interface MailboxRouteServices {
  readonly store: MailboxStore;
  readonly ledger: Ledger;
  readonly secrets: Secrets | null;
  /** @throws {CrmError} */
  readonly isAdministrator: (objectId: string) => Promise<boolean>;
  /** The CRM with the rights of one person. */
  readonly crmFor: (objectId: string) => Dataverse;
  readonly newId: () => string;
  /** Whether a folder of this machine may be a mailbox. */
  readonly folders: boolean;
}

/** Whoever asks, the mailbox it is about, and whether it is their own. */
export interface Asked {
  readonly row: AccountRow;
  readonly asker: string;
  readonly own: boolean;
}

export type FindMailbox = (request: FastifyRequest) => Promise<Asked>;
