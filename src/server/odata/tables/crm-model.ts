import {
  model,
  withColumns,
  withTargets,
  type CollectionParts,
  type Model,
  type Table,
  type TableParts,
} from '../metadata.ts';
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

/** What somebody adds to the tables that every organisation has. */
export interface Additions {
  tables: readonly Table[];
  /** Name of a standard table -> its further columns. */
  columns: ReadonlyMap<string, TableParts['columns']>;
  collections: readonly CollectionParts[];
  /** Tables that activities can be about, and those that can have notes. */
  regarding: readonly string[];
  noted: readonly string[];
}

export function createModel({ tables: further, columns, collections, regarding, noted }: Additions): Model {
  const standard = tables.map((each) => {
    const wider = withColumns(each, columns.get(each.name) ?? {});
    if (each.name === 'annotation') return withTargets(wider, 'objectid', noted, (target) => [`objectid_${target}`]);
    if (!each.activity) return wider;
    return withTargets(wider, 'regardingobjectid', regarding, (target) => [
      `regardingobjectid_${target}`,
      ...(each.readOnly ? [] : [`regardingobjectid_${target}_${each.name}`]),
    ]);
  });
  const all = [...standard, ...further];
  return model(all, relationshipsOf(all, [...securityCollections, ...collections]), [...pairs, ...securityPairs]);
}

/** The model of an organisation that added nothing. */
export const crmModel = createModel({ tables: [], columns: new Map(), collections: [], regarding: [], noted: [] });
