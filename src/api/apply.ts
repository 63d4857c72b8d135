import type {
  Change,
  ChangeResult,
  CreateChange,
  RecordedAttachment,
  RegardChange,
  TrackChange,
  UntrackChange,
} from '../model/change.ts';
import { CrmError } from '../model/errors.ts';
import type { MailIdentity } from '../model/item-key.ts';
import type { MailAddress } from '../model/message.ts';
import { setNameOf, type RegardingRef } from '../model/records.ts';
import type { Dataverse, Row } from './dataverse.ts';
import type { ByteSource } from './json-body.ts';
import { findMail, readMail, type MailLookup, type MailLookupServices, type PromotedMail } from './tracked-mail.ts';
import { createTrial, isOvertaken, previousOf, type NoteTried, type Trial } from './trial.ts';

/**
 * Carries one Change into the CRM: the same code in the pane, in a ribbon command and in the server's worker.
 *
 * It may run twice, on two machines, and after an answer that never arrived, with one effect:
 * - track looks the mail up by Message-ID before it promotes, asks for the Change's id as the row's id, and believes the row
 *   the CRM answers; the CRM itself deduplicates by Message-ID and direction, so a race has one winner and no error.
 * - regard and untrack are statements of a state; saying them again changes nothing. What is written over a row carries the
 *   version that was read: a try that comes late, after others took its place and went on, changes nothing any more. What
 *   others set since a try that nobody heard of is not overwritten (trial.ts).
 * - create names the row's id; "it is there already" under that id means the first try arrived.
 *
 * Rejects with CrmError. 'conflict' is given for nothing but a guard in the Change itself.
 */
export interface ApplyServices extends MailLookupServices {
  /** A recorded attachment as base64 text, or null when it was never captured. */
  readonly attachment: (changeId: string, index: number) => Promise<ByteSource | null>;
  /** Bytes the CRM takes per attachment. */
  readonly attachmentLimit: () => Promise<number>;
  readonly note: NoteTried;
  /** `findMail`, for who has many mails to look up at once. */
  readonly find?: (mail: MailIdentity) => Promise<MailLookup>;
}

/** Looks a mail up, together with the others that are looked up now where somebody sees to that. */
function find(services: ApplyServices, mail: MailIdentity): Promise<MailLookup> {
  return services.find === undefined ? findMail(services, mail) : services.find(mail);
}

interface Services extends ApplyServices {
  readonly trial: Trial;
}

export async function apply(change: Change, given: ApplyServices): Promise<ChangeResult> {
  const services = { ...given, trial: createTrial(change, given.note) };
  for (let look = 1; ; look += 1) {
    try {
      return await decide(change, services);
    } catch (error) {
      if (!isRace(change, error)) throw error;
      if (look === mostLooks) throw new CrmError('unavailable', error.message, error.facts, error);
    }
  }
}

/** Looks at what there is; whoever was faster so often is still at it, and the try comes again later. */
const mostLooks = 3;

/** Somebody wrote between our look and our write (412), or at the very same moment (409): what there is now decides anew. */
function isRace(change: Change, error: unknown): error is CrmError {
  if (!(error instanceof CrmError) || error.code !== 'conflict' || change.kind === 'create') return false;
  // Without a status it is a guard of the Change itself that said so; the version in an undo is one as well.
  const guarded = change.kind === 'untrack' && change.onlyIfUntouched !== undefined && error.facts.status === 412;
  return error.facts.status !== undefined && !guarded;
}

async function decide(change: Change, services: Services): Promise<ChangeResult> {
  switch (change.kind) {
    case 'track':
      return track(change, services);
    case 'regard':
      return regard(change, services);
    case 'untrack':
      return untrack(change, services);
    case 'create':
      return create(change, services);
  }
}

/** How long after a row was made somebody's undo may still remove it; see `touch`. */
const undoWindow = 60_000;

async function track(change: TrackChange, services: Services): Promise<ChangeResult> {
  const mail = await find(services, change.mail);
  const existing = mail.found;
  if (existing === null) return promote(change, mail.messageId, services);
  if (existing.activityId === change.id) return resultOf(existing, { already: false, leftOut: leftOutOf(change) });
  return join(change, existing, services);
}

/** The e-mail is there, and somebody else's: this person's wish is set on their row. */
async function join(change: TrackChange, existing: PromotedMail, services: Services): Promise<ChangeResult> {
  const { crm, trial } = services;
  const { regarding } = change;
  // A rule knows less than whoever, or whatever, linked the mail before it.
  const yields = change.accepted !== undefined && existing.regarding !== null;
  if (regarding === null || yields) return resultOf(await touch(crm, existing, change), { already: true });
  if (isOvertaken(trial, existing, regarding.id)) return resultOf(existing, { already: true });
  const previousRegarding = previousOf(trial, existing);
  const joined =
    existing.regarding?.id === regarding.id
      ? await touch(crm, existing, change)
      : await setRegarding(services, existing, regarding);
  return resultOf(joined, { already: true, previousRegarding });
}

/**
 * Somebody tracks a mail that a colleague tracked moments ago. Writing its regarding once more moves the row's version, so the
 * colleague's undo, guarded by the version it saw, no longer removes what two people want.
 */
async function touch(crm: Dataverse, mail: PromotedMail, change: TrackChange): Promise<PromotedMail> {
  if (Date.parse(change.at) - Date.parse(mail.createdOn) > undoWindow) return mail;
  const binding = mail.regarding ?? { table: 'contact' as const, id: null };
  return { ...mail, etag: await crm.update(addressOf(mail), bind(binding.table, binding.id), mail.etag ?? undefined) };
}

async function promote(change: TrackChange, messageId: string, services: Services): Promise<ChangeResult> {
  const { mail, regarding } = change;
  const { attachments, leftOut } = await attachmentsOf(change, services);
  const parameters = {
    MessageId: messageId,
    Subject: mail.subject,
    From: mail.from === null ? '' : writeAddress(mail.from),
    To: writeAddresses(mail.to),
    Cc: writeAddresses(mail.cc),
    Bcc: writeAddresses(mail.bcc),
    ReceivedOn: mail.sentAt ?? mail.receivedAt ?? change.at,
    SubmittedBy: change.by,
    Importance: { low: '0', normal: '1', high: '2' }[mail.importance],
    Body: mail.bodyHtml,
    Attachments: attachments,
    ExtraProperties: {
      '@odata.type': 'Microsoft.Dynamics.CRM.email',
      ...(mail.headers === undefined ? {} : { internetmessageheaders: mail.headers }),
      ...(regarding === null ? {} : bind(regarding.table, regarding.id)),
    },
  };
  const promoted = readMail(await deliver(change, parameters, services));
  if (promoted.activityId === '')
    throw new CrmError('unavailable', 'The answer makes no sense.', { outcomeUnknown: true });
  // Some CRMs choose the id themselves. With another regarding record than ours it is a colleague's, made since we looked.
  const own = promoted.activityId === change.id;
  if (!own && regarding !== null && promoted.regarding?.id !== regarding.id) return join(change, promoted, services);
  const already = !own && Date.parse(promoted.createdOn) < Date.parse(change.at);
  return resultOf(
    { ...promoted, regarding: promoted.regarding ?? regarding },
    { already, leftOut, previousRegarding: null },
  );
}

/**
 * By hand, under the id of the click; or as what a synchronising server delivers, under an id that the CRM chooses. So does who
 * is answered that the row of that id was deleted: an earlier try had arrived, and others removed what it made before anybody
 * heard. Of a request that was stuck on its way nobody hears that, and it changes nothing.
 */
async function deliver({ id, accepted }: TrackChange, parameters: Row, { crm }: Services): Promise<Row> {
  if (accepted === 'automatic')
    return crm.act(
      'emails/Microsoft.Dynamics.CRM.DeliverIncomingEmail',
      { ...parameters, ValidateBeforeCreate: false },
      'row-id',
    );
  const promoteUnder = (id: string) =>
    crm.act(`emails(${id})/Microsoft.Dynamics.CRM.DeliverPromoteEmail`, parameters, 'row-id');
  try {
    return await promoteUnder(id);
  } catch (error) {
    if (error instanceof CrmError && error.facts.status === 410) return promoteUnder(anyId);
    throw error;
  }
}

/** Lets the CRM choose. */
const anyId = '00000000-0000-0000-0000-000000000000';

async function attachmentsOf(
  change: TrackChange,
  services: ApplyServices,
): Promise<{ attachments: Row[]; leftOut: RecordedAttachment[] }> {
  const attachments: Row[] = [];
  const leftOut = [...leftOutOf(change)];
  const wanted = change.mail.attachments.filter((recorded) => recorded.leftOut === null);
  const limit = wanted.length === 0 ? 0 : await services.attachmentLimit();
  for (const recorded of wanted) {
    if (recorded.size > limit) {
      leftOut.push({ ...recorded, leftOut: 'too-large' });
      continue;
    }
    const body = await services.attachment(change.id, recorded.index);
    if (body === null) {
      leftOut.push({ ...recorded, leftOut: 'closed' });
      continue;
    }
    attachments.push({
      '@odata.type': 'Microsoft.Dynamics.CRM.activitymimeattachment',
      filename: recorded.name,
      mimetype: recorded.contentType,
      body,
    });
  }
  return { attachments, leftOut };
}

function leftOutOf(change: TrackChange): readonly RecordedAttachment[] {
  return change.mail.attachments.filter(({ leftOut }) => leftOut !== null);
}

async function regard(change: RegardChange, services: Services): Promise<ChangeResult> {
  const { found } = await find(services, change.mail);
  const wanted = change.regarding?.id ?? null;
  if (isOvertaken(services.trial, found, wanted)) return found === null ? nothing : resultOf(found);
  if (found === null) throw new CrmError('not-found', 'The e-mail is no longer in the CRM.');
  const current = found.regarding?.id ?? null;
  const previousRegarding = previousOf(services.trial, found);
  if (current === wanted) return resultOf(found, { previousRegarding });
  if (change.onlyIfRegarding !== undefined && change.onlyIfRegarding.id !== current)
    throw new CrmError('conflict', 'Somebody changed the regarding record meanwhile.');
  return resultOf(await setRegarding(services, found, change.regarding), { previousRegarding });
}

async function setRegarding(
  { crm, trial }: Services,
  mail: PromotedMail,
  regarding: RegardingRef | null,
): Promise<PromotedMail> {
  const table = regarding?.table ?? mail.regarding?.table ?? 'contact';
  const etag = await trial.write(mail, () =>
    crm.update(addressOf(mail), bind(table, regarding?.id ?? null), mail.etag ?? undefined),
  );
  return { ...mail, regarding, etag };
}

/**
 * Keeping the record is a mark of one person that the server keeps (queue/kept); in the CRM there is nothing to do. Removing
 * deletes the row. As an undo it removes only the row this person's track made, in the version that track saw.
 */
async function untrack(change: UntrackChange, services: Services): Promise<ChangeResult> {
  const { crm, trial } = services;
  const { found } = await find(services, change.mail);
  if (found === null) return { ...nothing, already: true };
  if (change.keepRecord) return resultOf(found);
  // Ours is gone, and a colleague tracked the mail anew.
  if (trial.unheard !== null && trial.unheard.recordId !== found.activityId) return resultOf(found);
  const guard = change.onlyIfUntouched;
  if (guard !== undefined && guard.recordId !== found.activityId) {
    throw new CrmError('conflict', 'A colleague tracked this e-mail too, so it stays in the CRM.');
  }
  await trial.write(found, () => crm.remove(addressOf(found), guard?.etag ?? undefined));
  return { ...nothing, previousRegarding: found.regarding };
}

const nothing: ChangeResult = {
  recordId: null,
  etag: null,
  regarding: null,
  previousRegarding: null,
  already: false,
  leftOut: [],
};

async function create(change: CreateChange, services: ApplyServices): Promise<ChangeResult> {
  const path = `${setNameOf(change.table)}(${change.recordId})`;
  const result = { ...nothing, recordId: change.recordId };
  try {
    await services.crm.create(path, change.values);
    return result;
  } catch (error) {
    // 412 under If-None-Match: * says the row with this click's own id is there: an earlier try arrived.
    if (error instanceof CrmError && error.facts.status === 412 && (await services.crm.retrieve(path)) !== null) {
      return result;
    }
    throw error;
  }
}

function addressOf(mail: PromotedMail): string {
  return `emails(${mail.activityId})`;
}

/** The polymorphic lookup of an e-mail: its navigation property names the target's table. Null clears it. */
function bind(table: string, id: string | null): Row {
  const name = `regardingobjectid_${table}_email@odata.bind`;
  return { [name]: id === null ? null : `/${setNameOf(table as RegardingRef['table'])}(${id})` };
}

function writeAddresses(addresses: readonly MailAddress[]): string {
  return addresses.map(writeAddress).join(';');
}

/** `"Name" <address>` (RFC 5322 3.4); a list is joined with the semicolon that the delivery messages take. */
function writeAddress({ name, address }: MailAddress): string {
  if (name === '' || name === address) return address;
  return `"${name.replace(/[\r\n]+/g, ' ').replace(/["\\]/g, '\\$&')}" <${address}>`;
}

function resultOf(
  mail: PromotedMail,
  more: Partial<Pick<ChangeResult, 'already' | 'leftOut' | 'previousRegarding'>> = {},
): ChangeResult {
  const { activityId: recordId, etag, regarding } = mail;
  return { recordId, etag, regarding, previousRegarding: regarding, already: false, leftOut: [], ...more };
}
