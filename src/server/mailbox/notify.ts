import { hkdfSync } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { makeDue, type MailboxClaim } from './claim.ts';
import { notificationsPath, registerNotifications } from './graph/notifications.ts';
import { createSubscriptionKeeper, type SubscriptionKeeper } from './graph/subscription-keeper.ts';
import { parseSource } from './source-config.ts';
import type { SourceServices } from './sources.ts';
import type { MailboxStore } from './store.ts';

export interface NotificationOptions {
  readonly graph: SourceServices['graph'];
  /** Under which Graph reaches this server; it takes https addresses only. */
  readonly publicUrl: string;
  /** 32 bytes in base64, the same for all processes. */
  readonly key: string | null;
  readonly fetch: typeof fetch;
  readonly now: () => number;
}

/** Null where Graph cannot tell: then mailboxes are only asked. */
export function openNotifications({ graph, publicUrl, key, ...rest }: NotificationOptions): SubscriptionKeeper | null {
  if (graph === null || key === null) return null;
  const secret = Buffer.from(hkdfSync('sha256', Buffer.from(key, 'base64'), '', 'graph notifications', 32));
  return createSubscriptionKeeper({
    ...graph,
    ...rest,
    secret,
    notificationUrl: new URL(notificationsPath, publicUrl).href,
  });
}

/** What Graph tells makes the mailbox due. */
export function registerHints(
  server: FastifyInstance,
  store: MailboxStore,
  keeper: SubscriptionKeeper,
  report: (error: unknown) => void,
): void {
  registerNotifications(server, {
    keeper,
    report,
    hint: (id) => makeDue(store, { id }, 'hint'),
    mailboxOf: async (id) => {
      const row = await store.tables
        .selectFrom('mailbox_account')
        .select(['id', 'address', 'source'])
        .where('id', '=', id)
        .where('enabled', '=', 1)
        .executeTakeFirst();
      return row === undefined || !isOfGraph(row) ? null : { id: row.id, user: row.address };
    },
  });
}

/** With every look at a mailbox; nobody waits for it. */
export function keepListening(
  keeper: SubscriptionKeeper | null,
  claim: Pick<MailboxClaim, 'id' | 'address' | 'source'>,
  report: (error: unknown) => void,
): void {
  if (keeper !== null && isOfGraph(claim)) keeper.keep({ id: claim.id, user: claim.address }).catch(report);
}

const isOfGraph = ({ source }: { readonly source: string }) => parseSource(JSON.parse(source)).kind === 'graph';
