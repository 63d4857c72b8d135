import {
  type Change,
  type ChangeReason,
  type ChangeResult,
  type ChangeStatus,
  type CreateChange,
  type LeftOutReason,
  type RecordedAttachment,
  type RecordedMail,
  type RegardChange,
  type TrackChange,
  type Tried,
  type UntrackChange,
} from './change.ts';
import type { MailIdentity } from './item-key.ts';
import type { ItemState, TrackedMail } from './item-state.ts';
import type { MailAddress } from './message.ts';
import { isRegardingTable, type RegardingRef } from './records.ts';
import { isGuid } from './uuid.ts';

/**
 * Changes and statuses come from outside: from a device's store that another version wrote, over the wire, out of a database.
 * Each is read field by field here, once, for the browser and the server; what does not fit says which field and loses nothing
 * (the raw text stays where it was).
 */
export class MalformedChange extends Error {
  override readonly name = 'MalformedChange';
  readonly field: string;
  constructor(field: string) {
    super(`The change is malformed: ${field}.`);
    this.field = field;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new MalformedChange(name);
  return value as Fields;
}

function textOf(fields: Fields, name: string, longest = 4_000): string {
  const value = fields[name];
  if (typeof value !== 'string' || value.length > longest) throw new MalformedChange(name);
  return value;
}

function textOrNull(fields: Fields, name: string, longest?: number): string | null {
  return fields[name] === null ? null : textOf(fields, name, longest);
}

/** An item key or `table:id`: what is looked up by it must come back as it went, and no database keeps every text. */
function keyOf(fields: Fields, name: string): string {
  const key = textOf(fields, name, 200);
  if (!/^[\x20-\x7e]+$/.test(key)) throw new MalformedChange(name);
  return key;
}

function momentOf(fields: Fields, name: string): string {
  const value = textOf(fields, name, 40);
  if (Number.isNaN(Date.parse(value))) throw new MalformedChange(name);
  return value;
}

function momentOrNull(fields: Fields, name: string): string | null {
  return fields[name] === null ? null : momentOf(fields, name);
}

function guidOf(fields: Fields, name: string): string {
  const value = textOf(fields, name, 36);
  if (!isGuid(value)) throw new MalformedChange(name);
  return value;
}

function flagOf(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') throw new MalformedChange(name);
  return value;
}

function countOf(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw new MalformedChange(name);
  return value;
}

function oneOf<Word extends string>(fields: Fields, name: string, words: readonly Word[]): Word {
  const word = words.find((candidate) => candidate === fields[name]);
  if (word === undefined) throw new MalformedChange(name);
  return word;
}

function listOf<Item>(fields: Fields, name: string, longest: number, read: (value: unknown) => Item): Item[] {
  const value = fields[name];
  if (!Array.isArray(value) || value.length > longest) throw new MalformedChange(name);
  return value.map(read);
}

/** Characters of a mail's text that a Change may carry. */
export const bodyLimit = 20 * 1024 * 1024;
const mostAddresses = 10_000;
const mostAttachments = 1_000;

/** @throws MalformedChange naming the field */
export function parseChange(value: unknown): Change {
  const fields = fieldsOf(value, 'change');
  const kind = oneOf(fields, 'kind', ['track', 'regard', 'untrack', 'create'] as const);
  const gesture = {
    id: guidOf(fields, 'id'),
    at: momentOf(fields, 'at'),
    by: textOf(fields, 'by', 320),
    lane: keyOf(fields, 'lane'),
    after: fields['after'] === null ? null : guidOf(fields, 'after'),
    holdUntil: momentOrNull(fields, 'holdUntil'),
    ...(fields['tried'] === undefined ? {} : { tried: parseTried(fields['tried']) }),
  };
  switch (kind) {
    case 'track':
      return {
        ...gesture,
        kind,
        mail: parseMail(fields['mail']),
        regarding: parseRegarding(fields['regarding']),
        ...(fields['accepted'] === undefined
          ? {}
          : { accepted: oneOf(fields, 'accepted', ['automatic', 'folder-rule'] as const) }),
      } satisfies TrackChange;
    case 'regard':
      return {
        ...gesture,
        kind,
        mail: parseMailIdentity(fields['mail']),
        regarding: parseRegarding(fields['regarding']),
        ...(fields['onlyIfRegarding'] === undefined ? {} : { onlyIfRegarding: parseGuard(fields['onlyIfRegarding']) }),
      } satisfies RegardChange;
    case 'untrack':
      return {
        ...gesture,
        kind,
        mail: parseMailIdentity(fields['mail']),
        keepRecord: flagOf(fields, 'keepRecord'),
        ...(fields['onlyIfUntouched'] === undefined
          ? {}
          : { onlyIfUntouched: parseUntouched(fields['onlyIfUntouched']) }),
      } satisfies UntrackChange;
    case 'create':
      return {
        ...gesture,
        kind,
        table: oneOf(fields, 'table', ['contact', 'lead'] as const),
        recordId: guidOf(fields, 'recordId'),
        values: parseValues(fields['values']),
      } satisfies CreateChange;
  }
}

function parseGuard(value: unknown): { id: string | null } {
  const fields = fieldsOf(value, 'onlyIfRegarding');
  return { id: fields['id'] === null ? null : guidOf(fields, 'id') };
}

function parseUntouched(value: unknown): { recordId: string; etag: string | null } {
  const fields = fieldsOf(value, 'onlyIfUntouched');
  return { recordId: guidOf(fields, 'recordId'), etag: textOrNull(fields, 'etag', 100) };
}

/** @throws MalformedChange naming the field */
export function parseTried(value: unknown): Tried {
  const fields = fieldsOf(value, 'tried');
  return { recordId: guidOf(fields, 'recordId'), regarding: parseRegarding(fields['regarding']) };
}

function parseValues(value: unknown): Record<string, string | null> {
  const entries = Object.entries(fieldsOf(value, 'values'));
  if (entries.length > 100) throw new MalformedChange('values');
  return Object.fromEntries(
    entries.map(([name, column]) => {
      if (!/^[a-z][a-z0-9_]{0,127}$/.test(name)) throw new MalformedChange(`values.${name.slice(0, 40)}`);
      if (column !== null && (typeof column !== 'string' || column.length > 100_000))
        throw new MalformedChange(`values.${name}`);
      return [name, column];
    }),
  );
}

function parseMail(value: unknown): RecordedMail {
  const fields = fieldsOf(value, 'mail');
  const addresses = (name: string) => listOf(fields, name, mostAddresses, parseAddress);
  return {
    ...parseMailIdentity(value),
    subject: textOf(fields, 'subject', 100_000),
    from: fields['from'] === null ? null : parseAddress(fields['from']),
    to: addresses('to'),
    cc: addresses('cc'),
    bcc: addresses('bcc'),
    sentAt: momentOrNull(fields, 'sentAt'),
    receivedAt: momentOrNull(fields, 'receivedAt'),
    importance: oneOf(fields, 'importance', ['low', 'normal', 'high'] as const),
    bodyHtml: textOf(fields, 'bodyHtml', bodyLimit),
    attachments: listOf(fields, 'attachments', mostAttachments, parseAttachment),
    ...(fields['headers'] === undefined ? {} : { headers: textOf(fields, 'headers', 200_000) }),
  };
}

export function parseMailIdentity(value: unknown): MailIdentity {
  const fields = fieldsOf(value, 'mail');
  const fingerprint = fieldsOf(fields['fingerprint'], 'fingerprint');
  return {
    itemKey: keyOf(fields, 'itemKey'),
    messageId: textOf(fields, 'messageId', 320),
    fingerprint: {
      from: textOf(fingerprint, 'from', 1_000),
      sentAt: momentOrNull(fingerprint, 'sentAt'),
      subject: textOf(fingerprint, 'subject', 100_000),
    },
    ...(fields['stamp'] === undefined ? {} : { stamp: guidOf(fields, 'stamp') }),
  };
}

function parseAddress(value: unknown): MailAddress {
  const fields = fieldsOf(value, 'address');
  return { name: textOf(fields, 'name'), address: textOf(fields, 'address', 1_000) };
}

const leftOutReasons: readonly LeftOutReason[] = ['too-large', 'unreadable', 'closed'];

function parseAttachment(value: unknown): RecordedAttachment {
  const fields = fieldsOf(value, 'attachment');
  return {
    index: countOf(fields, 'index'),
    name: textOf(fields, 'name'),
    contentType: textOf(fields, 'contentType', 500),
    size: countOf(fields, 'size'),
    leftOut: fields['leftOut'] === null ? null : oneOf(fields, 'leftOut', leftOutReasons),
  };
}

export function parseRegarding(value: unknown): RegardingRef | null {
  if (value === null) return null;
  const fields = fieldsOf(value, 'regarding');
  const table = textOf(fields, 'table', 100);
  if (!isRegardingTable(table)) throw new MalformedChange('regarding.table');
  return { table, id: guidOf(fields, 'id'), name: textOf(fields, 'name') };
}

const states = ['sending', 'done', 'queued', 'waiting', 'conflict', 'refused'] as const;
const reasonCodes: readonly ChangeReason['code'][] = [
  'offline',
  'unavailable',
  'throttled',
  'unauthorized',
  'forbidden',
  'not-found',
  'conflict',
  'refused',
  'not-saved',
  'expired',
  'poison',
  'unreadable',
  'blocked',
  'dropped',
];

/** @throws MalformedChange naming the field */
export function parseChangeStatus(value: unknown): ChangeStatus {
  const fields = fieldsOf(value, 'status');
  return {
    id: guidOf(fields, 'id'),
    lane: textOf(fields, 'lane', 200),
    kind: oneOf(fields, 'kind', ['track', 'regard', 'untrack', 'create'] as const),
    state: oneOf(fields, 'state', states),
    at: momentOf(fields, 'at'),
    reason: fields['reason'] === null ? null : parseReason(fields['reason']),
    nextTryAt: momentOrNull(fields, 'nextTryAt'),
    position: fields['position'] === null ? null : countOf(fields, 'position'),
    result: fields['result'] === null ? null : parseChangeResult(fields['result']),
  };
}

export function parseReason(value: unknown): ChangeReason {
  const fields = fieldsOf(value, 'reason');
  return { code: oneOf(fields, 'code', reasonCodes), message: textOf(fields, 'message') };
}

export function parseChangeResult(value: unknown): ChangeResult {
  const fields = fieldsOf(value, 'result');
  return {
    recordId: fields['recordId'] === null ? null : guidOf(fields, 'recordId'),
    etag: textOrNull(fields, 'etag', 100),
    regarding: parseRegarding(fields['regarding']),
    previousRegarding: parseRegarding(fields['previousRegarding']),
    already: flagOf(fields, 'already'),
    leftOut: listOf(fields, 'leftOut', mostAttachments, parseAttachment),
  };
}

/** @throws MalformedChange naming the field */
export function parseItemState(value: unknown): ItemState {
  const fields = fieldsOf(value, 'item');
  return {
    itemKey: keyOf(fields, 'itemKey'),
    tracked: parseTracked(fields['tracked']),
    kept: flagOf(fields, 'kept'),
    pending: listOf(fields, 'pending', 1_000, parseChangeStatus),
    ...(fields['parked'] === undefined ? {} : { parked: listOf(fields, 'parked', 1_000, parseChangeStatus) }),
  };
}

function parseTracked(value: unknown): TrackedMail | 'unknown' | null {
  if (value === null || value === 'unknown') return value;
  const fields = fieldsOf(value, 'tracked');
  if (oneOf(fields, 'visibility', ['full', 'colleague'] as const) === 'colleague') return { visibility: 'colleague' };
  return {
    visibility: 'full',
    activityId: guidOf(fields, 'activityId'),
    regarding: parseRegarding(fields['regarding']),
    trackedBy: textOrNull(fields, 'trackedBy'),
    trackedAt: momentOf(fields, 'trackedAt'),
  };
}
