import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Issuer } from './http/tokens.ts';

/** How long before its end a token is replaced, milliseconds. */
const early = 60_000;
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

/** One token for all callers until shortly before its end; one request at a time for a new one. */
export function keepUntilEarly(
  issue: () => Promise<{ token: string; until: number }>,
  now: () => number,
): () => Promise<string> {
  let kept: { token: string; until: number } | null = null;
  let asking: Promise<string> | null = null;
  return async () => {
    if (kept !== null && kept.until - early > now()) return kept.token;
    asking ??= issue()
      .then((fresh) => {
        kept = fresh;
        return fresh.token;
      })
      .finally(() => {
        asking = null;
      });
    return asking;
  };
}
