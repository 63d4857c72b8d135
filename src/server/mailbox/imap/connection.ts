import { ImapFlow, type ImapFlowOptions, type Logger } from 'imapflow';
import { SourceError } from '../source.ts';
import { isThisMachine } from '../this-machine.ts';
import { toSourceError } from './errors.ts';

export interface ImapAccount {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte. Otherwise STARTTLS, which only a server on this machine may do without. */
  readonly secure: boolean;
  readonly user: string;
  readonly auth: { readonly password: string } | { readonly accessToken: () => Promise<string> };
  readonly timeouts?: Timeouts;
}

/** Milliseconds. */
interface Timeouts {
  /** Until the server has greeted us. */
  readonly connect: number;
  /** Without a byte from a server that owes us an answer. */
  readonly silence: number;
  /** One call as a whole. */
  readonly call: number;
}

const usualTimeouts: Timeouts = { connect: 30_000, silence: 60_000, call: 600_000 };
/** Above any mail that is asked for: a server that announces more is not believed. */
const mostLiteral = 512 * 1024 * 1024;

/** A connection that is made when it is needed and made anew when it broke. */
export interface ImapConnection {
  /**
   * Lends the connection, to one caller at a time. Work that met a connection that died unnoticed since its last use is begun
   * once more on a new one: it must bear that.
   */
  run<T>(work: (client: ImapFlow) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function createImapConnection(account: ImapAccount): ImapConnection {
  let client: ImapFlow | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  const connected = async (): Promise<{ client: ImapFlow; isNew: boolean }> => {
    if (isClosed) throw new SourceError('unavailable', 'The source was closed.');
    if (client !== undefined && isAlive(client)) return { client, isNew: false };
    client?.close();
    client = undefined;
    client = await connect(account);
    return { client, isNew: true };
  };

  const attempt = async <T>(work: (client: ImapFlow) => Promise<T>): Promise<T> => {
    const lent = await connected();
    try {
      return await withDeadline(lent.client, account.timeouts ?? usualTimeouts, work);
    } catch (error) {
      const mayBeStale = error instanceof SourceError && error.code === 'unavailable' && !isAlive(lent.client);
      if (!mayBeStale || lent.isNew || isClosed) throw error;
      return attempt(work);
    }
  };

  return {
    run(work) {
      const result = turn.then(() => attempt(work));
      turn = result.catch(() => undefined);
      return result;
    },
    async close() {
      isClosed = true;
      client?.close();
      await turn;
      // One may have been opening while we closed.
      client?.close();
    },
  };
}

/** Opens and signs in. */
export async function connect(account: ImapAccount, more: Partial<ImapFlowOptions> = {}): Promise<ImapFlow> {
  const { host, port, secure, user, auth } = account;
  const timeouts = account.timeouts ?? usualTimeouts;
  const secret = 'password' in auth ? { pass: auth.password } : { accessToken: await readToken(auth.accessToken) };
  const failure: Failure = {};
  const client: ImapFlow = new ImapFlow({
    host,
    port,
    secure,
    ...(!secure && !isThisMachine(host) ? { doSTARTTLS: true } : {}),
    auth: { user, ...secret },
    clientInfo: { name: 'Alongside', vendor: 'Alongside', version: '' },
    qresync: true,
    disableAutoIdle: true,
    connectionTimeout: timeouts.connect,
    greetingTimeout: timeouts.connect,
    socketTimeout: timeouts.silence,
    maxLiteralSize: mostLiteral,
    maxLineLength: 16 * 1024 * 1024,
    logger: listenTo(() => client, failure),
    ...more,
  });
  failures.set(client, failure);
  // What fails rejects the call it belongs to; without a listener the event itself would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.close();
    throw explain(error, failure);
  }
}

interface Failure {
  /** Why the last command was refused. */
  said?: unknown;
  /** The refusal in which the server asked for a pause. */
  pause?: unknown;
}
const failures = new WeakMap<ImapFlow, Failure>();

/** A server that said BYE answers nothing more, though imapflow calls the connection usable until it is closed. */
export function isAlive(client: ImapFlow & { readonly state?: number; readonly states?: { readonly LOGOUT: number } }) {
  return client.usable && (client.states === undefined || client.state !== client.states.LOGOUT);
}

/** Why the last command of a client was refused, where imapflow itself answers only `false`. */
export function refusalOf(client: ImapFlow): unknown {
  return isAlive(client) ? failures.get(client)?.said : undefined;
}

/**
 * imapflow tells two things to its log alone: why a search or a store was refused, and that the server asked for a pause, which
 * it would sit out for minutes within the call. Nothing is written anywhere: log entries quote commands.
 */
function listenTo(client: () => ImapFlow, failure: Failure): Logger {
  const nothing = () => undefined;
  const warn = (entry: { err?: unknown; throttleDelay?: unknown }) => {
    if (entry.err !== undefined) failure.said = entry.err;
    // The pause begins right after it was logged, and ends when the connection does.
    if (entry.throttleDelay === undefined) return;
    failure.pause = entry.err;
    setImmediate(() => client().close());
  };
  return { debug: nothing, info: nothing, warn, error: nothing };
}

async function withDeadline<T>(client: ImapFlow, timeouts: Timeouts, work: (client: ImapFlow) => Promise<T>) {
  const failure = failures.get(client);
  if (failure !== undefined) failure.said = undefined;
  const timer = setTimeout(() => {
    client.close();
  }, timeouts.call);
  try {
    const result = await work(client);
    // Without a connection imapflow answers some questions with nothing, as if there were nothing.
    if (!isAlive(client)) throw new SourceError('unavailable', 'IMAP: the connection broke.');
    return result;
  } catch (error) {
    throw explain(error, failure);
  } finally {
    clearTimeout(timer);
  }
}

/** A connection that was closed for a pause that the server asked for did not break. */
function explain(error: unknown, failure: Failure | undefined): SourceError {
  return toSourceError(failure?.pause ?? error);
}

export async function readToken(accessToken: () => Promise<string>): Promise<string> {
  try {
    return await accessToken();
  } catch (error) {
    throw error instanceof SourceError ? error : new SourceError('unavailable', 'IMAP: no access token was to be had.');
  }
}
