import * as v from 'valibot';
import { CrmError } from '../model/errors.ts';
import type {
  MailboxAlert,
  MailboxConnection,
  MailboxFolder,
  MailboxFolderRule,
  MailboxItem,
  MailboxItems,
  MailboxItemState,
  MailboxList,
  MailboxReport,
  RulePreview,
} from '../model/mailbox-report.ts';
import type { RegardingRef } from '../model/records.ts';
import type { Why } from '../model/tracking-why.ts';
import type { Http, HttpRequest } from './http.ts';

/** The mailboxes that the server looks after, as the admin page sees them: `/sync/v1/mailboxes`. Rejects with CrmError. */
export interface Mailboxes {
  /** One's own, or with `all` everybody's, for administrators. */
  list(all: boolean, signal?: AbortSignal): Promise<MailboxList>;
  create(wanted: NewMailbox): Promise<MailboxReport>;
  change(id: string, wanted: MailboxChange): Promise<MailboxReport>;
  /** Tries to sign in and to read; what went wrong is in the report. */
  test(id: string): Promise<MailboxReport>;
  syncNow(id: string): Promise<MailboxReport>;
  items(id: string, page: ItemsPage, signal?: AbortSignal): Promise<MailboxItems>;
  retry(id: string, seq: number): Promise<MailboxItem>;
  alerts(id: string, signal?: AbortSignal): Promise<readonly MailboxAlert[]>;
  folders(id: string, signal?: AbortSignal): Promise<readonly MailboxFolder[]>;
  setRule(id: string, folderId: string, rule: MailboxFolderRule): Promise<void>;
  removeRule(id: string, folderId: string): Promise<void>;
  /** What a rule with this regarding record would do to the mail that is in the folder now. */
  preview(id: string, folderId: string, regarding: RegardingRef | null): Promise<RulePreview>;
}

/** What a mailbox is signed in to with; nobody is told it again. */
export interface MailboxSecrets {
  readonly password?: string;
  readonly clientSecret?: string;
  readonly refreshToken?: string;
}

export type MailboxSource = { readonly kind: 'graph' } | ImapConnection;

interface ImapConnection extends Omit<MailboxConnection, 'oauth'> {
  readonly kind: 'imap';
  readonly oauth?: NonNullable<MailboxConnection['oauth']>;
}

export interface NewMailbox extends MailboxSecrets {
  readonly address: string;
  /** Object id of a person. */
  readonly owner: string;
  readonly source: MailboxSource;
}

export interface MailboxChange extends MailboxSecrets {
  readonly enabled?: boolean;
  readonly approved?: boolean;
  readonly source?: MailboxSource;
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface ItemsPage {
  readonly state: MailboxItemState | null;
  readonly before: number | null;
}

const Moment = v.pipe(v.string(), v.isoTimestamp());
const Reason = v.nullable(v.object({ code: v.string(), message: v.string() }));
const count = v.pipe(v.number(), v.integer());

const Alert = v.object({
  seq: count,
  level: v.picklist(['error', 'warning', 'information']),
  scope: v.picklist(['item', 'mailbox', 'server']),
  code: v.string(),
  message: v.string(),
  at: Moment,
  clearedAt: v.nullable(Moment),
});

const Connection = v.object({
  host: v.string(),
  port: count,
  secure: v.boolean(),
  user: v.string(),
  oauth: v.nullable(v.object({ tokenEndpoint: v.string(), clientId: v.string(), scope: v.nullable(v.string()) })),
});

const Report = v.object({
  id: v.string(),
  address: v.string(),
  own: v.boolean(),
  kind: v.picklist(['user', 'queue']),
  source: v.picklist(['graph', 'imap', 'folder']),
  connection: v.nullable(Connection),
  approved: v.boolean(),
  enabled: v.boolean(),
  state: v.picklist(['untested', 'ready', 'stopped']),
  reason: Reason,
  nextAt: v.nullable(Moment),
  running: v.boolean(),
  startedAt: v.nullable(Moment),
  lastOkAt: v.nullable(Moment),
  lastSeenAt: v.nullable(Moment),
  lastWrittenAt: v.nullable(Moment),
  period: v.number(),
  counts: v.object({ new: count, 'not-tracked': count, handed: count, tracked: count, failed: count }),
  settings: v.nullable(v.record(v.string(), v.unknown())),
  alerts: v.array(Alert),
});

const List = v.object({ mailboxes: v.array(Report), administrator: v.boolean(), alerts: v.array(Alert) });

/** A reason of a newer server is told by its code, so the code is all that is looked at. */
const Reasoned = v.custom<Why>((value) => v.is(v.looseObject({ code: v.string() }), value));

const Item = v.object({
  seq: count,
  subject: v.nullable(v.string()),
  receivedAt: Moment,
  folder: v.nullable(v.string()),
  state: v.picklist(['new', 'not-tracked', 'handed', 'tracked', 'failed']),
  why: v.nullable(Reasoned),
  reason: Reason,
  attempts: count,
  nextTryAt: v.nullable(Moment),
  recordId: v.nullable(v.string()),
  changedAt: Moment,
});
const Items = v.object({ items: v.array(Item), next: v.nullable(count) });

const Regarding = v.nullable(
  v.object({
    table: v.picklist(['contact', 'account', 'lead', 'opportunity', 'incident']),
    id: v.string(),
    name: v.string(),
  }),
);
const Folder = v.object({
  id: v.string(),
  name: v.string(),
  parentId: v.nullable(v.string()),
  role: v.nullable(v.string()),
  rule: v.nullable(
    v.object({ includeSubfolders: v.boolean(), regarding: Regarding, appliesTo: v.picklist(['new', 'all']) }),
  ),
  trouble: v.nullable(v.string()),
});
const Folders = v.object({ folders: v.array(Folder) });
const Alerts = v.object({ alerts: v.array(Alert) });
const Preview = v.object({
  mails: count,
  regardingNow: v.array(v.object({ regarding: Regarding, mails: count, byHand: v.boolean() })),
});

/** Signing in to a mailbox and looking into it takes longer than a click. */
const testTimeout = 60_000;

export function createMailboxes(http: Http): Mailboxes {
  const ask = async <Schema extends v.GenericSchema>(schema: Schema, request: HttpRequest) => {
    const answer = v.safeParse(schema, (await http.send(request)).json());
    if (!answer.success) throw new CrmError('unavailable', 'The answer makes no sense.');
    return answer.output;
  };
  const get = <Schema extends v.GenericSchema>(schema: Schema, path: string, signal?: AbortSignal) =>
    ask(schema, { method: 'GET', path, headers: { accept: 'application/json' }, ...(signal && { signal }) });
  const at = (id: string, rest = '') => `mailboxes/${encodeURIComponent(id)}${rest}`;
  const folderAt = (id: string, folderId: string, rest: string) =>
    at(id, `/folders/${encodeURIComponent(folderId)}${rest}`);
  const json = (method: HttpRequest['method'], path: string, body: unknown): HttpRequest => ({
    method,
    path,
    headers: { accept: 'application/json', 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(body),
  });

  return {
    list: (all, signal) => get(List, all ? 'mailboxes?all=true' : 'mailboxes', signal),
    create: (wanted) => ask(Report, json('POST', 'mailboxes', wanted)),
    change: (id, wanted) => ask(Report, json('PATCH', at(id), wanted)),
    test: (id) => ask(Report, { ...json('POST', at(id, '/test'), {}), timeout: testTimeout }),
    syncNow: (id) => ask(Report, json('POST', at(id, '/sync'), {})),
    items(id, { state, before }, signal) {
      const wanted = new URLSearchParams({ limit: '50' });
      if (state !== null) wanted.set('state', state);
      if (before !== null) wanted.set('before', String(before));
      return get(Items, at(id, `/items?${wanted}`), signal);
    },
    retry: (id, seq) => ask(Item, json('POST', at(id, `/items/${seq}/retry`), {})),
    alerts: async (id, signal) => (await get(Alerts, at(id, '/alerts'), signal)).alerts,
    folders: async (id, signal) => (await get(Folders, at(id, '/folders'), signal)).folders,
    setRule: async (id, folderId, rule) => void (await http.send(json('PUT', folderAt(id, folderId, '/rule'), rule))),
    removeRule: async (id, folderId) =>
      void (await http.send({ method: 'DELETE', path: folderAt(id, folderId, '/rule') })),
    preview: (id, folderId, regarding) => ask(Preview, json('POST', folderAt(id, folderId, '/preview'), { regarding })),
  };
}
