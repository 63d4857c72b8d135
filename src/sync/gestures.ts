import type {
  Change,
  ChangeResult,
  CreateChange,
  LeftOutReason,
  RecordedAttachment,
  RegardChange,
  TrackChange,
  UntrackChange,
} from '../model/change.ts';
import { identifyMail, type Digest, type MailIdentity } from '../model/item-key.ts';
import type { MailMessage } from '../model/message.ts';
import { bodyLimit } from '../model/parse-change.ts';
import type { RegardingRef } from '../model/records.ts';
import { uuidV7 } from '../model/uuid.ts';
import type { Capture, Corridor } from './corridor.ts';
import type { Statuses } from './statuses.ts';

/** The open mail: one snapshot, and the two slow things that are read only when somebody tracks it. */
export interface OpenMail {
  readonly message: MailMessage;
  readBodyHtml(): Promise<string>;
  /** Rejects when the mail host refuses, or another mail is open meanwhile. */
  readAttachment(id: string): Promise<Blob>;
}

/** What a person can want, each turned into one Change and submitted. They resolve when the Change is recorded. */
export interface Gestures {
  identify(message: MailMessage): Promise<MailIdentity>;
  /** @param stamp the wish's id, where it was made on the draft (`stampHeader`) */
  track(mail: OpenMail, regarding: RegardingRef | null, stamp?: string): Promise<Change>;
  regard(mail: MailIdentity, regarding: RegardingRef | null): Promise<Change>;
  untrack(mail: MailIdentity, options: { readonly keepRecord: boolean }): Promise<Change>;
  create(table: 'contact' | 'lead', values: Readonly<Record<string, string | null>>): Promise<Change>;
  /** Takes a Change back: by dropping it where it has not left the device, else by a new Change. Null: nothing to take back. */
  undo(change: Change, mail: OpenMail | null): Promise<Change | null>;
}

export interface GestureOptions {
  readonly corridor: Corridor;
  readonly statuses: Statuses;
  readonly digest: Digest;
  readonly tenantId: string;
  readonly user: string;
  readonly now: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Bytes per attachment that are worth reading: the CRM's limit as far as it is known. */
  readonly attachmentLimit: () => number;
}

/** How long a removal is held on the device, so that "Undo" can drop it. */
export const removalHold = 10_000;

export function createGestures(options: GestureOptions): Gestures {
  const { corridor } = options;
  const identify = (message: MailMessage) => identifyMail(options.tenantId, message, options.digest);

  const begin = async (lane: string, hold = 0) => {
    const now = options.now();
    return {
      id: uuidV7(now, options.randomBytes(10)),
      at: new Date(now).toISOString(),
      by: options.user,
      lane,
      after: await corridor.lastUnfinished(lane),
      holdUntil: hold === 0 ? null : new Date(now + hold).toISOString(),
    };
  };

  const record = async <Kind extends Change>(change: Kind, capture?: Capture): Promise<Kind> => {
    await corridor.submit(change, capture);
    return change;
  };

  const track: Gestures['track'] = async (mail, regarding, stamp) => {
    const identity = await identify(mail.message);
    const [gesture, bodyHtml] = await Promise.all([begin(identity.itemKey), mail.readBodyHtml()]);
    const attachments = recordAttachments(mail.message, options.attachmentLimit());
    const { subject, from, to, cc, bcc, sentAt, receivedAt, importance, headers } = mail.message;
    const change: TrackChange = {
      ...gesture,
      ...(stamp === undefined ? {} : { id: stamp }),
      kind: 'track',
      mail: {
        ...identity,
        subject,
        from,
        to,
        cc,
        bcc,
        sentAt,
        receivedAt,
        importance,
        bodyHtml: fitted(bodyHtml),
        attachments,
        ...(headers === undefined ? {} : { headers }),
      },
      regarding,
    };
    return record(change, captureOf(mail, attachments));
  };

  const regard: Gestures['regard'] = async (mail, regarding) => {
    const change: RegardChange = { ...(await begin(mail.itemKey)), kind: 'regard', mail, regarding };
    return record(change);
  };

  const untrack: Gestures['untrack'] = async (mail, { keepRecord }) => {
    const gesture = await begin(mail.itemKey, keepRecord ? 0 : removalHold);
    const change: UntrackChange = { ...gesture, kind: 'untrack', mail, keepRecord };
    return record(change);
  };

  const create: Gestures['create'] = async (table, values) => {
    const recordId = uuidV7(options.now(), options.randomBytes(10));
    const change: CreateChange = { ...(await begin(`${table}:${recordId}`)), kind: 'create', table, recordId, values };
    return record(change);
  };

  const undo: Gestures['undo'] = async (change, mail) => {
    if (await corridor.drop(change.id)) return null;
    switch (change.kind) {
      case 'track':
        return undoTrack(change, options.statuses.get(change.id)?.result ?? null, begin, record);
      case 'regard':
        return undoRegard(change.mail, options.statuses.get(change.id)?.result ?? null, begin, record);
      case 'untrack':
        return change.keepRecord && mail !== null ? track(mail, null) : null;
      case 'create':
        return null;
    }
  };

  return { identify, track, regard, untrack, create, undo };
}

type Begin = (lane: string) => Promise<Omit<RegardChange, 'kind' | 'mail' | 'regarding' | 'onlyIfRegarding'>>;
type Submit = <Kind extends Change>(change: Kind) => Promise<Kind>;
type Result = ChangeResult | null;

/** A mail that was tracked before keeps its row; only what this click changed about it goes back. */
async function undoTrack(change: TrackChange, result: Result, begin: Begin, submit: Submit): Promise<Change | null> {
  if (result?.already === true)
    return change.regarding === null ? null : undoRegard(change.mail, result, begin, submit);
  const { itemKey, messageId, fingerprint } = change.mail;
  return submit<UntrackChange>({
    ...(await begin(itemKey)),
    kind: 'untrack',
    mail: { itemKey, messageId, fingerprint },
    keepRecord: false,
    onlyIfUntouched: { recordId: result?.recordId ?? change.id, etag: result?.etag ?? null },
  });
}

async function undoRegard(mail: MailIdentity, result: Result, begin: Begin, submit: Submit): Promise<Change | null> {
  if (result === null) return null;
  const { itemKey, messageId, fingerprint } = mail;
  return submit<RegardChange>({
    ...(await begin(itemKey)),
    kind: 'regard',
    mail: { itemKey, messageId, fingerprint },
    regarding: result.previousRegarding,
    onlyIfRegarding: { id: result.regarding?.id ?? null },
  });
}

/** A text longer than a Change may carry is cut, and says so where it is read. */
function fitted(bodyHtml: string): string {
  const note = '<p>[The rest of this message was too long to be kept.]</p>';
  return bodyHtml.length <= bodyLimit ? bodyHtml : bodyHtml.slice(0, bodyLimit - note.length) + note;
}

/** Inline pictures go along too: the body shows them by their Content-ID. */
function recordAttachments(message: MailMessage, limit: number): RecordedAttachment[] {
  return message.attachments.map(({ name, contentType, size }, index) => {
    const leftOut: LeftOutReason | null = size > limit ? 'too-large' : null;
    return { index, name, contentType, size, leftOut };
  });
}

function captureOf(mail: OpenMail, attachments: readonly RecordedAttachment[]): Capture | undefined {
  const wanted = attachments.filter(({ leftOut }) => leftOut === null);
  if (wanted.length === 0) return undefined;
  return async (put) => {
    for (const { index } of wanted) {
      const id = mail.message.attachments[index]?.id ?? '';
      const bytes = await mail.readAttachment(id).catch(() => null); // not handed out: apply says it was left out
      if (bytes !== null) await put(index, bytes);
    }
  };
}
