// A Graph of our own over a mailbox on disk, as the local stack has it, with whatever it may do wrong; and mailboxes in it that a
// test may do everything with.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { createGraphSource } from '../../../src/server/mailbox/graph/graph-source.ts';
import { trackedCategory } from '../../../src/server/mailbox/graph/message.ts';
import { createMisbehaviour, goodBehaviour } from '../../../src/server/local/graph/misbehaviour.ts';
import { graphRoutes } from '../../../src/server/local/graph/routes.ts';
import { createSubscriptions } from '../../../src/server/local/graph/subscriptions.ts';
import { openIdentity, tenantId } from '../../../src/server/local/identity.ts';
import { prepareDelivery } from '../../../src/server/local/mailbox/deliver.ts';
import { openMail } from '../../../src/server/local/mailbox/open.ts';
import type { TestMailbox } from '../../contracts/mail-source.ts';

export type GraphWorld = Awaited<ReturnType<typeof openGraphWorld>>;

/** What a source asked for. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
  readonly init: RequestInit;
}

/** `attempts`: milliseconds after which a notification that nobody took is sent again. */
export async function openGraphWorld(attempts: readonly number[] = []) {
  const dataDir = mkdtempSync(join(tmpdir(), 'alongside-graph-source-'));
  const clock = { ahead: 0 };
  const now = () => Date.now() + clock.ahead;
  const identity = await openIdentity(dataDir, 0);
  const mail = await openMail({ dataDir, identity, now, log: () => {}, changed: () => {} });
  const misbehaves = createMisbehaviour(20_261_121);
  const subscriptions = createSubscriptions({ ...mail, tenantId, now, fetch, attempts });
  const app = Fastify({ bodyLimit: 100 * 1024 * 1024, routerOptions: { maxParamLength: 1000 } });
  const parts = {
    ...mail,
    identity,
    misbehaves,
    subscriptions,
    now,
    changed: subscriptions.changed,
    lookedAt: () => {},
  };
  await app.register(graphRoutes(parts), { prefix: '/graph/v1.0' });
  const baseUrl = `${await app.listen({ port: 0, host: '127.0.0.1' })}/graph/v1.0`;
  const { accessToken } = await identity.token(undefined, 'application');
  const token = async () => accessToken;
  let people = 0;

  return {
    ...mail,
    baseUrl,
    identity,
    misbehaves,
    subscriptions,
    now,
    clock,
    token,
    accessToken,
    /** As it was in the beginning, but for what lies in the mailboxes. */
    behave: () => misbehaves.set(goodBehaviour),
    /** A mailbox that nobody used before. */
    newUser: () => `ada${String((people += 1))}@contoso.example`,
    close: async () => {
      subscriptions.close();
      await app.close();
      await mail.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

export function openGraphMailbox(world: GraphWorld, user = world.newUser(), pageSize = 10) {
  const { store, mailboxes } = world;
  const asked: Asked[] = [];
  let [atOnce, most] = [0, 0];

  /** The network, and a place to stand in it. */
  const network: { before: (asked: Asked) => Promise<Response | null> } = { before: async () => null };
  const recorded: typeof fetch = async (input, init) => {
    const request = {
      method: init?.method ?? 'GET',
      url: new URL(input instanceof Request ? input.url : input),
      headers: new Headers(init?.headers),
      body: typeof init?.body === 'string' ? init.body : '',
      init: init ?? {},
    };
    asked.push(request);
    most = Math.max(most, (atOnce += 1));
    try {
      return (await network.before(request)) ?? (await fetch(input, init));
    } finally {
      atOnce -= 1;
    }
  };

  const source = (size = pageSize) => createGraphSource({ ...world, user, fetch: recorded, pageSize: size });
  const folderKey = (name: string) =>
    mailboxes.folders.list(user).find((each) => each.key === name || each.name === name)!.key;
  const find = (messageId: string, folder: string) =>
    mailboxes.list(user, { folder: folderKey(folder), order: 'receiveddatetime', skip: 0, top: 1, messageId })[0]!;
  const changed = () => world.subscriptions.changed(user);

  const mailbox = {
    user,
    pageSize,
    asked,
    network,
    mostAtOnce: () => most,
    source,
    // Each question looks at old mail as well: nobody waits in a test.
    open: async () => createGraphSource({ ...world, user, fetch: recorded, pageSize, lookEvery: 0 }),
    createFolder: async (name: string) => void mailboxes.folders.create(user, name, null),
    deliver: async (folder: string, raw: Uint8Array, receivedAt = new Date(world.now())) => {
      const common = { owner: user, folder: folderKey(folder), origin: 'own' as const, isRead: false };
      (await prepareDelivery(store, { ...common, raw: Buffer.from(raw), received: receivedAt.getTime() }))();
      changed();
    },
    /** The id by which Graph knows a mail. */
    idOf: (messageId: string, folder = 'inbox') => find(messageId, folder).id,
    categories: (messageId: string, folder = 'inbox') => find(messageId, folder).categories,
    setCategories: (messageId: string, categories: string[], folder = 'inbox') => {
      mailboxes.mark(user, find(messageId, folder).key, { categories });
      changed();
    },
    move: async (messageId: string, from: string, to: string) => {
      mailboxes.move(user, find(messageId, from).key, folderKey(to));
      changed();
    },
    remove: async (messageId: string, folder: string) => {
      store.run('delete from mail where key = ?', find(messageId, folder).key);
      changed();
    },
    mark: async (messageId: string, folder: string, tracked: boolean) => {
      const others = find(messageId, folder).categories.filter((each) => each !== trackedCategory);
      mailboxes.mark(user, find(messageId, folder).key, {
        categories: tracked ? [...others, trackedCategory] : others,
      });
      changed();
    },
    isRead: async (messageId: string, folder: string) => find(messageId, folder).isRead,
    close: async () => {},
  };
  return mailbox satisfies TestMailbox & Record<string, unknown>;
}

export type GraphMailbox = ReturnType<typeof openGraphMailbox>;
