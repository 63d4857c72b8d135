import { Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import PostalMime, { type Address } from 'postal-mime';
import { SourceError } from '../source.ts';
import { isThisMachine, readToken, type ImapAccount } from './connection.ts';

export interface SubmissionServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (port 465). Otherwise STARTTLS, which only a server on this machine may do without. */
  readonly secure: boolean;
}

const timeout = 60_000;

/**
 * Hands mails in (RFC 6409), each on a connection of its own. A mail that was sent whole and got no answer may have been taken:
 * `unknown-outcome`, and nobody sends it again by himself. An answer of the server, or none before the whole mail had left,
 * says for certain that it was not.
 */
export function createSubmission(
  account: ImapAccount & { readonly report: (error: unknown) => void },
  server: SubmissionServer,
): (mime: Uint8Array) => Promise<void> {
  return async (mime) => {
    const envelope = await readEnvelope(mime);
    const transport = createTransport({
      ...server,
      requireTLS: !server.secure && !isThisMachine(server.host),
      auth: await credentials(account),
      connectionTimeout: timeout,
      greetingTimeout: timeout,
      socketTimeout: timeout,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    const raw = Readable.from([withoutBcc(mime)]);
    let isHandedOver = false;
    raw.on('end', () => (isHandedOver = true));
    try {
      const { rejected } = await transport.sendMail({ envelope, raw });
      if (rejected.length > 0) account.report(new Error(`SMTP: ${String(rejected.length)} recipients were refused.`));
    } catch (error) {
      throw toSubmissionError(error, isHandedOver);
    } finally {
      transport.close();
    }
  };
}

async function credentials({ user, auth }: ImapAccount) {
  if ('password' in auth) return { user, pass: auth.password };
  return { type: 'OAuth2' as const, user, accessToken: await readToken(auth.accessToken) };
}

/** Bcc is for the server only: recipients must not see it (RFC 5322, 3.6.3). */
function withoutBcc(mime: Uint8Array): Buffer {
  const head = headOf(mime);
  const kept = head.toString('latin1').replace(/^bcc[ \t]*:.*(?:\r?\n[ \t].*)*(?:\r?\n|$)/gim, '');
  return Buffer.concat([Buffer.from(kept, 'latin1'), mime.subarray(head.length)]);
}

async function readEnvelope(mime: Uint8Array) {
  const { from, sender, to = [], cc = [], bcc = [] } = await PostalMime.parse(headOf(mime));
  const [author] = sender === undefined ? addressesOf(from === undefined ? [] : [from]) : addressesOf([sender]);
  const recipients = [...new Set(addressesOf([...to, ...cc, ...bcc]))];
  if (author === undefined || recipients.length === 0) {
    throw new SourceError('refused', 'SMTP: the mail names no sender or no recipient.');
  }
  return { from: author, to: recipients };
}

function addressesOf(list: readonly Address[]): string[] {
  return list.flatMap((entry) => (entry.group === undefined ? [entry.address] : entry.group.map((one) => one.address)));
}

/** The header with the line break that ends it. */
function headOf(mime: Uint8Array): Buffer {
  const bytes = Buffer.from(mime.buffer, mime.byteOffset, mime.byteLength);
  const ends = [bytes.indexOf('\r\n\r\n') + 2, bytes.indexOf('\n\n') + 1].filter((end) => end > 2);
  return bytes.subarray(0, Math.min(...ends, bytes.length));
}

function toSubmissionError(error: unknown, isHandedOver: boolean): SourceError {
  const facts: { responseCode?: unknown; code?: unknown; response?: unknown } =
    typeof error === 'object' && error !== null ? error : {};
  const said = [facts.response, facts.code, 'no answer'].find((text) => typeof text === 'string');
  const message = `SMTP: ${String(said)}`.slice(0, 300);
  if (facts.code === 'EAUTH') return new SourceError('unauthorized', message);
  if (typeof facts.responseCode === 'number') {
    return new SourceError(facts.responseCode < 500 ? 'unavailable' : 'refused', message);
  }
  if (facts.code === 'EENVELOPE' || facts.code === 'EMESSAGE') return new SourceError('refused', message);
  return new SourceError(isHandedOver ? 'unknown-outcome' : 'unavailable', message);
}
