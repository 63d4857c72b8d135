import type { FastifyInstance, FastifyReply } from 'fastify';
import { isObject } from '../../../model/is-object.ts';
import { HttpError } from '../../http/errors.ts';
import type { NotifiedMailbox, SubscriptionKeeper } from './subscription-keeper.ts';

export interface NotificationParts {
  readonly keeper: Pick<SubscriptionKeeper, 'clientStates' | 'reauthorize' | 'replace'>;
  /** The mailbox of this id, if notifications about it are still wanted. */
  readonly mailboxOf: (id: string) => Promise<NotifiedMailbox | null>;
  /** Something may have happened in this mailbox: it is due now. */
  readonly hint: (mailboxId: string) => Promise<void>;
  /** What went wrong after the answer was given. */
  readonly report: (error: unknown) => void;
}

export const notificationsPath = '/sync/v1/mailboxes/notifications';

const longestToken = 4_096;
const mostNotifications = 1_000;

type Lifecycle = 'reauthorizationRequired' | 'subscriptionRemoved' | 'missed';

interface Told {
  readonly mailboxId: string;
  readonly subscriptionId: string;
  readonly lifecycle: Lifecycle | null;
}

/**
 * Where Graph tells that something changed (change-notifications-delivery-webhooks). Whoever wants may send something here: what
 * a notification says is not believed, it only makes a mailbox due that it names with our own mark. The answer goes out before
 * anything is done, because after three seconds Graph counts it as missing.
 */
export function registerNotifications(server: FastifyInstance, parts: NotificationParts): void {
  server.post<{ Querystring: { validationToken?: unknown } }>(notificationsPath, async (request, reply) => {
    const { validationToken } = request.query;
    if (validationToken !== undefined) return echo(validationToken, reply);
    const told = readNotifications(request.body, parts.keeper.clientStates.read);
    await reply.code(202).send();
    // Not awaited by the request, which is over.
    void Promise.all(told.map((each) => act(parts, each).catch(parts.report)));
    return reply;
  });
}

/** Never as anything that a browser would read as a page. */
function echo(token: unknown, reply: FastifyReply): FastifyReply {
  if (typeof token !== 'string' || token.length > longestToken)
    throw new HttpError(400, 'That is no validation token.');
  return reply
    .code(200)
    .headers({ 'x-content-type-options': 'nosniff', 'content-security-policy': "default-src 'none'; sandbox" })
    .type('text/plain; charset=utf-8')
    .send(token);
}

/** One for each mailbox and event: a hundred copies of a notification are one. */
function readNotifications(body: unknown, mailboxIn: (clientState: unknown) => string | null): Told[] {
  const value = isObject(body) ? body['value'] : undefined;
  if (!Array.isArray(value) || value.length > mostNotifications)
    throw new HttpError(400, 'Those are no notifications.');
  const told = new Map<string, Told>();
  for (const each of value as unknown[]) {
    if (!isObject(each)) continue;
    const mailboxId = mailboxIn(each['clientState']);
    if (mailboxId === null) continue;
    const subscriptionId = typeof each['subscriptionId'] === 'string' ? each['subscriptionId'] : '';
    const lifecycle = lifecycleOf(each['lifecycleEvent']);
    const key = lifecycle === null ? mailboxId : JSON.stringify([mailboxId, subscriptionId, lifecycle]);
    told.set(key, { mailboxId, subscriptionId, lifecycle });
  }
  return [...told.values()];
}

function lifecycleOf(value: unknown): Lifecycle | null {
  switch (value) {
    case 'reauthorizationRequired':
    case 'subscriptionRemoved':
    case 'missed':
      return value;
    default:
      return null;
  }
}

async function act({ keeper, mailboxOf, hint }: NotificationParts, told: Told): Promise<void> {
  const mailbox = await mailboxOf(told.mailboxId);
  if (mailbox === null) return;
  switch (told.lifecycle) {
    case 'reauthorizationRequired':
      await keeper.reauthorize(mailbox, told.subscriptionId);
      break;
    case 'subscriptionRemoved':
      await keeper.replace(mailbox, told.subscriptionId);
      break;
    case 'missed':
    case null:
      break;
  }
  // Whatever was not told is found by the delta query: every poll is one, so a missed notification needs no other.
  await hint(mailbox.id);
}
