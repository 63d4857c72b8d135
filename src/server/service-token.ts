import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { keepUntilEarly } from './http/kept-token.ts';
import type { Issuer } from './http/tokens.ts';

const life = 10 * 60 * 1000;

/**
 * The built-in CRM's application user: this process signs for itself, with a key that never leaves its memory, and the CRM in
 * the same process is the only one that accepts it.
 */
export async function createServiceIdentity(tenantId: string, objectId: string, now: () => number) {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const name = 'urn:alongside:service';
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] });
  const issuer: Issuer = { issuer: name, audience: name, keys };
  const issue = async () => {
    const until = now() + life;
    const token = await new SignJWT({ oid: objectId, tid: tenantId, idtyp: 'app', name: 'Alongside' })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(name)
      .setAudience(name)
      .setIssuedAt(Math.floor(now() / 1000))
      .setExpirationTime(Math.floor(until / 1000))
      .sign(privateKey);
    return { token, until };
  };
  return { issuer, token: keepUntilEarly(issue, now) };
}
