import { decodeJwt, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { HttpError } from './errors.ts';

/** Who signed a token that we accept, for whom, and with which keys (a remote or a local key set of jose). */
export interface Issuer {
  issuer: string;
  audience: string | string[];
  keys: JWTVerifyGetKey;
}

/** Whom a verified token speaks for. `objectId` is the directory's GUID, in lower case. */
export interface Identity {
  objectId: string;
  kind: 'user' | 'application';
  tenantId: string | undefined;
  name: string | undefined;
  /** Mail address or sign-in name, in lower case. */
  address: string | undefined;
}

/** Reads an Authorization header. @throws {HttpError} 401, without saying which part of the token was wrong. */
export type TokenCheck = (authorization: string | undefined) => Promise<Identity>;

const ALGORITHMS = ['RS256', 'PS256', 'ES256'];
/** Verifying costs a thread-pool round trip; a pane sends the same token all hour. */
const KEPT = 1000;
const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

export function createTokenCheck(issuers: readonly Issuer[], now: () => Date): TokenCheck {
  const byName = new Map(issuers.map((issuer) => [issuer.issuer, issuer]));
  const kept = new Map<string, { identity: Identity; until: number }>();

  const verify = async (token: string) => {
    const issuer = byName.get(issuerOf(token));
    if (issuer === undefined) throw unauthorized();
    const { payload } = await jwtVerify(token, issuer.keys, {
      issuer: issuer.issuer,
      audience: issuer.audience,
      algorithms: ALGORITHMS,
      currentDate: now(),
      clockTolerance: 60,
      requiredClaims: ['exp', 'oid'],
    }).catch(() => {
      throw unauthorized();
    });
    return { identity: identityOf(payload), until: (payload.exp ?? 0) * 1000 };
  };

  return async (authorization) => {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw unauthorized();
    const known = kept.get(token);
    if (known !== undefined && known.until > now().getTime()) return known.identity;
    kept.delete(token);
    const verified = await verify(token);
    if (kept.size >= KEPT) kept.clear();
    kept.set(token, verified);
    return verified.identity;
  };
}

function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch {
    return '';
  }
}

function identityOf(claims: JWTPayload): Identity {
  const objectId = text(claims['oid'])?.toLowerCase();
  if (objectId === undefined || !GUID.test(objectId)) throw unauthorized();
  return {
    objectId,
    kind: claims['idtyp'] === 'app' ? 'application' : 'user',
    tenantId: text(claims['tid']),
    name: text(claims['name']),
    address: (text(claims['preferred_username']) ?? text(claims['upn']))?.toLowerCase(),
  };
}

function text(claim: unknown): string | undefined {
  return typeof claim === 'string' && claim !== '' ? claim : undefined;
}

function unauthorized(): HttpError {
  return new HttpError(401, 'The request needs a valid bearer token of this organisation.', '0x80072560', {
    'www-authenticate': 'Bearer',
  });
}
