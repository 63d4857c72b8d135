import { domainToASCII } from 'node:url';
import MailComposer, { type MailComposerAttachment } from 'nodemailer/lib/mail-composer';
import { canonicalMessageId, stampHeader } from '../../../model/item-key.ts';
import { foldAddress, type MailAddress } from '../../../model/message.ts';
import { Unsendable, type OutgoingAttachment, type OutgoingMail } from './outgoing-mail.ts';

/**
 * Under which an e-mail goes out however often it is tried: whoever has got it once recognises a second copy, and its copy in
 * Sent Items is known as this row.
 */
export function messageIdOf({ id, from }: Pick<OutgoingMail, 'id' | 'from'>): string {
  return `<${id}@${addressOf(from).split('@')[1] ?? ''}>`;
}

/** Whether the id was given by `messageIdOf`. */
export function isOwnMessageId(messageId: string, id: string): boolean {
  return messageId.startsWith(`<${id}@`);
}

/** What mail servers take; Exchange Online takes 1,000 recipients. */
const mostRecipients = 1_000;
/** A line of headers may grow without end over years of answers: where the thread began, and what is near. */
const mostReferences = 50;

/** RFC 2156, and what programs read that do not know it. The composer writes none of them: its `priority` is the transport's. */
const importanceHeaders = {
  low: { Importance: 'low', 'X-Priority': '5' },
  normal: {},
  high: { Importance: 'high', 'X-Priority': '1' },
} as const;

/**
 * The mail as RFC 5322 bytes, with its Bcc: whoever hands it over by SMTP takes that line out (MailSource.send).
 * Nothing that stands in a row can add a header or a part, or make this process read a file or an address: the composer is
 * given texts and bytes alone, never a path.
 * @throws {Unsendable}
 */
export async function compose(mail: OutgoingMail, date: Date): Promise<Uint8Array> {
  demandRecipients(mail);
  const from = writtenAddress(mail.from);
  const composer = new MailComposer({
    from,
    to: mail.to.map(writtenAddress),
    cc: mail.cc.map(writtenAddress),
    bcc: mail.bcc.map(writtenAddress),
    subject: oneLine(mail.subject),
    // An empty body is a body too: else an attachment would stand in its place.
    html: mail.html.replaceAll('\0', '') || '<html></html>',
    messageId: messageIdOf(mail),
    date,
    ...threadOf(mail),
    headers: {
      // Some servers give a mail an id of their own; by this its copy in Sent Items is known nevertheless.
      [stampHeader]: mail.id,
      ...(mail.readReceipt ? { 'Disposition-Notification-To': from.address } : {}),
      ...importanceHeaders[mail.importance],
    },
    attachments: mail.attachments.map(writtenAttachment),
    // Nothing above is a path or an address; should that change, neither is followed.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const node = composer.compile();
  node.keepBcc = true;
  return node.build();
}

function demandRecipients({ to, cc, bcc }: OutgoingMail): void {
  const recipients = to.length + cc.length + bcc.length;
  if (recipients === 0) throw new Unsendable('no-recipient', 'The e-mail has no recipient.');
  if (recipients > mostRecipients)
    throw new Unsendable('too-many', `The e-mail has ${recipients} recipients; ${mostRecipients} are possible.`);
}

function threadOf({ inReplyTo, references }: OutgoingMail): { inReplyTo?: string; references?: string[] } {
  const answered = canonicalMessageId(inReplyTo);
  if (answered === null) return {};
  const before = references.flatMap((id) => canonicalMessageId(id) ?? []).filter((id) => id !== answered);
  const chain = [...new Set(before), answered];
  const near = chain.length > mostReferences ? [...chain.slice(0, 1), ...chain.slice(1 - mostReferences)] : chain;
  return { inReplyTo: answered, references: near };
}

/** Without what would end a line: a name or subject is text and never structure. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  return text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').trim();
}

function writtenAddress(party: MailAddress): { name: string; address: string } {
  const address = addressOf(party);
  const name = oneLine(party.name);
  return { name: foldAddress(name) === foldAddress(address) ? '' : name, address };
}

/** The address with its domain as mail servers write it (RFC 5891). @throws {Unsendable} */
function addressOf({ address, name }: MailAddress): string {
  // domainToASCII takes the host out of whatever could stand in a URL: what is no domain must not become one.
  const [, local = '', domain = ''] =
    /^([!#-'*+\-/-9=?A-Z^-~.]{1,64})@([^\s@%/?#\\]{1,255})$/.exec(address.trim()) ?? [];
  const ascii = domainToASCII(domain);
  if (!/^(?:[a-z0-9-]+\.)*[a-z0-9-]*[a-z][a-z0-9-]*$/i.test(ascii)) {
    const shown = oneLine(address === '' ? name : address).slice(0, 100);
    throw new Unsendable('bad-address', `${shown} is no address that a mail can be sent to.`);
  }
  return `${local}@${ascii}`;
}

type AttachmentFacts = Pick<OutgoingAttachment, 'name' | 'contentType' | 'contentId'>;

/** What is said of a file, as far as it can be said in a mail. */
export function describeAttachment({ name, contentType, contentId }: AttachmentFacts): AttachmentFacts {
  const isPlain = /^(?!multipart\/|message\/)[\w.+-]+\/[\w.+-]+$/i.test(contentType);
  return {
    name: oneLine(name) || 'attachment',
    // A multipart would be read as parts of this mail, and a message/rfc822 must not be encoded.
    contentType: isPlain ? contentType : 'application/octet-stream',
    contentId: /^<?([^\s<>"]{1,250})>?$/.exec(contentId ?? '')?.[1] ?? null,
  };
}

function writtenAttachment({ bytes, ...given }: OutgoingAttachment): MailComposerAttachment {
  const { name, contentType, contentId } = describeAttachment(given);
  return {
    filename: name,
    contentType,
    content: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    ...(contentId === null ? {} : { cid: contentId }),
  };
}
