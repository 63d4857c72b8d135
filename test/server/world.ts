import { generateKeyPair, SignJWT, type JWTVerifyGetKey } from 'jose';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { pino } from 'pino';
import { createApp, type AppOptions } from '../../src/server/app.ts';
import type { Database } from '../../src/server/db/open.ts';

const ISSUER = 'http://localhost:3000/identity';
const AUDIENCE = 'api://alongside';
const TENANT = '7c1d5d0e-0000-4000-8000-000000000001';

export interface Person {
  objectId: string;
  address: string;
  name: string;
  application?: boolean;
}

export const dana: Person = {
  objectId: 'd0000000-0000-4000-8000-000000000001',
  address: 'dana@contoso.example',
  name: 'Dana Whitfield',
};
export const miguel: Person = {
  objectId: 'd0000000-0000-4000-8000-000000000002',
  address: 'miguel@contoso.example',
  name: 'Miguel Santos',
};
export const daemon: Person = {
  objectId: 'd0000000-0000-4000-8000-000000000003',
  address: 'sync@contoso.example',
  name: 'Sync',
  application: true,
};

export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Record<string, unknown>;
  body: T;
  text: string;
}

export interface World {
  app: FastifyInstance;
  token(person: Person, claims?: Record<string, unknown>): Promise<string>;
  /** A request to the Web API as somebody. */
  as(person: Person): Client;
}

export interface Client {
  get<T = Record<string, unknown>>(path: string, headers?: Record<string, string>): Promise<Answer<T>>;
  send<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<T>>;
  /** POSTs a row. @returns its id */
  create(set: string, row: object): Promise<string>;
}

const { privateKey, publicKey } = await generateKeyPair('ES256');

/** A small organisation: Dana administers it, everybody else of the tenant is welcome. */
export async function createWorld(
  database: Database,
  { services, ...options }: Partial<AppOptions> & { services?: readonly string[] } = {},
): Promise<World> {
  const keys: JWTVerifyGetKey = () => Promise.resolve(publicKey);
  const app = await createApp({
    database,
    identity: { issuers: [{ issuer: ISSUER, audience: AUDIENCE, keys }], services },
    crm: { organisation: 'Contoso', firstSignIn: 'create', administrators: ['dana@contoso.example'] },
    // What went wrong inside is told; everything else is in the answers.
    logger: pino({ level: 'error' }),
    ...options,
  });
  const token = (person: Person, claims: Record<string, unknown> = {}) =>
    new SignJWT({
      oid: person.objectId,
      preferred_username: person.address,
      name: person.name,
      tid: TENANT,
      ...(person.application === true ? { idtyp: 'app' } : {}),
      // Tests turn the server's clock on by days.
      exp: Math.floor(Date.now() / 1000) + 365 * 24 * 3600,
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .sign(privateKey);
  return { app, token, as: (person) => clientOf(app, () => token(person)) };
}

function clientOf(app: FastifyInstance, token: () => Promise<string>): Client {
  const ask = async <T>(options: InjectOptions): Promise<Answer<T>> => {
    const answer = await app.inject({
      ...options,
      headers: { authorization: `Bearer ${await token()}`, ...options.headers },
    });
    const isJson = String(answer.headers['content-type']).startsWith('application/json');
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.body,
      body: (isJson ? JSON.parse(answer.body) : {}) as T,
    };
  };
  const send: Client['send'] = (method, path, body, headers = {}) =>
    ask({
      method,
      url: `/api/data/v9.2/${path}`,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return {
    get: (path, headers = {}) => ask({ method: 'GET', url: `/api/data/v9.2/${path}`, headers }),
    send,
    async create(set, row) {
      const answer = await send('POST', set, row);
      if (answer.status !== 204) throw new Error(`POST ${set}: ${answer.status} ${answer.text}`);
      return /\(([^)]+)\)$/.exec(String(answer.headers['odata-entityid']))![1]!;
    },
  };
}
