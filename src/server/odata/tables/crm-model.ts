import { model } from '../metadata.ts';
import { activities } from './activities.ts';
import { account } from './account.ts';
import { closes } from './closes.ts';
import { connections } from './connections.ts';
import { contact } from './contact.ts';
import { transactioncurrency } from './currency.ts';
import { duplicates } from './duplicates.ts';
import { service } from './incident.ts';
import { lead } from './lead.ts';
import { mailboxes } from './mailboxes.ts';
import { notes } from './notes.ts';
import { offline } from './offline.ts';
import { opportunity } from './opportunity.ts';
import { organisation } from './organisation.ts';
import { queues } from './queues.ts';
import { pairs, relationshipsOf } from './relationships.ts';
import { security, securityCollections, securityPairs } from './security.ts';
import { templates } from './templates.ts';
import { views } from './views.ts';

const tables = [
  account,
  contact,
  lead,
  opportunity,
  ...service,
  ...activities,
  ...closes,
  ...notes,
  ...connections,
  ...queues,
  ...mailboxes,
  ...templates,
  ...duplicates,
  ...views,
  ...offline,
  transactioncurrency,
  ...organisation,
  ...security,
];

export const crmModel = model(tables, relationshipsOf(tables, securityCollections), [...pairs, ...securityPairs]);
