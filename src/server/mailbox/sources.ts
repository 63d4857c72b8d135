import { createFolderSource } from './folder/folder-source.ts';
import { createGraphSource } from './graph/graph-source.ts';
import { createImapSource } from './imap/imap-source.ts';
import type { MailboxClaim } from './claim.ts';
import type { Secrets } from './secrets.ts';
import { readOAuthCredentials, writeCredentials } from './credentials.ts';
import { createOAuthToken } from './oauth-token.ts';
import { parseSource, type OAuthConfig } from './source-config.ts';
import { SourceError, type MailSource } from './source.ts';

export interface SourceServices {
  /** Microsoft Graph with an application's token; null where none is configured. */
  readonly graph: { readonly baseUrl: string; readonly token: () => Promise<string> } | null;
  readonly fetch: typeof fetch;
  readonly secrets: Secrets | null;
  /** Stores a mailbox's new secret in place of the old one, if that is still there. */
  readonly keepSecret: (id: string, old: string, fresh: string) => Promise<void>;
  readonly now: () => number;
  readonly report: (error: unknown) => void;
}

/** What is needed to open a mailbox. */
export type OpenedBy = Pick<MailboxClaim, 'id' | 'address' | 'source' | 'secret'>;

/** Open mailboxes, each kept for the next look: an IMAP sign-in takes longer than the look itself. */
export interface Sources {
  /** @throws {SourceError} */
  open(mailbox: OpenedBy): Promise<MailSource>;
  /**
   * One that stays open for whoever listens by it, and closes it; null where a mailbox tells nothing by itself.
   * @throws {SourceError}
   */
  openToListen(mailbox: OpenedBy): MailSource | null;
  /** Its line broke, or its settings changed. */
  drop(mailbox: { readonly id: string }): Promise<void>;
  close(): Promise<void>;
}

/** The one that was not used for longest gives way. */
const mostOpen = 500;

export function createSources(services: SourceServices): Sources {
  const opened = new Map<string, { readonly by: string; readonly source: MailSource }>();
  const drop = async (id: string): Promise<void> => {
    const one = opened.get(id);
    opened.delete(id);
    await one?.source.close().catch(services.report);
  };
  return {
    async open(mailbox) {
      const { id, source, secret } = mailbox;
      const by = `${source} ${secret ?? ''}`;
      const known = opened.get(id);
      if (known !== undefined && known.by !== by) await drop(id);
      const entry = known?.by === by ? known : { by, source: openSource(services, mailbox) };
      opened.delete(id);
      opened.set(id, entry);
      const [oldest] = opened.keys();
      if (opened.size > mostOpen && oldest !== undefined) await drop(oldest);
      return entry.source;
    },
    openToListen: (mailbox) => (readConfig(mailbox).kind === 'imap' ? openSource(services, mailbox) : null),
    drop: ({ id }) => drop(id),
    async close() {
      await Promise.all([...opened.keys()].map(drop));
    },
  };
}

const readConfig = ({ source }: OpenedBy) => parseSource(JSON.parse(source));

function openSource(services: SourceServices, mailbox: OpenedBy): MailSource {
  const { graph, fetch, now, report } = services;
  const config = readConfig(mailbox);
  switch (config.kind) {
    case 'graph':
      if (graph === null)
        throw new SourceError('refused', 'This server has no access to Microsoft Graph (GRAPH_CLIENT_ID).');
      return createGraphSource({ ...graph, user: mailbox.address, fetch, now });
    case 'imap': {
      const { host, port, secure, user, oauth } = config;
      const auth = oauth === undefined ? { password: secretOf(services, mailbox) } : tokenOf(services, mailbox, oauth);
      return createImapSource({ host, port, secure, user, auth, now: () => new Date(now()), report });
    }
    case 'folder':
      return createFolderSource({ path: config.path });
  }
}

function tokenOf(services: SourceServices, mailbox: OpenedBy, oauth: OAuthConfig) {
  const { fetch, now, secrets, keepSecret } = services;
  const credentials = readOAuthCredentials(secretOf(services, mailbox));
  if (credentials === null)
    throw new SourceError('unauthorized', 'No client secret or refresh token is stored for this mailbox.');
  let stored = mailbox.secret;
  const renewed = async (refreshToken: string) => {
    if (secrets === null || stored === null) return;
    const fresh = secrets.seal(writeCredentials({ ...credentials, refreshToken }), mailbox.id);
    await keepSecret(mailbox.id, stored, fresh);
    stored = fresh;
  };
  return { accessToken: createOAuthToken(oauth, credentials, { fetch, now, renewed }) };
}

function secretOf({ secrets }: SourceServices, { id, secret }: OpenedBy): string {
  if (secret === null) throw new SourceError('unauthorized', 'No password is stored for this mailbox.');
  if (secrets === null) throw new SourceError('unauthorized', 'This server has no key for passwords (MAILBOX_KEY).');
  try {
    return secrets.open(secret, id);
  } catch (cause) {
    throw new SourceError('unauthorized', 'The password was sealed with another MAILBOX_KEY; enter it again.', {
      cause,
    });
  }
}
