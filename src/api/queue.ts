import type { Change, ChangeStatus } from '../model/change.ts';
import { CrmError } from '../model/errors.ts';
import type { MailIdentity } from '../model/item-key.ts';
import type { ItemState } from '../model/item-state.ts';
import { MalformedChange, parseChangeStatus, parseItemState } from '../model/parse-change.ts';
import type { Http } from './http.ts';
import { isObject } from '../model/is-object.ts';

/** The server's ledger as the browser sees it: `/sync/v1/`, described in docs/sync-api.md. */
export interface Queue {
  /** Puts the bytes of one attachment beside a Change that is about to be handed over. */
  putAttachment(changeId: string, index: number, bytes: Blob): Promise<void>;
  /** Resolves once the ledger has committed the Change; the same id again answers what became of it. */
  handOver(change: Change): Promise<ChangeStatus>;
  /** What is true of these mails, in the order asked. */
  itemStates(mails: readonly MailIdentity[], options?: ItemStateOptions): Promise<ItemStates>;
  /** The mail was untracked directly in the CRM, which keeps nothing of it: no rule of the server is to track it again. */
  untracked(mail: MailIdentity): Promise<void>;
  /** Every status since the cursor (-1: from now on), then live, until the signal aborts or the connection ends. */
  events(after: number, signal: AbortSignal): AsyncGenerator<QueueEvent, void>;
  /** The same by asking: news after the cursor at once when there are some, else as soon as there are, else none. */
  poll(after: number, wait: number, signal: AbortSignal): Promise<EventPage>;
}

/** `cursor` is where to go on, also when there is no news. */
export interface EventPage {
  readonly events: readonly QueueEvent[];
  readonly cursor: number;
}

export interface ItemStateOptions {
  /** False: only what the ledger knows, without asking the CRM. */
  readonly askCrm?: boolean;
  readonly signal?: AbortSignal;
}

export interface ItemStates {
  readonly items: readonly ItemState[];
  /** Events after this one are news to the caller. */
  readonly cursor: number;
}

export interface QueueEvent {
  readonly cursor: number;
  /** Null: no news, only that the server is there and where the log stands; with it every stream begins. */
  readonly status: ChangeStatus | null;
}

const json = { accept: 'application/json', 'content-type': 'application/json; charset=utf-8' };

/** The server sends a comment every 15 s; a stream silent for longer than this is dead although nobody said so. */
const silence = 40_000;

/** Milliseconds over the wait asked for that an answer without news may take. */
const pollGrace = 10_000;

/** Bytes of attachments may be many on a slow line; this is no click that somebody waits for. */
const uploadTimeout = 120_000;

export function createQueue(http: Http): Queue {
  return {
    async putAttachment(changeId, index, bytes) {
      await http.send({
        method: 'PUT',
        path: `changes/${changeId}/attachments/${index}`,
        headers: { 'content-type': 'application/octet-stream' },
        body: bytes,
        timeout: uploadTimeout,
      });
    },

    async handOver(change) {
      const answer = await http.send({ method: 'POST', path: 'changes', headers: json, body: JSON.stringify(change) });
      return believe(() => parseChangeStatus(answer.json()));
    },

    async itemStates(mails, options = {}) {
      const body = JSON.stringify({ mails, askCrm: options.askCrm ?? true });
      const { signal } = options;
      const answer = await http.send({
        method: 'POST',
        path: 'items/state',
        headers: json,
        body,
        ...(signal && { signal }),
      });
      const said = answer.json();
      return believe(() => {
        if (!isObject(said) || !Array.isArray(said['items']) || typeof said['cursor'] !== 'number')
          throw new MalformedChange('items');
        return { items: said['items'].map(parseItemState), cursor: said['cursor'] };
      });
    },

    async untracked({ itemKey }) {
      await http.send({ method: 'POST', path: 'items/untracked', headers: json, body: JSON.stringify({ itemKey }) });
    },

    events: (after, signal) => events(http, after, signal),

    async poll(after, wait, signal) {
      const answer = await http.send({
        method: 'GET',
        path: `events?after=${after}&wait=${wait}`,
        headers: { accept: 'application/json' },
        timeout: wait * 1_000 + pollGrace,
        signal,
      });
      const said = answer.json();
      return believe(() => {
        if (!isObject(said) || !Array.isArray(said['events'])) throw new MalformedChange('events');
        return { events: said['events'].map(parseEvent), cursor: cursorOf(said['cursor']) };
      });
    },
  };
}

/** An answer that does not fit is no answer: the outcome is unknown, the caller asks again with the same id. */
function believe<Answer>(read: () => Answer): Answer {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof MalformedChange || cause instanceof SyntaxError)) throw cause;
    throw new CrmError('unavailable', 'The answer makes no sense.', { outcomeUnknown: true }, cause);
  }
}

/** Server-sent events read by fetch, because EventSource cannot send a token and a token never goes into an address. */
async function* events(http: Http, after: number, signal: AbortSignal): AsyncGenerator<QueueEvent, void> {
  const quiet = new AbortController();
  const both = AbortSignal.any([signal, quiet.signal]);
  const response = await http.open({
    method: 'GET',
    path: `events?after=${after}`,
    headers: { accept: 'text/event-stream' },
    signal: both,
  });
  if (response.body === null) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const timer = setTimeout(() => quiet.abort(), silence);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) yield* readEvent(block);
    }
  } finally {
    quiet.abort();
    await reader.cancel().catch(() => undefined); // already broken: that is why we leave
  }
}

function* readEvent(block: string): Generator<QueueEvent, void> {
  const lines = block.split('\n');
  const cursor = Number(lines.find((line) => line.startsWith('id:'))?.slice(3));
  const data = lines.find((line) => line.startsWith('data:'))?.slice(5);
  if (data === undefined || !Number.isInteger(cursor)) return;
  yield { cursor, status: statusIn(data) };
}

/** What this version cannot read is passed over, or the log would end there: as with a greeting, everything is asked for anew. */
function statusIn(data: string): ChangeStatus | null {
  try {
    const said: unknown = JSON.parse(data);
    return said === null ? null : parseChangeStatus(said);
  } catch (error) {
    if (error instanceof MalformedChange || error instanceof SyntaxError) return null;
    throw error;
  }
}

function parseEvent(value: unknown): QueueEvent {
  if (!isObject(value)) throw new MalformedChange('event');
  return { cursor: cursorOf(value['cursor']), status: statusIn(JSON.stringify(value['status'] ?? null)) };
}

function cursorOf(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new MalformedChange('cursor');
  return value as number;
}
