import { isObject } from '../../model/is-object.ts';
import { isThisMachine } from './this-machine.ts';

/** Where tokens come from, instead of a password; what they are got with lies beside it, sealed. */
export interface OAuthConfig {
  /** https, or http on this machine. */
  readonly tokenEndpoint: string;
  readonly clientId: string;
  /** Null: as granted. */
  readonly scope: string | null;
}

/** Where a mailbox is read. A password lies beside it, sealed. */
export type SourceConfig =
  | { readonly kind: 'graph' }
  | {
      readonly kind: 'imap';
      readonly host: string;
      readonly port: number;
      readonly secure: boolean;
      readonly user: string;
      readonly oauth?: OAuthConfig;
    }
  | { readonly kind: 'folder'; readonly path: string };

/** Names the field that is not right. */
export class MalformedSource extends Error {
  override readonly name = 'MalformedSource';
}

/** @throws {MalformedSource} */
export function parseSource(value: unknown): SourceConfig {
  if (!isObject(value)) throw new MalformedSource('The source is an object with a kind.');
  const { kind } = value;
  switch (kind) {
    case 'graph':
      return { kind };
    case 'imap':
      return { kind, ...parseImap(value) };
    case 'folder':
      if (typeof value['path'] !== 'string' || value['path'] === '')
        throw new MalformedSource('source.path names a folder.');
      return { kind, path: value['path'] };
    default:
      throw new MalformedSource('source.kind is graph, imap or folder.');
  }
}

function parseImap({ host, port = 993, secure = true, user, oauth }: Readonly<Record<string, unknown>>) {
  if (typeof host !== 'string' || !/^[a-z0-9.-]{1,253}$/i.test(host))
    throw new MalformedSource('source.host is the name of a server.');
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new MalformedSource('source.port is a number from 1 to 65535.');
  if (typeof secure !== 'boolean') throw new MalformedSource('source.secure is true or false.');
  if (typeof user !== 'string' || user === '' || user.length > 320 || /[\0\r\n]/.test(user))
    throw new MalformedSource('source.user is the name to sign in with.');
  return { host, port, secure, user, ...(oauth === undefined ? {} : { oauth: parseOAuth(oauth) }) };
}

function parseOAuth(value: unknown): OAuthConfig {
  if (!isObject(value)) throw new MalformedSource('source.oauth is an object with tokenEndpoint and clientId.');
  const { tokenEndpoint, clientId, scope = null } = value;
  if (typeof tokenEndpoint !== 'string' || !isSafeEndpoint(tokenEndpoint))
    throw new MalformedSource('source.oauth.tokenEndpoint is an https address without placeholders.');
  if (typeof clientId !== 'string' || !/^[\x21-\x7e]{1,300}$/.test(clientId))
    throw new MalformedSource('source.oauth.clientId is the id of an application.');
  if (scope !== null && (typeof scope !== 'string' || !/^[\x20-\x7e]{1,1000}$/.test(scope)))
    throw new MalformedSource('source.oauth.scope is a list of scopes, separated by spaces.');
  return { tokenEndpoint, clientId, scope };
}

/** A secret is sent there. `URL` would encode what RFC 3986 does not allow, such as a `<tenant>` that nobody filled in. */
function isSafeEndpoint(text: string): boolean {
  if (!/^[\w.~:/?#[\]@!$&'()*+,;=%-]{1,2000}$/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (username !== '' || password !== '' || hash !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isThisMachine(hostname.replace(/^\[|\]$/g, '')));
}
