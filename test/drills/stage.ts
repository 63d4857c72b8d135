import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttp } from '../../src/api/http.ts';
import { createDataverse } from '../../src/api/dataverse.ts';
import type { RegardingRef } from '../../src/model/records.ts';
import { uuidV7 } from '../../src/model/uuid.ts';
import { dana, miguel, type Person } from '../server/world.ts';
import { hasPostgres } from '../server/postgres.setup.js';
import { createCluster, type Cluster } from './cluster.ts';
import { mayMount, mountDisk, type Disk } from './disk.ts';
import { startSignIn, type SignIn } from './identity.ts';
import { createProcess, type ServerProcess } from './process.ts';
import { openRecords, type Records, type Storage } from './records.ts';

/** The programs of one drill, at work: who posts where, who may be killed, and what the databases say. */
export interface Stage {
  /** Where clients post. */
  readonly web: ServerProcess;
  readonly processes: readonly ServerProcess[];
  /** Undefined on SQLite. */
  readonly cluster: Cluster | undefined;
  /** Where everything is stored, if the cast asks for a small one. */
  readonly disk: Disk | undefined;
  readonly ledger: Records;
  readonly crm: Records;
  readonly contacts: readonly RegardingRef[];
  readonly people: readonly Person[];
  /** For what a drill stores itself. */
  readonly folder: string;
  token(person: Person): Promise<string>;
  /** One more, over the same database. */
  start(role: 'web' | 'daemon'): Promise<ServerProcess>;
  close(): Promise<void>;
}

/** Which programs there are: one with everything; web and daemons on one PostgreSQL; one whose CRM is another server. */
export type Cast = (
  { readonly kind: 'one' } | { readonly kind: 'apart'; readonly daemons: number } | { readonly kind: 'elsewhere' }
) & {
  /** Megabytes of a disk of its own. */
  readonly disk?: number;
  /** How long a statement may take. */
  readonly statementSeconds?: number;
};

/** Why this machine has no stage for a cast; undefined when it has one. */
export function missingFor(cast: Cast): string | undefined {
  if (cast.kind === 'apart' && !hasPostgres()) return 'PostgreSQL is not installed';
  return cast.disk !== undefined && !mayMount ? 'only root may mount a small disk' : undefined;
}

const people = [dana, miguel];
const common = { FIRST_SIGN_IN: 'create', ADMINISTRATORS: dana.address };

export async function openStage(cast: Cast): Promise<Stage> {
  const signIn = await startSignIn();
  const disk = cast.disk === undefined ? undefined : mountDisk(cast.disk);
  const parent = disk?.path ?? tmpdir();
  const folder = mkdtempSync(join(parent, 'alongside-drill-'));
  const opened: ServerProcess[] = [];
  let cluster: Cluster | undefined;
  const close = async () => {
    for (const process of opened) await process.kill();
    await cluster?.remove();
    await signIn.close();
    rmSync(folder, { recursive: true, force: true });
    disk?.remove();
  };
  const start = async (role: 'web' | 'daemon' | 'all', environment: Record<string, string>) => {
    const process = await createProcess(role, { ...signIn.environment, ...common, ...limits, ...environment });
    opened.push(process);
    await process.start();
    return process;
  };
  const limits = cast.statementSeconds === undefined ? {} : { STATEMENT_SECONDS: String(cast.statementSeconds) };
  const onlyOne = async () => {
    throw new Error('One process owns the data directory of an SQLite.');
  };
  const base = { processes: opened, cluster, disk, folder, start: onlyOne, close };
  try {
    if (cast.kind === 'apart') {
      cluster = createCluster(parent);
      if (cluster === undefined) throw new Error('PostgreSQL is not installed.');
      const url = await cluster.newDatabase();
      const web = await start('web', { DATABASE_URL: url });
      for (let daemon = 0; daemon < cast.daemons; daemon += 1) await start('daemon', { DATABASE_URL: url });
      const more = (role: 'web' | 'daemon') => start(role, { DATABASE_URL: url });
      return { ...(await furnish(web, { url }, { url }, signIn, web.url)), ...base, cluster, start: more };
    }
    const own = { folder: join(folder, 'own') };
    if (cast.kind === 'one') {
      const web = await start('all', { DATA_DIR: own.folder });
      return { ...(await furnish(web, own, own, signIn, web.url)), ...base };
    }
    const theirs = { folder: join(folder, 'crm') };
    const crm = await start('web', { DATA_DIR: theirs.folder });
    const web = await start('all', { DATA_DIR: own.folder, CRM_URL: crm.url });
    return { ...(await furnish(web, own, theirs, signIn, crm.url)), ...base };
  } catch (error) {
    await close();
    throw error;
  }
}

/** People sign in once, so that the worker may act for them; there are some contacts; effects are written down. */
async function furnish(web: ServerProcess, ledgerIn: Storage, crmIn: Storage, signIn: SignIn, crmUrl: string) {
  const crmOf = (person: Person) =>
    createDataverse(
      createHttp({
        fetch,
        baseUrl: `${crmUrl}/api/data/v9.2/`,
        token: () => signIn.token(person),
        timeout: 20_000,
      }),
    );
  for (const person of people) await crmOf(person).retrieve('WhoAmI()');
  const contacts: RegardingRef[] = [];
  for (const name of ['Kim', 'Lee', 'Mia', 'Noor', 'Olu']) {
    const id = uuidV7(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
    await crmOf(dana).create(`contacts(${id})`, { lastname: name });
    contacts.push({ table: 'contact', id, name });
  }
  const [ledger, crm] = [openRecords(ledgerIn), openRecords(crmIn)];
  await crm.watchEffects();
  return { web, ledger, crm, contacts, people, token: (person: Person) => signIn.token(person) };
}
