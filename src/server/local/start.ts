// The composition behind `npm start` and nowhere else: the product, and around it everything that a person would otherwise
// need a Microsoft 365 for.
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { RequestHandler } from '../http/server.ts';
import { createEvents } from './events.ts';
import { guarded, openDoor } from './doors.ts';
import type { Door } from './doors.ts';
import { createFaults } from './faults.ts';
import type { Fault } from './faults.ts';
import { createMisbehaviour } from './graph/misbehaviour.ts';
import type { Misbehaves } from './graph/misbehaviour.ts';
import { createSubscriptions } from './graph/subscriptions.ts';
import type { Subscriptions } from './graph/subscriptions.ts';
import { createHostServer } from './host-server.ts';
import { openIdentity, tenantId } from './identity.ts';
import { openMail } from './mailbox/open.ts';
import type { Store } from './mailbox/store.ts';
import { createOfficeServer, isLocalAddress } from './office-server.ts';
import { startProduct } from './product.ts';
import { postSample } from './sample/post-crm.ts';

export interface LocalOptions {
  /** 0: any free port. */
  port: number;
  hostPort: number;
  dataDir: string;
  databaseUrl?: string | undefined;
  /** File with the tables and columns that are added to the CRM. */
  customTables?: string | undefined;
  /** A folder of .eml files, a Maildir or an mbox file, shown instead of the sample mailbox and never written to. */
  mail?: string | undefined;
  log: (sentence: string) => void;
  now?: () => number;
}

export interface Local {
  addinUrl: string;
  hostUrl: string;
  /** A bearer token; for the local administrator when nobody is named. */
  token: (user?: string) => Promise<string>;
  fault: (name: Fault) => void;
  /** What the mailbox does wrong when the daemon asks, and whom it tells of changes. */
  graph: { misbehaves: Misbehaves; subscriptions: Subscriptions };
  /** When a mail path that was named has been read once. */
  mailRead: () => Promise<void>;
  stop: () => Promise<void>;
}

/** Undoes what was done, last first, each step once. */
const createUndo = () => {
  const steps: (() => unknown)[] = [];
  const run = async () => {
    for (let step = steps.pop(); step; step = steps.pop()) await step();
  };
  return { add: (step: () => unknown) => steps.push(step), run };
};

interface Doors {
  addin: Door;
  host: Door;
  /** Where the server's own worker goes to the CRM: the network of the person in front of it is not in between. */
  inside: Door;
}

const firstStart = async (store: Store, options: LocalOptions, now: number, seed: () => Promise<void>) => {
  const place = `sample crm ${createHash('sha256')
    .update(options.databaseUrl ?? '')
    .digest('hex')
    .slice(0, 16)}`;
  if (store.setting(place) !== undefined) return;
  options.log('First start of this data directory: filling the CRM and the mailbox with the sample.');
  await seed();
  store.setSetting(place, new Date(now).toISOString());
};

type Later = (undo: () => unknown) => void;

const compose = async (options: LocalOptions, doors: Doors, later: Later): Promise<Omit<Local, 'stop'>> => {
  const { log } = options;
  const now = options.now ?? Date.now;
  const events = createEvents();
  const faults = createFaults((fault) => events.emit({ name: 'faults', data: { fault } }));
  let notify: (address: string | null) => void = () => {};
  const changed = (address: string | null) => {
    events.emit({ name: 'mailbox', data: { address } });
    notify(address);
  };
  const identity = await openIdentity(options.dataDir, doors.addin.port);
  const mail = await openMail({ ...options, identity, now, changed: () => changed(null) });
  later(mail.close);
  const subscriptions = createSubscriptions({ ...mail, tenantId, now, fetch });
  later(subscriptions.close);
  const misbehaves = createMisbehaviour();
  notify = subscriptions.changed;
  if (options.mail !== undefined) log(`Showing the ${mail.kind} ${options.mail}. It is only read, never written to.`);
  const addresses = { addinUrl: doors.addin.url, hostPort: doors.host.port, crmUrl: doors.inside.url };
  const { app: product, startDaemon } = await startProduct({ ...options, ...addresses, identity, now }, later);
  identity.announce();
  await firstStart(mail.store, options, now(), () => postSample(product, identity, now()));
  const office = await createOfficeServer(identity);
  later(() => office.close());
  const addinUrl = doors.addin.url;
  const host = await createHostServer({
    ...mail,
    identity,
    events,
    faults,
    subscriptions,
    misbehaves,
    now,
    log,
    addinUrl,
    changed,
    lookedAt: mail.look,
  });
  later(() => host.close());
  // The doors close first, so that whatever is behind them has nothing left to answer.
  Object.values(doors).forEach((door: Door) => later(door.close));
  const addin: RequestHandler = (request, response) =>
    faults.handle(request, response, 'outside', () =>
      (isLocalAddress(request.url) ? office : product).routing(request, response),
    );
  doors.addin.serve(guarded(addin));
  doors.host.serve(guarded((request, response) => host.routing(request, response)));
  doors.inside.serve(
    guarded((request, response) =>
      faults.handle(request, response, 'inside', () => product.routing(request, response)),
    ),
  );
  startDaemon();
  const token = async (user?: string) => (await identity.token(user)).accessToken;
  return {
    addinUrl,
    hostUrl: doors.host.url,
    token,
    fault: faults.set,
    graph: { misbehaves, subscriptions },
    mailRead: mail.settled,
  };
};

/** @throws errors whose message is a sentence for people: a port or the data directory in use, a PATH that is no mail. */
export const startLocal = async (options: LocalOptions): Promise<Local> => {
  const undo = createUndo();
  try {
    mkdirSync(options.dataDir, { recursive: true });
    const addin = await openDoor('PORT', options.port);
    undo.add(addin.close);
    const host = await openDoor('HOST_PORT', options.hostPort);
    undo.add(host.close);
    const inside = await openDoor('', 0);
    undo.add(inside.close);
    const local = await compose(options, { addin, host, inside }, undo.add);
    return { ...local, stop: undo.run };
  } catch (error) {
    await undo.run();
    throw error;
  }
};
