import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Person } from '../server/world.ts';

export const tenantId = '7c1d5d0e-0000-4000-8000-000000000001';
/** The built-in CRM knows its own worker by this id, also when the worker comes from another server. */
const serviceUser = 'a1050000-0000-4000-8000-000000000001';

/** The sign-in service of a drill, which never fails: keys at /keys, tokens of the application user at /token. */
export interface SignIn {
  readonly environment: Readonly<Record<string, string>>;
  token(person: Person): Promise<string>;
  close(): Promise<void>;
}

const audience = 'api://drill';

export async function startSignIn(): Promise<SignIn> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const keys = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] };
  const issuer = 'http://localhost/drill';
  const sign = (claims: Record<string, string>) =>
    new SignJWT({ tid: tenantId, ...claims })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime('12h')
      .sign(privateKey);
  const server = createServer((request, response) => {
    const answer = async () =>
      request.url === '/keys'
        ? keys
        : { access_token: await sign({ oid: serviceUser, idtyp: 'app', name: 'Sync' }), expires_in: 3600 };
    void answer().then((body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tokens = new Map<string, Promise<string>>();
  return {
    environment: {
      TENANT_ID: tenantId,
      CLIENT_ID: 'drill',
      TOKEN_ISSUER: issuer,
      TOKEN_KEYS: `${url}/keys`,
      TOKEN_AUDIENCE: audience,
      TOKEN_URL: `${url}/token`,
      CRM_CLIENT_ID: 'drill',
      CRM_CLIENT_SECRET: 'drill',
    },
    token(person) {
      const kept =
        tokens.get(person.objectId) ??
        sign({ oid: person.objectId, preferred_username: person.address, name: person.name });
      tokens.set(person.objectId, kept);
      return kept;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
