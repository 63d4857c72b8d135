// What people click in bench/track.ts: of ten clicks six track a mail, one of them with an attachment, two track it regarding a
// record, and two set what a mail tracked before is about.
import { randomUUID } from 'node:crypto';
import type { Change, TrackChange } from '../src/model/change.ts';
import type { MailMessage } from '../src/model/message.ts';
import type { RegardingRef } from '../src/model/records.ts';
import type { OpenMail } from '../src/sync/gestures.ts';
import { accountId, accounts, addressOf, contactId } from './crm-data.ts';
import { bodyHtml } from './ledger-data.ts';
import type { Pane } from './track-pane.ts';

/** Whose mails come, and which are tracked already: by pane, the last of them. */
export interface Clicked {
  readonly contacts: number;
  readonly tracked: Map<Pane, TrackChange>;
}

export function mailsOf(contacts: number): Clicked {
  return { contacts, tracked: new Map() };
}

type Kind = 'track' | 'track with attachment' | 'track regarding' | 'regard';
const kinds: readonly Kind[] = [
  'track',
  'track regarding',
  'track',
  'track with attachment',
  'regard',
  'track',
  'track',
  'track regarding',
  'track',
  'regard',
];

const attached = new Uint8Array(100 * 1024);
const random = (below: number) => Math.floor(Math.random() * below);

/** The persons' clicks move on by one kind in every round, so that each person makes all of them. */
export async function click(pane: Pane, number: number, clicked: Clicked): Promise<{ kind: Kind; change: Change }> {
  const before = clicked.tracked.get(pane);
  const wanted = kinds[(number + Math.floor(number / 50)) % kinds.length] ?? 'track';
  const kind = wanted === 'regard' && before === undefined ? 'track' : wanted;
  const { gestures } = pane;
  if (kind === 'regard' && before !== undefined)
    return { kind, change: await gestures.regard(before.mail, regardingOf(clicked)) };
  const mail = mailTo(pane, clicked, kind === 'track with attachment');
  const change = await gestures.track(mail, kind === 'track regarding' ? regardingOf(clicked) : null);
  if (change.kind === 'track') clicked.tracked.set(pane, change);
  return { kind, change };
}

function regardingOf({ contacts }: Clicked): RegardingRef {
  return random(2) === 0
    ? { table: 'contact', id: contactId(random(contacts)), name: 'Somebody' }
    : { table: 'account', id: accountId(random(accounts)), name: 'Some company' };
}

/** Somebody of the CRM writes to the person and to a colleague who is not in it. */
function mailTo({ person }: Pane, { contacts }: Clicked, withAttachment: boolean): OpenMail {
  const sentAt = new Date(Date.now() - 60_000).toISOString();
  const file = {
    id: 'file',
    name: 'offer.pdf',
    contentType: 'application/pdf',
    size: attached.length,
    isInline: false,
  };
  const message: MailMessage = {
    itemId: randomUUID(),
    kind: 'received',
    internetMessageId: `<${randomUUID()}@company.example>`,
    subject: `Order ${random(1e6)}`,
    from: { name: 'Somebody', address: addressOf(random(contacts)) },
    to: [{ name: person.name, address: person.address }],
    cc: [{ name: 'Colleague', address: 'colleague@elsewhere.example' }],
    bcc: [],
    sentAt,
    receivedAt: sentAt,
    importance: 'normal',
    attachments: withAttachment ? [file] : [],
  };
  return { message, readBodyHtml: async () => bodyHtml, readAttachment: async () => new Blob([attached]) };
}
