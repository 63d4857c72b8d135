// The identity provider of the local stack: a key in the data directory, tokens for whoever sits at this machine. It exists
// on loopback only, and never beside a real identity provider.
import { createHash, hkdfSync } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalJWKSet, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT } from 'jose';
import type { JSONWebKeySet, JWK } from 'jose';
import type { Person } from '../mailbox/folder/summary.ts';

export const audience = 'api://alongside';
export const tenantId = '7d1f3c52-4b0e-4a57-9c1d-2f6c0a5e8b11';
const organisation = 'contoso.example';

/** The two colleagues of the sample; the first is the local administrator. */
export const localUsers: readonly (Person & { id: string })[] = [
  { name: 'Dana Whitfield', address: `dana@${organisation}`, id: 'd0a7a000-0001-4000-8000-000000000001' },
  { name: 'Miguel Santos', address: `miguel@${organisation}`, id: 'd0a7a000-0002-4000-8000-000000000002' },
];

/** Mail to a group goes to everybody in it. */
const groups = new Map([
  [`sales@${organisation}`, localUsers.map(({ address }) => address)],
  [`hello@${organisation}`, localUsers.map(({ address }) => address)],
]);

/** Whoever a token speaks for. `address` is in lower case. */
export interface Caller extends Person {
  id: string;
  isApplication: boolean;
}

export interface Token {
  accessToken: string;
  /** Epoch seconds. */
  expiresOn: number;
}

interface KeyFile {
  /** `http://localhost:<PORT>/identity`, of the last start. */
  issuer: string;
  key: JWK;
}

const lifetime = 3600;
const fileName = 'identity.json';

/** The same address is the same person in every data directory. */
const guidOf = (address: string) => {
  const hex = createHash('sha256').update(`alongside local user ${address}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

const nameOf = (address: string) =>
  (address.split('@')[0] ?? address)
    .split(/[._-]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');

/** @throws when it is no mail address. */
const addressOf = (text: string) => {
  const address = text.trim().toLowerCase();
  if (address.length > 254 || !/^[^\s@<>"/\\]+@[^\s@<>"/\\]+$/.test(address))
    throw new TypeError(`${JSON.stringify(text)} is not a mail address.`);
  return address;
};

const readKeyFile = (path: string): KeyFile | null => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as KeyFile;
  } catch {
    return null;
  }
};

/** Written beside and moved into place: a reader (npm run token) never sees half a key. */
const writeKeyFile = (path: string, content: KeyFile) => {
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, JSON.stringify(content), { mode: 0o600 });
  chmodSync(fresh, 0o600);
  renameSync(fresh, path);
};

const loadKey = async (dataDir: string, issuer: string | undefined): Promise<KeyFile> => {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, fileName);
  const known = readKeyFile(path);
  const key = known?.key ?? (await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey));
  const content = { issuer: issuer ?? known?.issuer ?? 'http://localhost:3000/identity', key };
  if (known === null) writeKeyFile(path, content);
  return content;
};

const publicKeys = ({ kty, crv, x, y }: JWK): JSONWebKeySet => ({
  keys: [{ kty, crv, x, y, alg: 'ES256', use: 'sig' } as JWK],
});

/** 32 bytes in base64, the same for every start of a data directory: what passwords of mailboxes are sealed with there (RFC 5869). */
const sealingKeyOf = ({ d = '' }: JWK): string =>
  Buffer.from(hkdfSync('sha256', Buffer.from(d, 'base64url'), '', 'alongside mailbox secrets', 32)).toString('base64');

/** `port` is that of the add-in; without it, the issuer of the last start is kept (npm run token). */
export const openIdentity = async (dataDir: string, port?: number) => {
  const { issuer, key } = await loadKey(dataDir, port === undefined ? undefined : `http://localhost:${port}/identity`);
  const privateKey = await importJWK(key, 'ES256');
  const jwks = publicKeys(key);
  const keys = createLocalJWKSet(jwks);

  const person = (text: string): Person => {
    const address = addressOf(text);
    return { name: localUsers.find((each) => each.address === address)?.name ?? nameOf(address), address };
  };
  const idOf = (address: string) => localUsers.find((each) => each.address === address)?.id ?? guidOf(address);

  /** For the local administrator when nobody is named. @throws TypeError when `user` is no mail address. */
  const token = async (user?: string, kind: 'user' | 'application' = 'user'): Promise<Token> => {
    const { name, address } = person(user ?? localUsers[0]?.address ?? '');
    const expiresOn = Math.floor(Date.now() / 1000) + lifetime;
    const claims =
      kind === 'application'
        ? { oid: guidOf('the application'), tid: tenantId, idtyp: 'app', name: 'Alongside' }
        : { oid: idOf(address), tid: tenantId, preferred_username: address, name };
    const accessToken = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(expiresOn)
      .sign(privateKey);
    return { accessToken, expiresOn };
  };

  /** Null when the token is not one of ours, or not any more. */
  const verify = async (accessToken: string): Promise<Caller | null> => {
    const checked = await jwtVerify(accessToken, keys, { issuer, audience, algorithms: ['ES256'] }).catch(() => null);
    if (!checked) return null;
    const { oid, name, preferred_username: address, idtyp } = checked.payload as Record<string, string>;
    return { id: oid ?? '', name: name ?? '', address: address ?? '', isApplication: idtyp === 'app' };
  };

  /** The mailboxes on this machine that mail to an address ends in. */
  const mailboxesOf = (text: string): readonly string[] => {
    const address = text.trim().toLowerCase();
    return groups.get(address) ?? (address.endsWith(`@${organisation}`) ? [address] : []);
  };

  /** From now on scripts sign for this start. Said only by who owns the data directory: another start may be using it. */
  const announce = () => {
    if (readKeyFile(join(dataDir, fileName))?.issuer !== issuer) writeKeyFile(join(dataDir, fileName), { issuer, key });
  };

  return { issuer, keys, token, verify, person, idOf, mailboxesOf, announce, sealingKey: sealingKeyOf(key) };
};

export type Identity = Awaited<ReturnType<typeof openIdentity>>;
