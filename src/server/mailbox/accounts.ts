import { isObject } from '../../model/is-object.ts';
import { foldAddress } from '../../model/message.ts';
import { isGuid } from '../../model/uuid.ts';
import { HttpError } from '../http/errors.ts';
import { clearAlerts } from './alerts.ts';
import { credentialNames, parseCredentials, writeCredentials, type Credentials } from './credentials.ts';
import { firstPace } from './interval.ts';
import { canonicalAddress } from './rules/address-list.ts';
import type { AccountRow } from './report.ts';
import type { MailboxRouteServices } from './route-services.ts';
import type { MailboxStore } from './store.ts';
import { changeSettings, readStoredSettings, usualSettings, type MailboxSettings } from './settings.ts';
import { MalformedSource, parseSource, type SourceConfig } from './source-config.ts';

type Services = Pick<MailboxRouteServices, 'store' | 'secrets' | 'newId' | 'folders'>;

export interface NewMailbox {
  readonly address: string;
  readonly owner: string;
  readonly kind: 'user' | 'queue';
  readonly queueId: string | null;
  readonly source: SourceConfig;
  readonly credentials: Credentials | undefined;
  readonly settings: MailboxSettings;
}

export interface MailboxChange {
  readonly enabled?: boolean;
  readonly approved?: boolean;
  readonly settings?: MailboxSettings;
  readonly source?: SourceConfig;
  readonly credentials?: Credentials;
  /** Its troubles so far are forgotten: it is tried at once. */
  readonly tested?: boolean;
}

const newNames: ReadonlySet<string> = new Set([
  'address',
  'owner',
  'kind',
  'queueId',
  'source',
  'settings',
  ...credentialNames,
]);
const changeNames: ReadonlySet<string> = new Set(['enabled', 'approved', 'settings', 'source', ...credentialNames]);

/** @throws {SettingsError | MalformedSource | HttpError} naming the field */
export function parseNewMailbox(body: unknown, services: Services): NewMailbox {
  const fields = fieldsOf(body, newNames);
  const address = typeof fields['address'] === 'string' ? canonicalAddress(fields['address']) : undefined;
  if (address === undefined) throw new MalformedSource('address is a mail address.');
  const { owner, kind = 'user', queueId = null } = fields;
  if (typeof owner !== 'string' || !isGuid(owner)) throw new MalformedSource('owner is the object id of a person.');
  if (kind !== 'user' && kind !== 'queue') throw new MalformedSource('kind is user or queue.');
  if (queueId !== null && (typeof queueId !== 'string' || !isGuid(queueId)))
    throw new MalformedSource('queueId is the id of a queue.');
  const settings = changeSettings(usualSettings(kind), fields['settings'] ?? {});
  const source = sourceOf(fields['source'], services);
  const credentials = credentialsOf(fields, source, services);
  if (source.kind === 'imap' && source.oauth !== undefined && credentials === undefined)
    throw new MalformedSource('clientSecret or refreshToken is needed for source.oauth.');
  return { address, owner, kind, queueId, source, settings, credentials };
}

/** @throws {SettingsError | MalformedSource | HttpError} naming the field */
export function parseMailboxChange(body: unknown, row: AccountRow, services: Services): MailboxChange {
  const fields = fieldsOf(body, changeNames);
  const { enabled, approved, settings } = fields;
  const source = fields['source'] === undefined ? undefined : sourceOf(fields['source'], services);
  const credentials = credentialsOf(fields, source ?? parseSource(JSON.parse(row.source)), services);
  const current = readStoredSettings(JSON.parse(row.settings), row.kind);
  return {
    ...(enabled === undefined ? {} : { enabled: flagOf(enabled, 'enabled') }),
    ...(approved === undefined ? {} : { approved: flagOf(approved, 'approved') }),
    ...(settings === undefined ? {} : { settings: changeSettings(current, settings) }),
    ...(source === undefined ? {} : { source }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

function fieldsOf(body: unknown, names: ReadonlySet<string>): Readonly<Record<string, unknown>> {
  if (!isObject(body)) throw new MalformedSource('The body is an object.');
  const unknown = Object.keys(body).find((name) => !names.has(name));
  if (unknown !== undefined) throw new MalformedSource(`There is no field '${unknown.slice(0, 60)}'.`);
  return body;
}

function flagOf(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw new MalformedSource(`${name} is true or false.`);
  return value;
}

function sourceOf(value: unknown, { folders }: Services): SourceConfig {
  const source = parseSource(value);
  if (source.kind === 'folder' && !folders) throw new MalformedSource('This server takes no folders as mailboxes.');
  return source;
}

function credentialsOf(
  fields: Readonly<Record<string, unknown>>,
  source: SourceConfig,
  { secrets }: Services,
): Credentials | undefined {
  const credentials = parseCredentials(fields, source);
  if (credentials !== undefined && secrets === null)
    throw new HttpError(400, 'This server keeps no passwords: its operator has set no MAILBOX_KEY.');
  return credentials;
}

/** Undefined: what is stored stays. It goes where it was meant to go and nowhere else: with another server or user it is forgotten. */
function secretAfter(
  secrets: Services['secrets'],
  row: Pick<AccountRow, 'id' | 'source'>,
  { credentials, source }: Pick<MailboxChange, 'credentials' | 'source'>,
): string | null | undefined {
  if (credentials !== undefined && secrets !== null) return secrets.seal(writeCredentials(credentials), row.id);
  return source === undefined || JSON.stringify(source) === row.source ? undefined : null;
}

/** A mailbox that an administrator enters is approved; it is read once it is tested. @throws {HttpError} 409 */
export async function createMailbox(
  { store, secrets, newId }: Services,
  wanted: NewMailbox,
  approved: boolean,
): Promise<AccountRow> {
  const id = newId();
  const { address, owner, kind, queueId, source, settings, credentials } = wanted;
  const row = await store.tables
    .insertInto('mailbox_account')
    .values({
      ...{ id, address, address_folded: foldAddress(address), owner, kind, queue_id: queueId },
      ...{ source: JSON.stringify(source), settings: JSON.stringify(settings), state: 'untested' },
      secret: credentials === undefined || secrets === null ? null : secrets.seal(writeCredentials(credentials), id),
      ...{ approved: approved ? 1 : 0, enabled: 0, generation: 0, failures: 0, ...firstPace },
      ...{ process_from: store.now(), created_at: store.now(), changed_at: store.now() },
    })
    .onConflict((clash) => clash.doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw new HttpError(409, 'This mailbox is known already.');
  return row;
}

/** Whoever reads it now loses its claim: the next run knows what was changed. */
export async function changeMailbox(
  { store, secrets }: Pick<Services, 'store' | 'secrets'>,
  row: AccountRow,
  change: MailboxChange,
): Promise<void> {
  const { enabled = row.enabled === 1, approved = row.approved === 1, settings, source, credentials, tested } = change;
  const isAnew = tested === true || source !== undefined || credentials !== undefined;
  const secret = secretAfter(secrets, row, change);
  const isWanted = enabled && approved;
  const isDue = isWanted && (isAnew || row.next_at === null);
  await store.transaction(async (scope) => {
    await scope.tables
      .updateTable('mailbox_account')
      .set({
        ...{ enabled: enabled ? 1 : 0, approved: approved ? 1 : 0, changed_at: scope.now(), lease_until: null },
        ...(settings === undefined ? {} : { settings: JSON.stringify(settings) }),
        ...(source === undefined ? {} : { source: JSON.stringify(source), folders_at: null }),
        ...(secret === undefined ? {} : { secret }),
        ...(isAnew ? { state: 'untested' as const, code: null, message: null, failures: 0 } : {}),
        ...(isWanted ? (isDue ? { next_at: scope.now() } : {}) : { next_at: null }),
      })
      .set(({ eb }) => ({ generation: eb('generation', '+', 1) }))
      .where('id', '=', row.id)
      .execute();
    if (isAnew) await clearAlerts(scope, { scope: 'mailbox', mailboxId: row.id });
  });
}

/** What a sign-in service gave in place of a secret; nothing happens where somebody has entered another one meanwhile. */
export async function replaceSecret({ tables }: MailboxStore, id: string, old: string, fresh: string): Promise<void> {
  await tables
    .updateTable('mailbox_account')
    .set({ secret: fresh })
    .where('id', '=', id)
    .where('secret', '=', old)
    .execute();
}
