import { isObject } from '../../model/is-object.ts';
import { readEntry } from './rules/address-list.ts';

/**
 * What the owner of a mailbox wants of it. Whose mail is taken automatically is not here: that is each user's and each queue's
 * filter in the CRM, and so is whether unknown senders become contacts or leads; there is one truth of both.
 */
export interface MailboxSettings {
  /** The Inbox is looked through. */
  readonly incoming: boolean;
  /** Sent Items are looked through; what is taken of them is the organisation's and the user's to say in the CRM. */
  readonly sentItems: boolean;
  /** What its owner sends from the CRM leaves through it. */
  readonly outgoing: boolean;
  /** Mail with our category is tracked, in every folder. */
  readonly category: boolean;
  /** What becomes of the record when its owner takes the category off. */
  readonly categoryRemoved: 'keep' | 'remove';
  /** Mail is tracked as the filters of the CRM say, or only by hand and by folder. */
  readonly automatic: 'as-filter' | 'off';
  /** Canonical addresses and domains (sub-domains included): mail with one of them on it is never tracked automatically. */
  readonly neverTrack: readonly string[];
  /** Mail of our own people among themselves. */
  readonly internal: 'track' | 'skip';
  /** Mail whose author marked it personal, private or confidential. */
  readonly private: 'track' | 'skip';
  /** Encrypted mail, whose body nobody but its reader may see. */
  readonly encrypted: 'headers-only' | 'skip';
  /** Nothing that arrived before this moment is tracked automatically, ISO 8601; null: since the mailbox was enabled. */
  readonly processFrom: string | null;
  /** How long is remembered what became of each mail. */
  readonly retentionDays: number;
  /** Our category is set on what was tracked. */
  readonly markTracked: boolean;
}

export type MailboxKind = 'user' | 'queue';

export type SettingsErrorCode = 'not-an-object' | 'unknown-field' | 'wrong-value' | 'too-many' | 'not-an-address';

export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly code: SettingsErrorCode;
  /** `neverTrack[3]` */
  readonly field: string;

  constructor(code: SettingsErrorCode, field: string) {
    super(`The setting '${field}' of the mailbox is not right: ${code}.`);
    this.code = code;
    this.field = field;
  }
}

/** Whoever fits the whole mail of a company into a list wants the automatic tracking off. */
export const mostEntries = 500;

interface Field<T> {
  readonly usual: T;
  /** Taken where what was stored cannot be read: what does the least. */
  readonly safest: T;
  /** @throws {SettingsError} */
  readonly read: (value: unknown, field: string) => T;
}

type Fields = { readonly [Name in keyof MailboxSettings]: Field<MailboxSettings[Name]> };

const fields: Fields = {
  incoming: { usual: true, safest: true, read: flag },
  sentItems: { usual: false, safest: false, read: flag },
  outgoing: { usual: false, safest: false, read: flag },
  category: { usual: true, safest: true, read: flag },
  categoryRemoved: { usual: 'keep', safest: 'keep', read: oneOf('keep', 'remove') },
  automatic: { usual: 'as-filter', safest: 'off', read: oneOf('as-filter', 'off') },
  neverTrack: { usual: [], safest: [], read: entries },
  internal: { usual: 'skip', safest: 'skip', read: oneOf('track', 'skip') },
  private: { usual: 'skip', safest: 'skip', read: oneOf('track', 'skip') },
  encrypted: { usual: 'skip', safest: 'skip', read: oneOf('headers-only', 'skip') },
  processFrom: { usual: null, safest: null, read: moment },
  retentionDays: { usual: 90, safest: 90, read: days },
  markTracked: { usual: true, safest: false, read: flag },
};

const names = Object.keys(fields) as (keyof MailboxSettings)[];

/** For a new mailbox. Colleagues who write to a queue want an answer of it; what they write each other is their own affair. */
export function usualSettings(kind: MailboxKind): MailboxSettings {
  const usual = Object.fromEntries(names.map((name) => [name, fields[name].usual])) as unknown as MailboxSettings;
  return kind === 'queue' ? { ...usual, internal: 'track' } : usual;
}

/**
 * Settings out of the database, by whatever version written: what is missing is as usual, what is unknown is left out, and where
 * a value cannot be read the mailbox does less, not more. A list of never-tracked addresses that cannot be read whole turns the
 * automatic tracking off until somebody looks.
 */
export function readStoredSettings(stored: unknown, kind: MailboxKind): MailboxSettings {
  const usual = usualSettings(kind);
  if (stored === null || stored === undefined) return usual;
  if (!isObject(stored)) return { ...usual, automatic: 'off' };
  const damaged = new Set<keyof MailboxSettings>();
  const read = names.map((name) => {
    const value = stored[name];
    if (value === undefined) return [name, usual[name]];
    try {
      return [name, fields[name].read(value, name)];
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      damaged.add(name);
      return [name, fields[name].safest];
    }
  });
  const settings = Object.fromEntries(read) as unknown as MailboxSettings;
  return damaged.has('neverTrack') ? { ...settings, automatic: 'off' } : settings;
}

/**
 * The settings with what somebody wants changed.
 * @throws {SettingsError} naming the field; nothing is changed then
 */
export function changeSettings(current: MailboxSettings, wanted: unknown): MailboxSettings {
  if (!isObject(wanted)) throw new SettingsError('not-an-object', '');
  const changed = Object.entries(wanted).map(([given, value]) => {
    const name = names.find((each) => each === given);
    if (name === undefined) throw new SettingsError('unknown-field', given.slice(0, 60));
    return [name, fields[name].read(value, name)];
  });
  return { ...current, ...(Object.fromEntries(changed) as Partial<MailboxSettings>) };
}

function flag(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw new SettingsError('wrong-value', field);
  return value;
}

function oneOf<const Words extends readonly string[]>(...words: Words): Field<Words[number]>['read'] {
  return (value, field) => {
    const word = words.find((each) => each === value);
    if (word === undefined) throw new SettingsError('wrong-value', field);
    return word;
  };
}

function entries(value: unknown, field: string): readonly string[] {
  if (!Array.isArray(value)) throw new SettingsError('wrong-value', field);
  if (value.length > mostEntries) throw new SettingsError('too-many', field);
  const read = value.map((source: unknown, index) => {
    const entry = typeof source === 'string' ? readEntry(source) : undefined;
    if (entry === undefined) throw new SettingsError('not-an-address', `${field}[${index}]`);
    return entry;
  });
  return [...new Set(read)];
}

/** A moment with its offset, or a day in UTC; kept as ISO 8601 in UTC. */
function moment(value: unknown, field: string): string | null {
  if (value === null) return null;
  const form = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;
  const time = typeof value === 'string' && form.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw new SettingsError('wrong-value', field);
  return new Date(time).toISOString();
}

const TEN_YEARS = 3650;

function days(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > TEN_YEARS)
    throw new SettingsError('wrong-value', field);
  return value;
}
