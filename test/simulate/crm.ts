import { fingerprintOf, sameMail } from '../../src/model/item-key.ts';

/**
 * The CRM of the simulation: no more than what carrying a Change asks of a Dataverse organisation, kept with a history that the
 * checker reads. Why not the built-in CRM: it takes 3 to 4 ms per promoted mail and gives out ids and versions from sources that
 * no seed steers, so 500 stories would neither fit into a minute and a half nor be told twice in the same words. That the two
 * answer alike is held by crm.test.ts; each rule below names the document it comes from.
 */
export interface Crm {
  readonly emails: ReadonlyMap<string, EmailRow>;
  /** Contacts and leads, by `table:id`. */
  readonly records: ReadonlyMap<string, RecordRow>;
  /** All that ever changed, oldest first. */
  readonly history: readonly Effect[];
  promote(mail: PromotedValues, wantedId: string, by: Author): EmailRow;
  setRegarding(id: string, regarding: Regarding | null, ifMatch: string | null, by: Author): EmailRow;
  removeEmail(id: string, ifMatch: string | null, by: Author): void;
  createRecord(table: string, id: string, values: Readonly<Record<string, unknown>>, by: Author): void;
}

/** Who writes, and for which Change; null: somebody who does not use this product. */
export interface Author {
  readonly name: string;
  readonly change: string | null;
}

export interface Regarding {
  readonly table: string;
  readonly id: string;
}

export interface PromotedValues {
  readonly messageId: string;
  readonly subject: string;
  readonly sender: string;
  readonly sentOn: string;
  readonly regarding: Regarding | null;
  readonly attachments: readonly string[];
}

export interface EmailRow extends PromotedValues {
  readonly id: string;
  readonly createdBy: string;
  /** ISO 8601, whole seconds, as the Web API gives times. */
  readonly createdOn: string;
  readonly version: number;
}

export interface RecordRow {
  readonly table: string;
  readonly id: string;
  readonly name: string;
}

export interface Effect {
  readonly at: number;
  readonly by: Author;
  readonly kind: 'promoted' | 'regarding' | 'removed' | 'created';
  readonly id: string;
  /** Of an e-mail: which mail it is, since no two of a story share one. */
  readonly subject: string | null;
  readonly before: string | null;
  /** The regarding record afterwards. */
  readonly after: string | null;
}

/** An error as the Web API answers it. */
export class WebApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const anyId = '00000000-0000-0000-0000-000000000000';

export function createCrm(now: () => number, known: readonly RecordRow[]): Crm {
  const emails = new Map<string, EmailRow>();
  const records = new Map(known.map((record) => [`${record.table}:${record.id}`, record]));
  const history: Effect[] = [];
  const removed = new Set<string>();
  let version = 100;
  let chosen = 0;
  const log = (
    kind: Effect['kind'],
    by: Author,
    row: { id: string; subject?: string },
    before: string | null,
    after: string | null,
  ) => void history.push({ at: now(), by, kind, id: row.id, subject: row.subject ?? null, before, after });
  /** Conditional operations: 404 for what is not there, 412 for another version (powerapps-docs, perform-conditional-operations). */
  const demand = (id: string, ifMatch: string | null): EmailRow => {
    const row = emails.get(id);
    if (row === undefined) throw new WebApiError(404, '0x80040217', `email With Id = ${id} Does Not Exist`);
    if (ifMatch !== null && ifMatch !== '*' && ifMatch !== etagOf(row))
      throw new WebApiError(
        412,
        '0x80060882',
        'The version of the existing record does not match the RowVersion property provided.',
      );
    return row;
  };

  return {
    emails,
    records,
    history,
    // One e-mail per Message-ID and direction; here everything is received (powerapps-docs, DeliverPromoteEmail).
    promote(mail, wantedId, by) {
      const there = [...emails.values()].find(({ messageId }) => messageId === mail.messageId);
      if (there !== undefined) {
        if (isSame(there, mail)) return there;
        throw new WebApiError(409, '0x80040333', 'Another e-mail with this Message-ID is already tracked.');
      }
      if (emails.has(wantedId))
        throw new WebApiError(412, '0x80040237', `The id ${wantedId} already belongs to another e-mail.`);
      // Of the built-in CRM (crm/mail/deliver); a Dataverse organisation makes the row again (powerapps-docs, restore deleted records).
      if (removed.has(wantedId))
        throw new WebApiError(410, '0x80040217', `The e-mail ${wantedId} was here and was deleted.`);
      const createdOn = `${new Date(now()).toISOString().slice(0, 19)}Z`;
      const id = wantedId === anyId ? `c0000000-0000-4000-8000-${String((chosen += 1)).padStart(12, '0')}` : wantedId;
      const row: EmailRow = { ...mail, id, createdBy: by.name, createdOn, version: (version += 1) };
      emails.set(id, row);
      log('promoted', by, row, null, mail.regarding?.id ?? null);
      return row;
    },
    setRegarding(id, regarding, ifMatch, by) {
      const row = demand(id, ifMatch);
      if (regarding !== null && !records.has(`${regarding.table}:${regarding.id}`))
        throw new WebApiError(404, '0x80040217', `${regarding.table} With Id = ${regarding.id} Does Not Exist`);
      const changed = { ...row, regarding, version: (version += 1) };
      emails.set(id, changed);
      log('regarding', by, row, row.regarding?.id ?? null, regarding?.id ?? null);
      return changed;
    },
    removeEmail(id, ifMatch, by) {
      const row = demand(id, ifMatch);
      emails.delete(id);
      removed.add(id);
      log('removed', by, row, row.regarding?.id ?? null, null);
    },
    // If-None-Match: * creates and never updates: 412 when it is there (perform-conditional-operations, limit upsert).
    createRecord(table, id, values, by) {
      if (records.has(`${table}:${id}`))
        throw new WebApiError(412, '0x80040237', 'A record with matching key values already exists.');
      records.set(`${table}:${id}`, {
        table,
        id,
        name: typeof values['lastname'] === 'string' ? values['lastname'] : '',
      });
      log('created', by, { id }, null, null);
    },
  };
}

export function etagOf(row: EmailRow): string {
  return `W/"${row.version}"`;
}

function isSame(one: PromotedValues, other: PromotedValues): boolean {
  const print = (mail: PromotedValues) =>
    fingerprintOf({
      internetMessageId: mail.messageId,
      from: { name: '', address: mail.sender },
      sentAt: mail.sentOn,
      subject: mail.subject,
    });
  return sameMail(print(one), print(other));
}
