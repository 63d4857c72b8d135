import { HttpError } from '../../http/errors.ts';
import { badRequest } from '../../odata/bad-request.ts';
import { tableOf, type Table } from '../../odata/metadata.ts';
import type { Operation } from '../../odata/operations.ts';
import type { Row, WriteSession } from '../../odata/session.ts';
import type { Stored } from '../../odata/values.ts';
import { insertRow, requireRow, updateRow } from '../../odata/write/write.ts';
import { hasDuplicates } from '../duplicates/find-duplicates.ts';
import { mapRow, point } from '../mapping/mappings.ts';
import { readParameters, type Parameters } from '../parameters.ts';
import { readRow } from '../references.ts';

const KNOWN = [
  'CreateAccount',
  'CreateContact',
  'CreateOpportunity',
  'OpportunityCurrencyId',
  'OpportunityCustomerId',
  'SourceCampaignId',
  'Status',
  'ProcessInstanceId',
  'SuppressDuplicateDetection',
];

/**
 * `POST leads(..)/Microsoft.Dynamics.CRM.QualifyLead`: an open lead becomes Qualified, and account, contact and opportunity are
 * made from it as asked. A lead without company makes no account, one without a name no contact: there is nothing to name
 * them by. What the lead was already joined to (parentaccountid, parentcontactid) is used instead of made anew.
 * @returns `{ value: [references to what was made] }`
 */
export const qualifyLead: Operation = {
  name: 'QualifyLead',
  kind: 'action',
  boundTo: 'lead',
  async run(call) {
    const read = readParameters('QualifyLead', call.parameters, KNOWN);
    const wishes = {
      account: read.boolean('CreateAccount'),
      contact: read.boolean('CreateContact'),
      opportunity: read.boolean('CreateOpportunity'),
      status: read.integer('Status'),
    };
    const suppress = read.optionalBoolean('SuppressDuplicateDetection') ?? true;
    const made = await call.transaction(async (session) => {
      const rows = await qualify(session, call.id, wishes, read);
      if (!suppress) await demandNoDuplicates(session, rows);
      return rows;
    });
    const { root } = call.session;
    const value = made.map(({ table, id }) => ({
      '@odata.type': `#Microsoft.Dynamics.CRM.${table.name}`,
      [table.key]: id,
    }));
    return {
      status: 200,
      headers: {},
      body: { '@odata.context': `${root}$metadata#Collection(mscrm.crmbaseentity)`, value },
    };
  },
};

/** Undoes everything when one of the new rows is there already. */
async function demandNoDuplicates(session: WriteSession, made: readonly Made[]): Promise<void> {
  for (const { table, id } of made) {
    if (await hasDuplicates(session, table, id))
      throw new HttpError(412, `A duplicate of the new ${table.name} already exists.`, '0x80040333');
  }
}

interface Wishes {
  account: boolean;
  contact: boolean;
  opportunity: boolean;
  status: number;
}

interface Made {
  table: Table;
  id: string;
}

async function qualify(session: WriteSession, id: string, wishes: Wishes, read: Parameters): Promise<Made[]> {
  const table = tableOf(session.model, 'lead');
  const lead = await requireRow(session, table, id);
  if (lead['statecode'] !== 0) throw badRequest('The lead is not open, so it cannot be qualified.', '0x80040203');
  const status = wishes.status === -1 ? 3 : wishes.status;
  if (table.states.get(1)?.statuses.has(status) !== true)
    throw badRequest(`${wishes.status} is not a valid Status for a qualified lead.`, '0x80048408');
  const account = await joinAccount(session, lead, wishes);
  const contact = await joinContact(session, lead, wishes, account.id);
  const opportunity = wishes.opportunity
    ? await makeOpportunity(session, lead, read, account.id, contact.id)
    : undefined;
  const values = new Map<string, Stored>([
    ['statecode', 1],
    ['statuscode', status],
  ]);
  if (account.id !== undefined) values.set('parentaccountid', account.id);
  if (contact.id !== undefined) values.set('parentcontactid', contact.id);
  if (opportunity !== undefined) values.set('qualifyingopportunityid', opportunity.id);
  await updateRow(session, table, lead, values);
  return [account.made, contact.made, opportunity].filter((each) => each !== undefined);
}

/** The account or contact of the lead, and whether it was made just now. */
interface Joined {
  id: string | undefined;
  made: Made | undefined;
}

async function joinAccount(session: WriteSession, lead: Row, wishes: Wishes): Promise<Joined> {
  const known = lead['parentaccountid'];
  if (typeof known === 'string') return { id: known, made: undefined };
  if (!wishes.account || isBlank(lead['companyname'])) return { id: undefined, made: undefined };
  const made = await make(session, lead, 'account', () => undefined);
  return { id: made.id, made };
}

async function joinContact(
  session: WriteSession,
  lead: Row,
  wishes: Wishes,
  accountId: string | undefined,
): Promise<Joined> {
  const known = lead['parentcontactid'];
  if (typeof known === 'string') return { id: known, made: undefined };
  const nameless = isBlank(lead['lastname']) && isBlank(lead['firstname']);
  if (!wishes.contact || nameless) return { id: undefined, made: undefined };
  const made = await make(session, lead, 'contact', (table, values) => {
    if (accountId !== undefined)
      point(session.model, table, 'parentcustomerid', { table: 'account', id: accountId }, values);
  });
  return { id: made.id, made };
}

async function makeOpportunity(
  session: WriteSession,
  lead: Row,
  read: Parameters,
  accountId: string | undefined,
  contactId: string | undefined,
): Promise<Made> {
  const given = read.optionalObject('OpportunityCustomerId');
  const customer =
    given === undefined ? undefined : await readRow(session, 'OpportunityCustomerId', given, ['account', 'contact']);
  const currency = read.optionalObject('OpportunityCurrencyId');
  const money =
    currency === undefined
      ? undefined
      : await readRow(session, 'OpportunityCurrencyId', currency, ['transactioncurrency']);
  return make(session, lead, 'opportunity', (table, values) => {
    const set = (column: string, to: string, id: string | undefined) => {
      if (id !== undefined) point(session.model, table, column, { table: to, id }, values);
    };
    set('parentaccountid', 'account', accountId);
    set('parentcontactid', 'contact', contactId);
    set('customerid', 'contact', contactId);
    set('customerid', 'account', accountId);
    if (customer !== undefined) set('customerid', customer.table.name, customer.id);
    set('transactioncurrencyid', 'transactioncurrency', money?.id);
  });
}

async function make(
  session: WriteSession,
  lead: Row,
  name: string,
  complete: (table: Table, values: Map<string, Stored>) => void,
): Promise<Made> {
  const table = tableOf(session.model, name);
  const values = mapRow(session, tableOf(session.model, 'lead'), lead, table) ?? new Map<string, Stored>();
  complete(table, values);
  const id = await insertRow(session, table, values);
  if (id === undefined) throw new Error(`A row of ${name} was not stored`);
  return { table, id };
}

function isBlank(value: unknown): boolean {
  return typeof value !== 'string' || value.trim() === '';
}
