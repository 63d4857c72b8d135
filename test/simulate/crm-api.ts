import type { RegardingTable } from '../../src/model/records.ts';
import { setNameOf } from '../../src/model/records.ts';
import { etagOf, WebApiError, type Author, type Crm, type EmailRow, type Regarding } from './crm.ts';
import type { WireAnswer, WireRequest } from './network.ts';

/** The requests of the Web API that `api/apply` and its neighbours make, and no others: a new one must be learnt here first. */
export function answerWebApi(crm: Crm, request: WireRequest, by: Author): WireAnswer {
  try {
    return route(crm, request, by);
  } catch (error) {
    if (!(error instanceof WebApiError)) throw error;
    return { ...json(error.status, { error: { code: error.code, message: error.message } }) };
  }
}

const root = '/api/data/v9.2/';

function route(crm: Crm, { method, url, headers, body }: WireRequest, by: Author): WireAnswer {
  const path = decodeURIComponent(url.pathname.slice(root.length));
  const id = /\(([0-9a-f-]{36})\)/.exec(path)?.[1] ?? '';
  const table = /^(contacts|leads)\(/.exec(path)?.[1]?.slice(0, -1);
  const ifMatch = headers.get('if-match');
  switch (`${method} ${path.replace(/\(.*?\)/, '()')}`) {
    case 'GET emails':
      return list(crm, url.searchParams);
    case 'POST emails()/Microsoft.Dynamics.CRM.DeliverPromoteEmail':
      return json(200, rowOf(crm, crm.promote(promotedValues(parse(body)), id, by)));
    case 'PATCH emails()': {
      const row = crm.setRegarding(id, regardingOf(parse(body)) ?? null, ifMatch, by);
      return { status: 204, headers: { etag: etagOf(row) }, body: '' };
    }
    case 'DELETE emails()':
      crm.removeEmail(id, ifMatch, by);
      return { status: 204, headers: {}, body: '' };
    case 'PATCH contacts()':
    case 'PATCH leads()':
      if (headers.get('if-none-match') !== '*') break;
      crm.createRecord(table ?? '', id, parse(body), by);
      return { status: 204, headers: {}, body: '' };
    case 'GET contacts()':
    case 'GET leads()': {
      const found = crm.records.get(`${table}:${id}`);
      if (found === undefined) throw new WebApiError(404, '0x80040217', `${table} With Id = ${id} Does Not Exist`);
      return json(200, { '@odata.etag': 'W/"1"', [`${table}id`]: id, lastname: found.name });
    }
    case 'GET organizations':
      return json(200, { value: [{ '@odata.etag': 'W/"1"', maxuploadfilesize: 5_242_880 }] });
    case 'GET WhoAmI()':
      return json(200, { UserId: '0a000000-0000-4000-8000-000000000000' });
  }
  throw new Error(`The simulated CRM does not know ${method} ${path}: teach it, and crm.test.ts that it is right.`);
}

/** `messageid eq 'a' or messageid eq 'b'`, oldest first, and nothing else. */
function list(crm: Crm, query: URLSearchParams): WireAnswer {
  const filter = query.get('$filter') ?? '';
  const wanted = new Set<string>();
  for (const term of filter.split(' or ')) {
    const id = /^messageid eq '(.*)'$/.exec(term)?.[1];
    if (id === undefined) throw new Error(`The simulated CRM does not know the filter ${filter}.`);
    wanted.add(id.replaceAll("''", "'"));
  }
  const rows = [...crm.emails.values()].filter(({ messageId }) => wanted.has(messageId));
  rows.sort((one, other) => (one.createdOn < other.createdOn ? -1 : one.createdOn > other.createdOn ? 1 : 0));
  return json(200, { value: rows.slice(0, Number(query.get('$top'))).map((row) => rowOf(crm, row)) });
}

function rowOf(crm: Crm, row: EmailRow): Record<string, unknown> {
  const { regarding } = row;
  return {
    '@odata.etag': etagOf(row),
    activityid: row.id,
    messageid: row.messageId,
    subject: row.subject,
    sender: row.sender,
    senton: `${row.sentOn.slice(0, 19)}Z`,
    createdon: row.createdOn,
    _createdby_value: '0a000000-0000-4000-8000-000000000000',
    '_createdby_value@OData.Community.Display.V1.FormattedValue': row.createdBy,
    _regardingobjectid_value: regarding?.id ?? null,
    ...(regarding === null
      ? {}
      : {
          '_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname': regarding.table,
          '_regardingobjectid_value@OData.Community.Display.V1.FormattedValue':
            crm.records.get(`${regarding.table}:${regarding.id}`)?.name ?? '',
        }),
  };
}

function promotedValues(body: Record<string, unknown>): Parameters<Crm['promote']>[0] {
  const attachments = body['Attachments'] as { filename: string; body: string }[];
  return {
    messageId: String(body['MessageId']),
    subject: String(body['Subject']),
    sender: /<([^>]*)>$/.exec(String(body['From']))?.[1] ?? String(body['From']),
    sentOn: String(body['ReceivedOn']),
    regarding: regardingOf(body['ExtraProperties'] as Record<string, unknown>) ?? null,
    attachments: attachments.map(({ filename, body: bytes }) => `${filename}:${bytes}`),
  };
}

/** `regardingobjectid_contact_email@odata.bind`: "/contacts(id)", or null to clear it. */
function regardingOf(values: Record<string, unknown>): Regarding | null | undefined {
  for (const [name, value] of Object.entries(values)) {
    const table = /^regardingobjectid_(\w+)_email@odata\.bind$/.exec(name)?.[1];
    if (table === undefined) continue;
    if (value === null) return null;
    const id = new RegExp(`^/${setNameOf(table as RegardingTable)}\\((.*)\\)$`).exec(value as string)?.[1];
    if (id !== undefined) return { table, id };
  }
  return undefined;
}

function parse(body: string): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>;
}

function json(status: number, body: unknown): WireAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json; odata.metadata=minimal' },
    body: JSON.stringify(body),
  };
}
