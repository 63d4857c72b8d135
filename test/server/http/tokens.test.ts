import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test, jest } from '@jest/globals';
import { createRemoteJWKSet, exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { HttpError } from '../../../src/server/http/errors.ts';
import { createTokenCheck, type TokenCheck } from '../../../src/server/http/tokens.ts';

const issuer = 'https://login.example/tenant/v2.0';
const audience = 'api://alongside';
const oid = 'd0000000-0000-4000-8000-000000000001';
const clock = { now: new Date('2026-11-21T09:00:00Z') };
const seconds = () => clock.now.getTime() / 1000;

interface Key {
  kid: string;
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  jwk: JWK;
}

async function newKey(kid: string, algorithm = 'RS256'): Promise<Key> {
  const pair = await generateKeyPair(algorithm, { extractable: true });
  return { kid, ...pair, jwk: { ...(await exportJWK(pair.publicKey)), kid, alg: algorithm, use: 'sig' } };
}

/** The provider's key server: which keys it shows, and how it behaves. */
const provider: { keys: JWK[]; behaviour: 'answers' | 'fails' | 'hangs'; asked: number } = {
  keys: [],
  behaviour: 'answers',
  asked: 0,
};
let server: Server;
let first: Key;
let second: Key;
let check: TokenCheck;

beforeAll(async () => {
  [first, second] = await Promise.all([newKey('first'), newKey('second')]);
  provider.keys = [first.jwk];
  server = createServer((_request, response) => {
    provider.asked += 1;
    if (provider.behaviour === 'hangs') return;
    response.writeHead(provider.behaviour === 'fails' ? 500 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ keys: provider.keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  check = newCheck();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function newCheck(): TokenCheck {
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`);
  const keys = createRemoteJWKSet(url, { cooldownDuration: 0, timeoutDuration: 200 });
  return createTokenCheck([{ issuer, audience, keys }], () => clock.now);
}

interface Wishes {
  key?: Key;
  kid?: string;
  algorithm?: string;
  claims?: Record<string, unknown>;
}

function sign({ key = first, kid = key.kid, algorithm = 'RS256', claims = {} }: Wishes = {}): Promise<string> {
  const all = { iss: issuer, aud: audience, oid, exp: seconds() + 3_600, ...claims };
  return new SignJWT(all).setProtectedHeader({ alg: algorithm, kid }).sign(key.privateKey);
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const outcome = (token: string | undefined, by = check) =>
  by(token === undefined ? undefined : `Bearer ${token}`).then(
    ({ objectId }) => objectId,
    (error: unknown) => error,
  );
/** Every refusal is the same, so that nobody learns which part was wrong. */
const refusal = expect.objectContaining({
  status: 401,
  code: '0x80072560',
  message: 'The request needs a valid bearer token of this organisation.',
  headers: { 'www-authenticate': 'Bearer' },
});

test('a token that is right in every part is believed', async () => {
  expect(await outcome(await sign())).toBe(oid);
  expect(await outcome(await sign({ claims: { oid: oid.toUpperCase(), aud: ['x', audience] } }))).toBe(oid);
});

test.each<[string, () => Promise<string | undefined>]>([
  ['none at all', async () => undefined],
  ['another issuer', () => sign({ claims: { iss: `${issuer}/` } })],
  ['no issuer', () => sign({ claims: { iss: undefined } })],
  ['an issuer that is a name of an object', () => sign({ claims: { iss: '__proto__' } })],
  ['another audience', () => sign({ claims: { aud: `${audience}/x` } })],
  ['no audience', () => sign({ claims: { aud: undefined } })],
  ['expired', () => sign({ claims: { exp: seconds() - 61 } })],
  ['no end', () => sign({ claims: { exp: undefined } })],
  ['not yet', () => sign({ claims: { nbf: seconds() + 120 } })],
  ['no object id', () => sign({ claims: { oid: undefined } })],
  ['an object id that is none', () => sign({ claims: { oid: ['x'] } })],
  ['the key of somebody else', () => sign({ key: second, kid: 'first' })],
  ['a key that is not shown', () => sign({ key: second })],
  [
    'unsigned',
    async () => `${part({ alg: 'none' })}.${part({ iss: issuer, aud: audience, oid, exp: seconds() + 60 })}.x`,
  ],
  ['unsigned, without a third part', async () => `${part({ alg: 'none' })}.${part({ iss: issuer })}.`],
  [
    'an extension that must be understood',
    async () => {
      const { privateKey } = first;
      const claims = { iss: issuer, aud: audience, oid, exp: seconds() + 60 };
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'first', crit: ['exp'], exp: 1 })
        .sign(privateKey, { crit: { exp: true } });
    },
  ],
  [
    'the public key as a shared secret',
    async () => {
      const secret = new TextEncoder().encode(await exportSPKI(first.publicKey));
      const claims = { iss: issuer, aud: audience, oid, exp: seconds() + 60 };
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'first' }).sign(secret);
    },
  ],
  [
    'a key brought along',
    async () => {
      const claims = { iss: issuer, aud: audience, oid, exp: seconds() + 60 };
      return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', jwk: second.jwk }).sign(second.privateKey);
    },
  ],
  ['huge', async () => `${'x'.repeat(60_000)}.${'y'.repeat(60_000)}.z`],
  [
    'huge and signed, with a changed claim',
    async () => {
      const [head, , signature] = (await sign({ claims: { more: 'x'.repeat(30_000) } })).split('.');
      return [head, part({ iss: issuer, aud: audience, oid, exp: seconds() + 60 }), signature].join('.');
    },
  ],
])('refused: %s', async (_name, make) => {
  const token = await make();
  const result = await outcome(token);
  expect(result).toEqual(refusal);
  expect(result).toBeInstanceOf(HttpError);
  if (token !== undefined && token.length > 9) expect(JSON.stringify(result)).not.toContain(token.slice(0, 10));
});

test('an algorithm that is not on our list is refused, though the provider shows the key', async () => {
  const strange = await newKey('strange', 'RS512');
  provider.keys = [strange.jwk];
  expect(await outcome(await sign({ key: strange, algorithm: 'RS512' }), newCheck())).toEqual(refusal);
  provider.keys = [first.jwk];
});

test('a token is believed until it ends, and no longer', async () => {
  const token = await sign({ claims: { exp: seconds() + 60 } });
  expect(await outcome(token)).toBe(oid);
  const before = clock.now;
  clock.now = new Date(before.getTime() + 121_000);
  expect(await outcome(token)).toEqual(refusal);
  clock.now = before;
});

test('keys are exchanged while we run; a provider that is away or slow stops only what is new', async () => {
  const own = newCheck();
  expect(await outcome(await sign(), own)).toBe(oid);
  provider.keys = [first.jwk, second.jwk];
  expect(await outcome(await sign({ key: second }), own)).toBe(oid);
  provider.keys = [second.jwk];
  provider.behaviour = 'fails';
  expect(await outcome(await sign({ key: second, claims: { n: 1 } }), own)).toBe(oid);
  expect(await outcome(await sign({ kid: 'third' }), own)).toEqual(refusal);
  provider.behaviour = 'hangs';
  expect(await outcome(await sign({ kid: 'third' }), own)).toEqual(refusal);
  expect(await outcome(await sign({ key: second, claims: { n: 2 } }), own)).toBe(oid);
  provider.behaviour = 'answers';
  expect(await outcome(await sign({ claims: { n: 3 }, kid: 'first' }), newCheck())).toEqual(refusal);
  provider.keys = [first.jwk];
});

test('a token that is sent again is not verified again', async () => {
  const own = newCheck();
  const token = await sign();
  await outcome(token, own);
  const asked = provider.asked;
  const verify = jest.spyOn(crypto.subtle, 'verify');
  for (let sent = 0; sent < 100; sent += 1) await own(`Bearer ${token}`);
  expect(verify).not.toHaveBeenCalled();
  await own(`Bearer ${await sign({ claims: { n: 4 } })}`);
  expect(verify).toHaveBeenCalledTimes(1);
  verify.mockRestore();
  expect(provider.asked).toBe(asked);
});
