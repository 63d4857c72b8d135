// The composition behind `npm start` and nowhere else: the product, and around it everything that a person would otherwise
// need a Microsoft 365 for.
import { mkdirSync } from 'node:fs';
import { createEvents } from './events.ts';
import { guarded, openDoor } from './doors.ts';
import type { Door } from './doors.ts';
import { createFaults } from './faults.ts';
import type { Fault } from './faults.ts';
import { createHostServer } from './host-server.ts';
import { openIdentity } from './identity.ts';
import { openMail } from './mailbox/open.ts';
import { createOfficeServer } from './office-server.ts';

export interface LocalOptions {
  /** 0: any free port. */
  port: number;
  hostPort: number;
  dataDir: string;
  databaseUrl?: string | undefined;
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

const compose = async (
  options: LocalOptions,
  doors: { addin: Door; host: Door },
  later: (undo: () => unknown) => void,
): Promise<Omit<Local, 'stop'>> => {
  const { log } = options;
  const now = options.now ?? Date.now;
  const events = createEvents();
  const faults = createFaults((fault) => events.emit({ name: 'faults', data: { fault } }));
  const identity = await openIdentity(options.dataDir, doors.addin.port);
  const everybody = () => events.emit({ name: 'mailbox', data: { address: null } });
  const mail = await openMail({ ...options, identity, now, changed: everybody });
  later(mail.close);
  const office = await createOfficeServer(identity);
  later(() => office.close());
  const host = await createHostServer({
    ...mail,
    identity,
    events,
    faults,
    log,
    addinUrl: doors.addin.url,
    changed: (address) => events.emit({ name: 'mailbox', data: { address } }),
    lookedAt: mail.look,
  });
  later(() => host.close());
  doors.addin.serve(
    guarded((request, response) => faults.handle(request, response, () => office.routing(request, response))),
  );
  doors.host.serve(guarded((request, response) => host.routing(request, response)));
  return {
    addinUrl: doors.addin.url,
    hostUrl: doors.host.url,
    token: async (user) => (await identity.token(user)).accessToken,
    fault: faults.set,
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
    const local = await compose(options, { addin, host }, undo.add);
    return { ...local, stop: undo.run };
  } catch (error) {
    await undo.run();
    throw error;
  }
};
