import type { Operation } from '../odata/operations.ts';
import { publishDuplicateRule, retrieveDuplicates, unpublishDuplicateRule } from './duplicates/duplicate-messages.ts';
import { checkIncomingEmail, checkPromoteEmail, deliverIncomingEmail, deliverPromoteEmail } from './mail/deliver.ts';
import { documentMessages } from './files/document-messages.ts';
import {
  commitFileBlocksUpload,
  deleteFile,
  downloadBlock,
  initializeFileBlocksDownload,
  initializeFileBlocksUpload,
  uploadBlock,
} from './files/file-messages.ts';
import { resolveAddresses } from './mail/resolve-addresses.ts';
import { createSendEmail } from './mail/send/send-email.ts';
import { getTrackingTokenEmail } from './mail/tracking-token-message.ts';
import { instantiateTemplate } from './mail/template/instantiate.ts';
import { createSendEmailFromTemplate } from './mail/template/send-from-template.ts';
import { initializeFrom } from './mapping/initialize-from.ts';
import { addToQueue, pickFromQueue, releaseToQueue, removeFromQueue } from './queues/queue-messages.ts';
import { loseOpportunity, winOpportunity } from './sales/close-opportunity.ts';
import { qualifyLead } from './sales/qualify-lead.ts';
import { closeIncident } from './service/close-incident.ts';

/** What this CRM can be asked to do beyond storing rows: mail, sales, service, queues. */
export const createMessages = (outbox: { poke(): void }): readonly Operation[] => [
  checkPromoteEmail,
  checkIncomingEmail,
  deliverPromoteEmail,
  deliverIncomingEmail,
  getTrackingTokenEmail,
  resolveAddresses,
  createSendEmail(outbox),
  createSendEmailFromTemplate(outbox),
  instantiateTemplate,
  initializeFrom,
  qualifyLead,
  winOpportunity,
  loseOpportunity,
  closeIncident,
  addToQueue,
  pickFromQueue,
  releaseToQueue,
  removeFromQueue,
  retrieveDuplicates,
  publishDuplicateRule,
  unpublishDuplicateRule,
  initializeFileBlocksUpload,
  uploadBlock,
  commitFileBlocksUpload,
  initializeFileBlocksDownload,
  downloadBlock,
  deleteFile,
  ...documentMessages,
];
