// The whole way of a mail: a scripted mailbox, the daemon, the ledger and its worker, and the real built-in CRM.
import { randomBytes, webcrypto } from 'node:crypto';
import { expect } from '@jest/globals';
import { createDataverse, type Dataverse } from '../../../src/api/dataverse.ts';
import { createHttp } from '../../../src/api/http.ts';
import { uuidV7 } from '../../../src/model/uuid.ts';
import type { Database } from '../../../src/server/db/open.ts';
import { claimMailboxes, type MailboxClaim } from '../../../src/server/mailbox/claim.ts';
import { createCrmDoor, type CrmDoor } from '../../../src/server/mailbox/crm-door.ts';
import { complete } from '../../../src/server/mailbox/complete.ts';
import { settleEnds } from '../../../src/server/mailbox/ends.ts';
import { createMailReader, type MailReader } from '../../../src/server/mailbox/mime/mail-reader.ts';
import { createOutgoing, type Outgoing } from '../../../src/server/mailbox/outgoing/outgoing.ts';
import type { FolderRule } from '../../../src/server/mailbox/rules.ts';
import { runMailbox, type RunServices } from '../../../src/server/mailbox/run.ts';
import type { OpenItem } from '../../../src/server/mailbox/settle-items.ts';
import { readOwnRules } from '../../../src/server/mailbox/rule-rows.ts';
import { createAskCrm } from '../../../src/server/mailbox/rules/ask-crm.ts';
import { readStoredSettings, type MailboxSettings } from '../../../src/server/mailbox/settings.ts';
import { openMailboxStore, type MailboxStore } from '../../../src/server/mailbox/store.ts';
import type { MailboxTables } from '../../../src/server/mailbox/tables.ts';
import { processClock } from '../../../src/server/queue/clock.ts';
import { createLedger, type Ledger } from '../../../src/server/queue/ledger.ts';
import { startWorker, type QueueOptions } from '../../../src/server/queue/start.ts';
import { fetchInto } from '../fetch-into.ts';
import { createWorld, daemon, dana, miguel, type Person, type World } from '../world.ts';
import { ScriptedMailbox } from './scripted-source.ts';

export const tenantId = 'contoso';
const digest = (bytes: Uint8Array<ArrayBuffer>) => webcrypto.subtle.digest('SHA-256', bytes);

export interface MailboxWorld {
  readonly world: World;
  /** Whether it answers the daemon's questions. */
  readonly crm: { isAway: boolean };
  /** The same, as the daemon asks it. */
  readonly dataverse: Dataverse;
  readonly door: CrmDoor;
  readonly store: MailboxStore;
  readonly ledger: Ledger;
  readonly source: ScriptedMailbox;
  readonly services: RunServices;
  readonly outgoing: Outgoing;
  readonly rules: FolderRule[];
  /** Reports that reached nobody. */
  readonly errors: unknown[];
  now(): number;
  later(milliseconds: number): void;
  /** Enters a mailbox that is due. @returns its id */
  mailbox(of?: Person, settings?: Partial<MailboxSettings>, source?: ScriptedMailbox): Promise<string>;
  /** Reads every mailbox that is due, until none is. @returns how many runs that took */
  poll(): Promise<number>;
  /** Until the ledger has carried out what it was given, and the items know of it. */
  settled(): Promise<void>;
  account(id: string): Promise<MailboxTables['mailbox_account']>;
  items(id: string): Promise<OpenItem[]>;
  alerts(): Promise<string[]>;
  emails(): Promise<Record<string, unknown>[]>;
}

const undo: (() => unknown)[] = [];
/** To be called after every test. */
export async function closeWorlds(): Promise<void> {
  for (const close of undo.splice(0).reverse()) await close();
}

/** @param prepare registers further routes; called before the first request */
export async function createMailboxWorld(
  database: Database,
  prepare: (at: MailboxWorld) => void = () => undefined,
): Promise<MailboxWorld> {
  let offset = 0;
  const now = () => Date.now() + offset;
  const world = await createWorld(database, { services: [daemon.objectId] });
  const errors: unknown[] = [];
  const clock = processClock(now);
  const ledger = createLedger(database, clock);
  const store = openMailboxStore(database, clock);
  const queue: QueueOptions = {
    database,
    crm: { url: 'http://localhost', token: () => world.token(daemon), fetch: fetchInto(world), together: true },
    tenantId,
    now,
    random: Math.random,
    report: (error) => void errors.push(error),
  };
  const crm = { isAway: false };
  const http = createHttp({
    fetch: async (...given) => {
      if (crm.isAway) throw new TypeError('fetch failed');
      return queue.crm.fetch(...given);
    },
    baseUrl: 'http://localhost/api/data/v9.2/',
    token: () => world.token(daemon),
  });
  const worker = startWorker(ledger, queue);
  const reader: MailReader = createMailReader();
  undo.push(
    () => reader.close(),
    () => worker.stop(),
  );
  const sources = new Map<string, ScriptedMailbox>();
  const source = new ScriptedMailbox();
  const rules: FolderRule[] = [];
  const ask = createAskCrm({ http, now, report: (error) => void errors.push(error) });
  const dataverse = createDataverse(http);
  const outgoing = createOutgoing({
    ...{ store, crm: dataverse, now },
    report: (error) => void errors.push(error),
  });
  const door = createCrmDoor({ ask, readRules: async ({ id }) => [...rules, ...(await readOwnRules(store, id))] }, now);
  const services: RunServices = {
    store,
    ledger,
    reader,
    tenantId,
    digest,
    newId: () => uuidV7(now(), randomBytes(10)),
    now,
    random: () => 1,
    report: (error) => void errors.push(error),
    settingsOf: ({ settings, kind }) => readStoredSettings(JSON.parse(settings), kind),
    ...door,
    oursOf: async () => new Set(['contoso.example']),
    open: async ({ id }: MailboxClaim) => sources.get(id) ?? source,
    drop: async ({ id }) => (sources.get(id) ?? source).close(),
    send: outgoing.send,
  };
  const run = async (claim: MailboxClaim) => {
    const completion = await runMailbox(services, claim);
    if (completion !== null) await store.transaction((scope) => complete(scope, [completion]));
  };
  const at: MailboxWorld = {
    ...{ crm, dataverse, door, world, store, ledger, source, services, outgoing, rules, errors, now },
    later: (milliseconds) => void (offset += milliseconds),
    async mailbox(of = dana, settings = {}, own = source) {
      const id = uuidV7(now(), randomBytes(10));
      sources.set(id, own);
      await store.tables
        .insertInto('mailbox_account')
        .values({
          ...{ id, address: of.address, address_folded: of.address, owner: of.objectId, kind: 'user' },
          ...{
            source: '{"kind":"graph"}',
            settings: JSON.stringify(settings),
            state: 'untested',
            approved: 1,
            enabled: 1,
          },
          ...{ rate: 0, period: 300_000, next_at: now(), generation: 0, failures: 0 },
          ...{ process_from: now() - 3_600_000, created_at: now(), changed_at: now() },
        })
        .execute();
      return id;
    },
    async poll() {
      for (let runs = 0; ; runs += 1) {
        const [claim] = await claimMailboxes(store, 1);
        if (claim === undefined) return runs;
        await run(claim);
      }
    },
    async settled() {
      await until(async () => {
        await settleEnds(store);
        const { rows } = await openHanded(store);
        return rows === 0;
      });
    },
    account: (id) =>
      store.tables.selectFrom('mailbox_account').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    items: (id) =>
      store.tables.selectFrom('mailbox_item').selectAll().where('mailbox_id', '=', id).orderBy('seq').execute(),
    async alerts() {
      const rows = await store.tables.selectFrom('mailbox_alert').selectAll().where('cleared_at', 'is', null).execute();
      return rows.map(({ level, scope, code }) => `${level} ${scope} ${code}`).sort();
    },
    async emails() {
      const { body, status } = await world
        .as(dana)
        .get<{ value: Record<string, unknown>[] }>(
          'emails?$select=subject,messageid,directioncode,_regardingobjectid_value,_acceptingentityid_value&$orderby=createdon',
        );
      expect(status).toBe(200);
      return body.value;
    },
  };
  prepare(at);
  for (const person of [dana, miguel]) await world.as(person).get('WhoAmI');
  return at;
}

async function openHanded({ tables }: MailboxStore): Promise<{ rows: number }> {
  const rows = await tables.selectFrom('mailbox_item').select('seq').where('state', '=', 'handed').execute();
  return { rows: rows.length };
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('It never came to that.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
