import { carryAll } from './carry.ts';
import { decide, decideByAnswer, type Before } from './decide.ts';
import { treeOf } from './folders.ts';
import { largestMail } from './hand-over.ts';
import { untrackedCodes } from './meet.ts';
import { UnreadableMail } from './mime/reader-thread.ts';
import { ruleOf } from './rules.ts';
import { readOpenItems, settleItems, type OpenItem, type Settled } from './settle-items.ts';
import type { MailboxSettings } from './settings.ts';
import type { MailSource, SourceItem } from './source.ts';
import type { MailboxStore } from './store.ts';
import type { MailboxAtWork, Work, WorkServices } from './work-services.ts';

/** Items of one run: a flood goes on with the next, behind the other mailboxes. */
const mostItems = 100;

export interface WorkedOff {
  /** There is more to do at once. */
  readonly more: boolean;
  /** The CRM did not say of every mail whether anybody wants it. */
  readonly undecided: boolean;
}

/**
 * Decides about a mailbox's open items and hands over what is wanted.
 * @throws {SourceError} when the mailbox as a whole does not answer
 */
export async function workOff(services: WorkServices, at: MailboxAtWork): Promise<WorkedOff> {
  const { store } = services;
  const open = await readOpenItems(store, at.claim.id, mostItems);
  if (open.length === 0) return { more: false, undecided: false };
  const { works, undecided } = await answer(services, at, await decideAll(services, at, open));
  const { settled, wanted } = sort(works, at.settings);
  await settleItems(store, at.claim, settled);
  await carryAll(services, at, wanted);
  // Of what could not be decided about nothing would change at once.
  return { more: open.length === mostItems && !undecided, undecided };
}

async function decideAll(services: WorkServices, at: MailboxAtWork, open: readonly OpenItem[]): Promise<Work[]> {
  const keys = [...new Set(open.map((item) => item.item_key))];
  const kept = await services.ledger.untracked(at.claim.owner, keys);
  const filed = await readFiled(services.store, at.claim.id, open);
  const tree = treeOf(at.folders);
  return open.map((item) => {
    const facts = JSON.parse(item.facts ?? 'null') as SourceItem;
    const folder = tree.folder(item.folder_id) ?? { id: item.folder_id, role: null };
    const filedAt = filed.get(item.seq) ?? null;
    const decision = decide(facts, beforeOf(item), {
      settings: at.settings,
      folder,
      rule: ruleOf(at.rules, tree, item.folder_id),
      filedAt: filedAt === null ? null : new Date(filedAt).toISOString(),
      own: at.own,
      ours: at.ours,
      start: startOf(at),
      untracked: kept.has(item.item_key) || untrackedCodes.has(item.why_code),
    });
    return { item, facts, decision };
  });
}

async function readFiled(
  { tables }: MailboxStore,
  mailboxId: string,
  open: readonly OpenItem[],
): Promise<ReadonlyMap<number, number | null>> {
  const rows = await tables
    .selectFrom('mailbox_copy')
    .select(['folder_id', 'source_id', 'filed_at'])
    .where('mailbox_id', '=', mailboxId)
    .where(
      'source_id',
      'in',
      open.map((item) => item.source_id),
    )
    .execute();
  const filed = new Map(rows.map((row) => [`${row.folder_id} ${row.source_id}`, row.filed_at]));
  return new Map(open.map((item) => [item.seq, filed.get(`${item.folder_id} ${item.source_id}`) ?? null]));
}

function beforeOf({ state, wish, linked_by_rule: linkedByRule }: OpenItem): Before {
  const wasMarked = wish === 'unmark' ? true : wish === 'mark' ? false : null;
  return { tracked: state === 'tracked', wasMarked, linkedByRule };
}

function startOf({ settings, claim }: MailboxAtWork): string {
  const chosen = settings.processFrom === null ? 0 : Date.parse(settings.processFrom);
  return new Date(Math.max(chosen, claim.processFrom)).toISOString();
}

/** Asks the CRM about all that it has to decide, at once; while it is away these stay as they are. */
async function answer(
  { ask, reader }: WorkServices,
  at: MailboxAtWork,
  works: readonly Work[],
): Promise<{ works: readonly Work[]; undecided: boolean }> {
  const open = works.flatMap((work) => (work.decision.kind === 'ask' ? [{ ...work, decision: work.decision }] : []));
  if (open.length === 0) return { works, undecided: false };
  const mailbox = {
    address: at.claim.address,
    headersOf: (item: SourceItem) => readThreadHeaders(reader, at.source, item),
  };
  const answers = await ask(
    mailbox,
    open.map(({ facts, decision }) => ({ question: decision.question, facts })),
  );
  const rest = works.filter(({ decision }) => decision.kind !== 'ask');
  const decided = open.flatMap((work, index) => {
    const said = answers?.[index];
    return said === undefined ? [] : [{ ...work, decision: decideByAnswer(work.decision.question, said) }];
  });
  return { works: [...rest, ...decided], undecided: decided.length < open.length };
}

function sort(works: readonly Work[], { markTracked }: MailboxSettings): { settled: Settled[]; wanted: Work[] } {
  const settled: Settled[] = [];
  const wanted: Work[] = [];
  for (const work of works) {
    const { seq, state } = work.item;
    switch (work.decision.kind) {
      case 'leave':
        settled.push({ seq, state: 'not-tracked', why: work.decision.why });
        break;
      case 'there':
        settled.push({ seq, state: 'tracked', why: work.decision.why, already: true, mark: markTracked });
        break;
      case 'nothing':
        settled.push({ seq, state, why: null });
        break;
      case 'track':
      case 'relink':
      case 'untrack':
        wanted.push(work);
        break;
      case 'ask':
        break;
    }
  }
  return { settled, wanted };
}

/** Of a mail whose listing had none; undefined when it is not there any more. */
async function readThreadHeaders(
  reader: WorkServices['reader'],
  source: MailSource,
  { id }: SourceItem,
): Promise<string | undefined> {
  const bytes = await source.mime(id, largestMail);
  if (bytes === null) return undefined;
  try {
    return (await reader.read(bytes)).headers;
  } catch (error) {
    if (error instanceof UnreadableMail) return '';
    throw error;
  }
}
