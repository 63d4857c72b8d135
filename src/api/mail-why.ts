import type { MailboxItemState, MailFound, MailWhy } from '../model/mailbox-report.ts';
import type { Why } from '../model/tracking-why.ts';
import { CrmError } from '../model/errors.ts';
import type { Dataverse } from './dataverse.ts';
import { query } from './dialect.ts';
import type { Http } from './http.ts';
import { isObject } from '../model/is-object.ts';
import { lookup } from './row.ts';

/** How the CRM joined an e-mail to an earlier one: `email.correlationmethod` as Dataverse documents it. */
export type JoinedBy = 'in-reply-to' | 'token' | 'conversation-index' | 'similar';

export interface MailReasons extends MailFound {
  /** Null: it began its thread, or the CRM has no row of it. */
  readonly joined: { readonly by: JoinedBy; readonly subject: string | null } | null;
}

export interface MailReasonsServices {
  readonly crm: Dataverse;
  /** `/sync/v1/` */
  readonly sync: Http;
}

/** Why the open mail is or is not tracked, and regarding what it is; asked for only when somebody wants to know. */
export async function askReasons(
  { crm, sync }: MailReasonsServices,
  itemKey: string,
  activityId: string | null,
): Promise<MailReasons> {
  const [daemon, joined] = await Promise.all([
    askDaemon(sync, itemKey),
    activityId === null ? null : askJoined(crm, activityId),
  ]);
  return { ...daemon, joined };
}

async function askDaemon(sync: Http, itemKey: string): Promise<MailFound> {
  const headers = { accept: 'application/json', 'content-type': 'application/json; charset=utf-8' };
  const answer = await sync.send({ method: 'POST', path: 'items/why', headers, body: JSON.stringify({ itemKey }) });
  const said = answer.json();
  if (!isObject(said) || !isTime(said['since'])) throw senseless();
  return {
    found: said['found'] === null ? null : parseWhy(said['found']),
    since: said['since'],
    untracked: said['untracked'] === true,
  };
}

function parseWhy(said: unknown): MailWhy {
  if (!isObject(said) || typeof said['at'] !== 'string' || !isState(said['state'])) throw senseless();
  return { state: said['state'], at: said['at'], why: isWhy(said['why']) ? said['why'] : null };
}

const senseless = (): CrmError => new CrmError('unavailable', 'The answer makes no sense.');

function isTime(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && !Number.isNaN(Date.parse(value)));
}

const states: readonly MailboxItemState[] = ['new', 'not-tracked', 'handed', 'tracked', 'failed'];

function isState(value: unknown): value is MailboxItemState {
  return states.some((state) => state === value);
}

/** A reason of a newer server is told by its code, so the code is all that is looked at. */
function isWhy(value: unknown): value is Why {
  return isObject(value) && typeof value['code'] === 'string';
}

const methods = new Map<unknown, JoinedBy>([
  [3, 'in-reply-to'],
  [4, 'token'],
  [5, 'conversation-index'],
  [6, 'similar'],
]);

async function askJoined(crm: Dataverse, activityId: string): Promise<MailReasons['joined']> {
  const path = query(`emails(${activityId})`, { select: ['correlationmethod', '_correlatedactivityid_value'] });
  const row = await crm.retrieve(path);
  const by = methods.get(row?.['correlationmethod']);
  if (row === null || by === undefined) return null;
  return { by, subject: lookup(row, 'correlatedactivityid')?.name ?? null };
}
