import { isObject } from '../../model/is-object.ts';
import { MalformedSource, type SourceConfig } from './source-config.ts';

/** What a mailbox is signed in to with: stored sealed (secrets.ts), and never told again. */
export type Credentials =
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'oauth'; readonly clientSecret: string | null; readonly refreshToken: string | null };

export const credentialNames = ['password', 'clientSecret', 'refreshToken'] as const;

/** Longer than any token that a provider documents (Microsoft's refresh tokens are opaque and of some 1,500 characters). */
const longest = { password: 1_000, clientSecret: 1_000, refreshToken: 8_000 } as const;

/**
 * Those of a request; undefined where it has none.
 * @throws {MalformedSource} naming the field, never what was in it
 */
export function parseCredentials(
  fields: Readonly<Record<string, unknown>>,
  source: SourceConfig,
): Credentials | undefined {
  const [password, clientSecret, refreshToken] = credentialNames.map((name) => readText(fields[name], name));
  const isOAuth = source.kind === 'imap' && source.oauth !== undefined;
  if (isOAuth && password !== undefined)
    throw new MalformedSource('password is not used where source.oauth says how to get a token.');
  if (!isOAuth && (clientSecret ?? refreshToken) !== undefined)
    throw new MalformedSource('clientSecret and refreshToken belong to a source with oauth.');
  if (!isOAuth) return password === undefined ? undefined : { kind: 'password', password };
  if (clientSecret === undefined && refreshToken === undefined) return undefined;
  return { kind: 'oauth', clientSecret: clientSecret ?? null, refreshToken: refreshToken ?? null };
}

function readText(value: unknown, name: (typeof credentialNames)[number]): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '' || value.length > longest[name])
    throw new MalformedSource(`${name} is a text of 1 to ${longest[name]} characters.`);
  return value;
}

/** To be sealed. A password is stored as it is. */
export function writeCredentials(credentials: Credentials): string {
  switch (credentials.kind) {
    case 'password':
      return credentials.password;
    case 'oauth': {
      const { clientSecret, refreshToken } = credentials;
      return JSON.stringify({ clientSecret, refreshToken });
    }
  }
}

/** What `writeCredentials` wrote of a source with oauth; null for anything else, a password that was stored before, for example. */
export function readOAuthCredentials(text: string): Extract<Credentials, { kind: 'oauth' }> | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { clientSecret, refreshToken } = value;
  const isText = (each: unknown): each is string | null => each === null || typeof each === 'string';
  if (!isText(clientSecret) || !isText(refreshToken)) return null;
  return { kind: 'oauth', clientSecret, refreshToken };
}
