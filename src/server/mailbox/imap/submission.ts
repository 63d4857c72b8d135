import { Readable } from 'node:stream';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import XOAuth2 from 'nodemailer/lib/xoauth2';
import PostalMime, { type Address } from 'postal-mime';
import { SourceError } from '../source.ts';
import { isThisMachine } from '../this-machine.ts';
import { readToken, type ImapAccount } from './connection.ts';

export interface SubmissionServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (port 465). Otherwise STARTTLS, which only a server on this machine may do without. */
  readonly secure: boolean;
}

const timeout = 60_000;
const pieceSize = 64 * 1024;

/**
 * Hands mails in (RFC 6409), each on a connection of its own. A mail that was sent to its last byte and got no answer may have
 * been taken: `unknown-outcome`, and nobody sends it again by himself. An answer of the server, or a line that broke before the
 * last byte, says for certain that it was not.
 */
export function createSubmission(
  account: ImapAccount & { readonly report: (error: unknown) => void },
  server: SubmissionServer,
): (mime: Uint8Array) => Promise<void> {
  return async (mime) => {
    const envelope = await readEnvelope(mime);
    const credentials = await readCredentials(account);
    const requireTLS = !server.secure && !isThisMachine(server.host);
    const limits = { connectionTimeout: timeout, greetingTimeout: timeout, socketTimeout: timeout };
    const connection = new SMTPConnection({ ...server, requireTLS, ...limits });
    const source = Readable.from(pieces(withoutBcc(mime)));
    let isHandedOver = false;
    // In pieces, and asked for one by one: this comes when the last has left, not when the first was asked for.
    source.on('end', () => (isHandedOver = true));
    try {
      const refused = await handIn(connection, credentials, envelope, source);
      if (refused > 0) account.report(new Error(`SMTP: ${String(refused)} recipients were refused.`));
    } catch (error) {
      throw toSubmissionError(error, isHandedOver);
    } finally {
      connection.close();
    }
  };
}

type Credentials = Parameters<SMTPConnection['login']>[0];

/** Answers how many recipients the server refused while it took the others. */
function handIn(
  connection: SMTPConnection,
  credentials: Credentials,
  envelope: SMTPConnection.Envelope,
  mail: Readable,
) {
  return new Promise<number>((resolve, reject) => {
    connection.on('error', reject);
    connection.on('end', () => reject(new Error('The connection ended.')));
    connection.connect((failure) => {
      if (failure) return reject(failure);
      connection.login(credentials, (refusal) => {
        if (refusal) return reject(refusal);
        connection.send(envelope, mail, (error, info) => {
          if (error) reject(error);
          else resolve(info.rejected.length);
        });
      });
    });
  });
}

function* pieces(bytes: Buffer) {
  for (let start = 0; start < bytes.length; start += pieceSize) yield bytes.subarray(start, start + pieceSize);
}

async function readCredentials({ user, auth }: ImapAccount): Promise<Credentials> {
  if ('password' in auth) return { credentials: { user, pass: auth.password } };
  const oauth2 = new XOAuth2({ user, accessToken: await readToken(auth.accessToken) });
  return { oauth2 };
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
