import { createHash, randomBytes } from 'node:crypto';
import { createHttp } from '../src/api/http.ts';
import { uuidV7 } from '../src/model/uuid.ts';
import type { FolderRule } from '../src/server/mailbox/rules.ts';
import { createAskCrm } from '../src/server/mailbox/rules/ask-crm.ts';
import type { RunServices } from '../src/server/mailbox/run.ts';
import { readStoredSettings } from '../src/server/mailbox/settings.ts';
import type { MailSource, SourceFolder } from '../src/server/mailbox/source.ts';
import type { MailboxStore } from '../src/server/mailbox/store.ts';

export const folders: readonly SourceFolder[] = [
  { id: 'inbox', name: 'Inbox', parentId: null, role: 'inbox' },
  { id: 'sent', name: 'Sent Items', parentId: null, role: 'sent' },
];

const report = (error: unknown): never => {
  throw error;
};

/** What the daemon runs a mailbox with, for mailboxes that are all one source. The CRM is asked nothing. */
export function mailboxServices({
  source,
  rules = [],
  now = Date.now,
  ...given
}: Pick<RunServices, 'store' | 'ledger' | 'reader'> & {
  /** One for all, or of each its own. */
  readonly source: MailSource | RunServices['open'];
  readonly rules?: readonly FolderRule[];
  readonly now?: () => number;
}): RunServices {
  const http = createHttp({ fetch, baseUrl: 'http://localhost:1/', token: async () => '' });
  return {
    ...{ ...given, report, now, random: Math.random, tenantId: 'bench' },
    digest: async (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()).buffer,
    newId: () => uuidV7(now(), randomBytes(10)),
    ask: createAskCrm({ http, now, report }),
    settingsOf: ({ settings, kind }) => readStoredSettings(JSON.parse(settings), kind),
    rulesOf: async () => rules,
    awayFor: () => 0,
    oursOf: async () => new Set<string>(),
    open: async (claim) => (typeof source === 'function' ? source(claim) : source),
    drop: async () => undefined,
    send: async () => undefined,
  };
}

/** A mailbox that is due. */
export async function enterMailbox(
  { tables }: MailboxStore,
  address: string,
  owner: string,
  now = Date.now(),
): Promise<void> {
  await tables
    .insertInto('mailbox_account')
    .values({
      ...{ id: uuidV7(now, randomBytes(10)), address, address_folded: address, owner, kind: 'user' },
      ...{ source: '{}', settings: '{}', state: 'untested', approved: 1, enabled: 1, rate: 0, period: 300_000 },
      ...{ next_at: now, generation: 0, failures: 0, process_from: 0, created_at: now, changed_at: now },
    })
    .execute();
}
