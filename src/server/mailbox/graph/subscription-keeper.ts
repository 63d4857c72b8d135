import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { isObject } from '../../../model/is-object.ts';
import { SourceError, type SourceErrorCode } from '../source.ts';
import { createGraphDoor, type GraphDoor } from './graph-door.ts';
import { toSourceError } from './graph-error.ts';
import { immutableIds } from './immutable-ids.ts';

/** A mailbox that notifications are wanted for: our id of it, and its address or object id in Graph. */
export interface NotifiedMailbox {
  readonly id: string;
  readonly user: string;
}

export type Listening =
  | { readonly state: 'listening'; readonly until: Date }
  /** Mail is found by polling alone; tried again later. */
  | { readonly state: 'deaf'; readonly code: SourceErrorCode; readonly retryAt: Date };

export interface SubscriptionKeeperOptions {
  readonly baseUrl: string;
  readonly token: () => Promise<string>;
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Where Graph reaches `/sync/v1/mailboxes/notifications` of this installation. */
  readonly notificationUrl: string;
  /** Known to this installation alone; all its processes have the same. */
  readonly secret: Uint8Array;
}

const minute = 60_000;
/** The shortest of the limits that have been documented for messages: under three days. */
const life = 4230 * minute;
const longestBackoff = 60 * minute;
/** How long a list of our subscriptions is believed. */
const listedFor = minute;
const mostPages = 1_000;

interface Kept {
  readonly id: string;
  readonly expires: number;
}

interface Entry {
  readonly kept: Kept | null;
  /** Nothing is to be done before. */
  readonly due: number;
  readonly failures: number;
  readonly code: SourceErrorCode | null;
}

/**
 * Change notifications are a reason to look sooner and nothing else, so losing one, or a whole subscription, costs minutes and
 * no mail. Nothing is stored for them: after a restart the subscriptions of this installation are found again by asking Graph
 * for them.
 */
export function createSubscriptionKeeper(options: SubscriptionKeeperOptions) {
  const { now, secret } = options;
  const door = createGraphDoor({ ...options, mailbox: 'subscriptions' });
  const entries = new Map<string, Entry>();
  const underWay = new Map<string, Promise<Entry>>();
  const states = createClientStates(secret);
  // Part of the address, so that subscriptions made with another secret are not taken for ours: their notifications would be refused.
  const notificationUrl = withKey(options.notificationUrl, states.fingerprint);
  const list = createList(door, notificationUrl, now);

  const expiry = () => ({ expirationDateTime: new Date(now() + life).toISOString() });

  const create = async ({ id, user }: NotifiedMailbox): Promise<Kept> => {
    const body = await door.json('/subscriptions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: immutableIds },
      body: JSON.stringify({
        // A mail that is read or marked is worth no poll of its own.
        changeType: 'created',
        notificationUrl,
        lifecycleNotificationUrl: notificationUrl,
        resource: resourceOf(user),
        clientState: states.write(id),
        ...expiry(),
      }),
    });
    return readKept(body);
  };

  /** Null when Graph does not know it any more. */
  const renew = async (id: string): Promise<Kept | null> => {
    const answer = await door.json(
      `/subscriptions/${encodeURIComponent(id)}`,
      { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify(expiry()) },
      ({ status }) => status === 404,
    );
    return answer === null ? null : readKept(answer);
  };

  const settle = async (mailbox: NotifiedMailbox, before: Entry | undefined): Promise<Entry> => {
    try {
      const known = before?.kept ?? (before === undefined ? await list.find(mailbox.user) : null);
      const isAlive = known !== null && known.expires > now();
      const renewed = known !== null && isAlive ? await keepOrRenew(known, mailbox.id, before !== undefined) : null;
      const kept = renewed ?? (await create(mailbox));
      return { kept, due: renewalOf(kept, mailbox.id), failures: 0, code: null };
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      const failures = (before?.failures ?? 0) + 1;
      // The first failure may be one of a start, when not everything is up yet: the next poll tries again.
      const backoff = failures === 1 ? 0 : Math.min(5 * minute * 2 ** (failures - 2), longestBackoff);
      const wait = Math.max(backoff, error.retryAfter ?? 0);
      return { kept: before?.kept ?? null, due: now() + wait, failures, code: error.code };
    }
  };

  /** One that was found by its list is renewed only when its time has come. */
  const keepOrRenew = (known: Kept, mailboxId: string, isDue: boolean) =>
    isDue || renewalOf(known, mailboxId) <= now() ? renew(known.id) : Promise.resolve(known);

  const settleOnce = (mailbox: NotifiedMailbox): Promise<Entry> => {
    const running = underWay.get(mailbox.id);
    if (running) return running;
    const work = settle(mailbox, entries.get(mailbox.id))
      .then((entry) => {
        entries.set(mailbox.id, entry);
        return entry;
      })
      .finally(() => underWay.delete(mailbox.id));
    underWay.set(mailbox.id, work);
    return work;
  };

  const say = ({ kept, due, code }: Entry): Listening =>
    kept !== null && kept.expires > now()
      ? { state: 'listening', until: new Date(kept.expires) }
      : { state: 'deaf', code: code ?? 'unavailable', retryAt: new Date(due) };

  return {
    clientStates: states,
    notificationUrl,

    /**
     * To be called with every poll, and not to be waited for: makes the mailbox's subscription, renews it in time, and mostly
     * does nothing. All mailboxes share four places, so thousands of new ones take their time.
     */
    keep: async (mailbox: NotifiedMailbox): Promise<Listening> => {
      const entry = entries.get(mailbox.id);
      return say(entry !== undefined && entry.due > now() ? entry : await settleOnce(mailbox));
    },

    /** Graph wants to hear again that we may: renewing says so too. */
    reauthorize: async (mailbox: NotifiedMailbox, subscriptionId: string): Promise<Listening> => {
      // Its end is not known here; that Graph asks says that it lives.
      const kept = entries.get(mailbox.id)?.kept ?? { id: subscriptionId, expires: now() + minute };
      entries.set(mailbox.id, { kept, due: now(), failures: 0, code: null });
      return say(await settleOnce(mailbox));
    },

    /** Graph took the subscription away: another is made. One that is not the current one any more is no loss. */
    replace: async (mailbox: NotifiedMailbox, subscriptionId: string): Promise<Listening> => {
      const entry = entries.get(mailbox.id);
      if (entry?.kept && entry.kept.id !== subscriptionId) return say(entry);
      entries.set(mailbox.id, { kept: null, due: now(), failures: 0, code: null });
      return say(await settleOnce(mailbox));
    },

    /** Nobody wants to hear of this mailbox any more. */
    drop: async (mailbox: NotifiedMailbox): Promise<void> => {
      const kept = entries.get(mailbox.id)?.kept ?? (await list.find(mailbox.user));
      entries.delete(mailbox.id);
      if (kept === null) return;
      const answer = await door.ask(`/subscriptions/${encodeURIComponent(kept.id)}`, { method: 'DELETE' });
      if ('refusal' in answer && answer.refusal.status !== 404) throw toSourceError(answer.refusal);
    },

    close: () => door.close(),
  };
}

export type SubscriptionKeeper = ReturnType<typeof createSubscriptionKeeper>;

const resourceOf = (user: string) => `users/${encodeURIComponent(user)}/messages`;

/** Between half and three quarters of its life, each mailbox at a time of its own: a restart is not followed by a storm. */
function renewalOf({ expires }: Kept, mailboxId: string): number {
  const share = createHash('sha256').update(mailboxId).digest().readUInt32BE(0) / 2 ** 32;
  return expires - life * (0.25 + 0.25 * share);
}

function readKept(body: Record<string, unknown> | null): Kept {
  const expires =
    typeof body?.['expirationDateTime'] === 'string' ? Date.parse(body['expirationDateTime']) : Number.NaN;
  if (typeof body?.['id'] !== 'string' || Number.isNaN(expires))
    throw new SourceError('unavailable', 'Graph says no subscription.');
  return { id: body['id'], expires };
}

function withKey(address: string, fingerprint: string): string {
  const url = new URL(address);
  url.searchParams.set('key', fingerprint);
  return url.href;
}

/** The subscriptions of this installation, by resource; asked for at most once a minute. */
function createList(door: GraphDoor, notificationUrl: string, now: () => number) {
  let listed: { readonly at: number; readonly found: Promise<ReadonlyMap<string, Kept>> } | null = null;

  const read = async () => {
    const found = new Map<string, Kept>();
    let next: string | URL | null = '/subscriptions';
    for (let pages = 0; next !== null && pages < mostPages; pages += 1) {
      const page: Record<string, unknown> | null = await door.json(next);
      for (const each of Array.isArray(page?.['value']) ? (page['value'] as unknown[]) : []) {
        if (!isObject(each) || each['notificationUrl'] !== notificationUrl) continue;
        if (typeof each['resource'] === 'string') found.set(each['resource'].replace(/^\//, ''), readKept(each));
      }
      next = door.linkOf(page?.['@odata.nextLink']);
    }
    return found;
  };

  const find = async (user: string): Promise<Kept | null> => {
    if (listed === null || now() - listed.at > listedFor) {
      const found = read();
      listed = { at: now(), found };
      found.catch(() => (listed = null));
    }
    return (await listed.found).get(resourceOf(user)) ?? null;
  };

  return { find };
}

/** What a notification must carry to be ours: our id of the mailbox and a mark that only this installation can make. */
function createClientStates(secret: Uint8Array) {
  const mac = (text: string) => createHmac('sha256', secret).update(`graph notification ${text}`).digest('base64url');
  return {
    fingerprint: mac('address').slice(0, 8),
    write: (mailboxId: string) => `${mailboxId}.${mac(mailboxId)}`,
    /** The mailbox's id; null when we did not write it. */
    read: (clientState: unknown): string | null => {
      if (typeof clientState !== 'string' || clientState.length > 128) return null;
      const cut = clientState.lastIndexOf('.');
      const id = clientState.slice(0, Math.max(cut, 0));
      const [given, wanted] = [Buffer.from(clientState.slice(cut + 1)), Buffer.from(mac(id))];
      return given.length === wanted.length && timingSafeEqual(given, wanted) ? id : null;
    },
  };
}
