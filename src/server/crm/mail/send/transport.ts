import { createTransport, type SendMailOptions } from 'nodemailer';
import { masks } from '../parties.ts';
import type { Party } from './draft.ts';

/** A mail as it leaves. */
export interface OutgoingMail {
  messageId: string;
  date: Date;
  subject: string;
  html: string;
  priority: number;
  inReplyTo: string | null;
  parties: readonly Party[];
  attachments: readonly { filename: string; contentType: string; cid: string | null; content: Uint8Array }[];
}

/**
 * What became of handing a mail over.
 * - `sent`: the server answered for it; `refused` lists the recipients it did not take.
 * - `later`: it certainly was not taken, and may be at another time.
 * - `failed`: it certainly was not taken, and will not be.
 * - `unknown`: no answer came, so it may have been taken.
 */
export type Handover =
  { kind: 'sent'; refused: readonly string[] } | { kind: 'later' | 'failed' | 'unknown'; reason: string };

export interface Transport {
  handOver(mail: OutgoingMail): Promise<Handover>;
  close(): void;
}

const WAIT_MS = 60_000;

/** @param url `smtps://user:password@mail.example` or `smtp://..:587`; see nodemailer for its options */
export function createSmtp(url: string): Transport {
  // Bodies and attachments come from rows: nothing in them may make this process read a file or an address.
  const transporter = createTransport({
    url,
    connectionTimeout: WAIT_MS,
    greetingTimeout: WAIT_MS,
    socketTimeout: WAIT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async handOver(mail) {
      try {
        const { rejected } = await transporter.sendMail(optionsOf(mail));
        return { kind: 'sent', refused: rejected };
      } catch (error) {
        return readFailure(error);
      }
    },
    close: () => transporter.close(),
  };
}

function optionsOf(mail: OutgoingMail): SendMailOptions {
  const list = (mask: number) =>
    mail.parties.filter((party) => party.mask === mask).map(({ name, address }) => ({ name: name ?? '', address }));
  const [from] = list(masks.from);
  return {
    ...(from === undefined ? {} : { from }),
    to: list(masks.to),
    cc: list(masks.cc),
    bcc: list(masks.bcc),
    subject: mail.subject,
    html: mail.html,
    messageId: mail.messageId,
    date: mail.date,
    priority: mail.priority === 2 ? 'high' : mail.priority === 0 ? 'low' : 'normal',
    ...(mail.inReplyTo === null ? {} : { inReplyTo: mail.inReplyTo, references: mail.inReplyTo }),
    attachments: mail.attachments.map(({ filename, contentType, cid, content }) => ({
      filename,
      contentType,
      content: Buffer.from(content),
      ...(cid === null ? {} : { cid }),
    })),
  };
}

/** Only an answer of the server, or a connection that never was, says for certain that a mail was not taken. */
function readFailure(error: unknown): Handover {
  const reason = (error instanceof Error ? error.message : String(error)).slice(0, 400);
  const facts: { responseCode?: unknown; code?: unknown; syscall?: unknown } =
    typeof error === 'object' && error !== null ? error : {};
  if (typeof facts.responseCode === 'number') return { kind: facts.responseCode < 500 ? 'later' : 'failed', reason };
  if (facts.syscall === 'connect' || facts.syscall === 'getaddrinfo' || facts.code === 'EDNS')
    return { kind: 'later', reason };
  if (facts.code === 'EAUTH' || facts.code === 'EENVELOPE' || facts.code === 'EMESSAGE')
    return { kind: 'failed', reason };
  return { kind: 'unknown', reason };
}
