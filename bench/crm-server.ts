// The CRM in a process of its own, for bench/crm.ts, which pins it to a core: answers its parent's questions over IPC.
import { generateKeyPair, SignJWT, type JWTVerifyGetKey } from 'jose';
import { sql } from 'kysely';
import { createApp } from '../src/server/app.ts';
import { openDatabase } from '../src/server/db/open.ts';

export interface Ready {
  url: string;
  /** Mail address -> bearer token. */
  tokens: Record<string, string>;
}
/** What the process has used so far: microseconds of processor time, bytes of resident memory. */
export interface Usage {
  cpu: number;
  rss: number;
}

const issuer = 'http://localhost/bench';
const audience = 'api://bench';
const people = ['admin', 'seller'] as const;

const { privateKey, publicKey } = await generateKeyPair('ES256');
const keys: JWTVerifyGetKey = () => Promise.resolve(publicKey);
const location = process.env['DATABASE_URL'];
const database = await openDatabase(
  location === undefined ? { file: process.env['DATABASE_FILE'] ?? ':memory:' } : { url: location },
);
const app = await createApp({
  database,
  identity: { issuers: [{ issuer, audience, keys }] },
  crm: { organisation: 'Bench', firstSignIn: 'create', administrators: ['admin@bench.example'] },
  // At work, but far away: it is the server that is measured, not its patience.
  limits: { requests: 1e9, executionSeconds: 1e6, concurrent: 1_000 },
});
// The seller reads no further than the own business unit, so that every read has to ask whose a row is.
await sql`update roleprivileges set privilegedepthmask = 2 where privilegedepthmask = 8
  and roleid in (select roleid from role where name = 'Salesperson')`.execute(database.db);
const url = await app.listen({ host: '127.0.0.1', port: 0 });

const tokenOf = (name: string, index: number) =>
  new SignJWT({ oid: `d0000000-0000-4000-8000-00000000000${index}`, preferred_username: `${name}@bench.example`, name })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setExpirationTime('12h')
    .sign(privateKey);
const tokens = Object.fromEntries(
  await Promise.all(people.map(async (name, index) => [name, await tokenOf(name, index)] as const)),
);

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: user + system, rss: process.memoryUsage().rss } satisfies Usage);
});
process.once('disconnect', () => process.exit());
process.send?.({ url, tokens } satisfies Ready);
