// Change notifications as Graph sends them: a POST that is repeated until somebody answers 2xx, for up to four hours.
// https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
import { randomUUID } from 'node:crypto';
import type { ChangeLog, ChangeRow } from '../mailbox/change-log.ts';
import type { Mailboxes } from '../mailbox/mailboxes.ts';
import { idOf } from '../mailbox/names.ts';

export type LifecycleEvent = 'reauthorizationRequired' | 'subscriptionRemoved' | 'missed';
export type ChangeType = 'created' | 'updated' | 'deleted';

export interface Subscription {
  id: string;
  owner: string;
  /** Null: the whole mailbox. */
  folder: string | null;
  resource: string;
  changeTypes: ReadonlySet<ChangeType>;
  notificationUrl: string;
  lifecycleNotificationUrl: string | null;
  clientState: string | null;
  /** Epoch milliseconds. */
  expires: number;
  /** Changes up to here have been told. */
  told: number;
}

export interface SubscriptionParts {
  mailboxes: Pick<Mailboxes, 'find'>;
  changeLog: ChangeLog;
  tenantId: string;
  now: () => number;
  fetch: typeof fetch;
  /** Milliseconds between attempts; after the last the notification is dropped. */
  attempts?: readonly number[];
}

const minute = 60_000;
const defaultAttempts = [10_000, minute, 5 * minute, 15 * minute, 30 * minute, 60 * minute, 120 * minute];
const answerWithin = 3000;
const validateWithin = 10_000;
const mostChanges = 1000;

export const createSubscriptions = (parts: SubscriptionParts) => {
  const { mailboxes, changeLog, now } = parts;
  const all = new Map<string, Subscription>();
  const timers = new Set<NodeJS.Timeout>();
  const underWay = new Set<Promise<void>>();

  /** Whether the address echoes what it is sent, as plain text, within ten seconds. */
  const validate = async (url: string): Promise<boolean> => {
    const token = `Validation: Testing client application reachability for subscription. Id: ${randomUUID()}`;
    const address = new URL(url);
    address.searchParams.set('validationToken', token);
    const response = await parts
      .fetch(address, {
        method: 'POST',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        redirect: 'error',
        signal: AbortSignal.timeout(validateWithin),
      })
      .catch(() => null);
    const type = response?.headers.get('content-type') ?? '';
    const body = await response?.text().catch(() => '');
    return response?.status === 200 && /^text\/plain\b/i.test(type) && body === token;
  };

  const post = async (url: string, value: readonly object[]): Promise<boolean> => {
    const response = await parts
      .fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ value }),
        redirect: 'error',
        signal: AbortSignal.timeout(answerWithin),
      })
      .catch(() => null);
    await response?.arrayBuffer().catch(() => null);
    return response?.ok ?? false;
  };

  const deliver = async (url: string, value: readonly object[], attempt = 0): Promise<void> => {
    const wait = (parts.attempts ?? defaultAttempts)[attempt];
    if ((await post(url, value)) || wait === undefined) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      follow(deliver(url, value, attempt + 1));
    }, wait);
    timers.add(timer);
    timer.unref();
  };
  const follow = (work: Promise<void>) => {
    const tracked = work.finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  };

  const about = (subscription: Subscription) => ({
    subscriptionId: subscription.id,
    subscriptionExpirationDateTime: new Date(subscription.expires).toISOString(),
    clientState: subscription.clientState,
    tenantId: parts.tenantId,
  });

  const typeOf = (subscription: Subscription, row: ChangeRow): ChangeType => {
    if (mailboxes.find(subscription.owner, row.key)?.folder !== row.folder) return 'deleted';
    return row.born > subscription.told ? 'created' : 'updated';
  };

  const notify = (subscription: Subscription, row: ChangeRow) => {
    const changeType = typeOf(subscription, row);
    if (!subscription.changeTypes.has(changeType)) return [];
    const id = idOf(subscription.owner, row.key);
    const resource = `Users/${subscription.owner}/Messages/${id}`;
    const resourceData = { '@odata.type': '#Microsoft.Graph.Message', '@odata.id': resource, id };
    return [{ ...about(subscription), changeType, resource, resourceData }];
  };

  const look = (subscription: Subscription) => {
    const span = { from: subscription.told, until: changeLog.clock(), most: mostChanges };
    const rows =
      subscription.folder === null
        ? changeLog.inMailbox(subscription.owner, span)
        : changeLog.inFolder(subscription.owner, subscription.folder, span);
    const value = rows.flatMap((row) => notify(subscription, row));
    subscription.told = span.until;
    if (value.length) follow(deliver(subscription.notificationUrl, value));
  };

  const living = () => {
    for (const { id, expires } of all.values()) if (expires <= now()) all.delete(id);
    return [...all.values()];
  };

  return {
    validate,
    list: living,
    find: (id: string) => living().find((each) => each.id === id) ?? null,
    add: (wish: Omit<Subscription, 'id' | 'told'>): Subscription => {
      const made = { ...wish, id: randomUUID(), told: changeLog.clock() };
      all.set(made.id, made);
      return made;
    },
    remove: (id: string) => all.delete(id),
    /** Something may have changed: in this mailbox, or (null) in any. */
    changed: (address: string | null) => {
      for (const each of living()) if (address === null || each.owner === address.toLowerCase()) look(each);
    },
    /** Says a lifecycle event to its subscriber; a removed subscription is gone at once. */
    tell: (id: string, lifecycleEvent: LifecycleEvent) => {
      const subscription = all.get(id);
      if (!subscription) return;
      if (lifecycleEvent === 'subscriptionRemoved') all.delete(id);
      const url = subscription.lifecycleNotificationUrl;
      if (url !== null) follow(deliver(url, [{ ...about(subscription), lifecycleEvent }]));
    },
    /** When all that is under way has been answered or put off. */
    settled: async () => {
      while (underWay.size) await Promise.all(underWay);
    },
    close: () => timers.forEach((timer) => clearTimeout(timer)),
  };
};

export type Subscriptions = ReturnType<typeof createSubscriptions>;
