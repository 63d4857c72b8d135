import { webcrypto } from 'node:crypto';
import type { Change, ChangeStatus } from '../../src/model/change.ts';
import { identifyMail, type MailIdentity } from '../../src/model/item-key.ts';
import { parseChangeStatus } from '../../src/model/parse-change.ts';
import type { RegardingRef } from '../../src/model/records.ts';
import { uuidV7 } from '../../src/model/uuid.ts';
import type { Person } from '../server/world.ts';
import { tenantId } from './identity.ts';
import type { Random } from '../fuzz/random.ts';

/** One mail of one person and what they want of it, in order. */
export interface Lane {
  readonly person: Person;
  readonly mail: MailIdentity;
  readonly changes: readonly Change[];
}

/** What a client was told about a Change; only what was told counts as promised. */
export interface Told {
  readonly lane: Lane;
  readonly change: Change;
  readonly status: ChangeStatus;
}

const digest = (bytes: Uint8Array<ArrayBuffer>) => webcrypto.subtle.digest('SHA-256', bytes);

/** A mail that is tracked, set regarding one contact after another, sometimes removed and tracked again. */
export async function makeLane(
  person: Person,
  name: string,
  contacts: readonly RegardingRef[],
  length: number,
  random: Random,
): Promise<Lane> {
  const from = { name: 'Kim', address: 'kim@fabrikam.example' };
  const sentAt = '2026-11-20T09:15:00.000Z';
  const messageId = `<${name}@fabrikam.example>`;
  const mail = await identifyMail(tenantId, { internetMessageId: messageId, from, sentAt, subject: name }, digest);
  const changes: Change[] = [];
  let tracked = false;
  let regarding = 0;
  while (changes.length < length) {
    const at = new Date().toISOString();
    const gesture = {
      id: uuidV7(Date.now(), webcrypto.getRandomValues(new Uint8Array(10))),
      at,
      by: person.address,
      lane: mail.itemKey,
      after: changes.at(-1)?.id ?? null,
      holdUntil: null,
    };
    if (!tracked) {
      const bodyHtml = `<p>${'Please. '.repeat(50)}</p>`;
      const people = { from, to: [{ name: person.name, address: person.address }], cc: [], bcc: [] };
      const recorded = { ...mail, ...people, subject: name, sentAt, receivedAt: sentAt, importance: 'normal' as const };
      changes.push({ ...gesture, kind: 'track', regarding: null, mail: { ...recorded, bodyHtml, attachments: [] } });
      tracked = true;
    } else if (random.chance(0.15)) {
      changes.push({ ...gesture, kind: 'untrack', mail, keepRecord: false });
      tracked = false;
    } else {
      regarding += 1;
      changes.push({ ...gesture, kind: 'regard', mail, regarding: contacts[regarding % contacts.length] ?? null });
    }
  }
  return { person, mail, changes };
}

/**
 * Posts one Change. @returns the answer, or the HTTP status of a server that cannot now, or null when it was cut off.
 * @throws Error when it is refused
 */
export async function post(url: string, token: string, change: Change): Promise<ChangeStatus | number | null> {
  const body = JSON.stringify(change);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(20_000);
  const answer = await fetch(`${url}/sync/v1/changes`, { method: 'POST', headers, body, signal })
    .then(async (response) => ({ status: response.status, text: await response.text() }))
    .catch(() => null);
  if (answer === null) return null;
  if (answer.status >= 500) return answer.status;
  // A promise is 202 and its words; anything else from a server that is well would be refused for ever.
  if (answer.status !== 202 && answer.status !== 200)
    throw new Error(`A sound change was refused: ${answer.status} ${answer.text.slice(0, 300)}`);
  return parseChangeStatus(JSON.parse(answer.text));
}

export interface ClientOptions {
  readonly lanes: readonly Lane[];
  readonly url: () => string;
  readonly token: (person: Person) => Promise<string>;
  /** Resolves when it is worth trying again. */
  readonly ready: () => Promise<void>;
  readonly told: (told: Told) => void;
  /** Nobody knows what became of a post: the status of the answer, or null when there was none. */
  readonly failed: (status: number | null) => void;
  readonly random: Random;
  /** Milliseconds between two posts, at most. */
  readonly pause: number;
}

/** Posts lane by lane, each Change until it is told of, and now and then one again that was told of long ago. */
export async function runClient({
  lanes,
  url,
  token,
  ready,
  told,
  failed,
  random,
  pause,
}: ClientOptions): Promise<void> {
  const next = new Map(lanes.map((lane) => [lane, 0]));
  const before: { lane: Lane; change: Change }[] = [];
  while (next.size > 0) {
    const lane = random.pick([...next.keys()]);
    const at = next.get(lane) ?? 0;
    const change = lane.changes[at];
    if (change === undefined) {
      next.delete(lane);
      continue;
    }
    const again = before.length > 0 && random.chance(0.2) ? random.pick(before) : undefined;
    const wanted = again ?? { lane, change };
    const status = await post(url(), await token(wanted.lane.person), wanted.change);
    if (status === null || typeof status === 'number') {
      failed(status);
      await ready();
      continue;
    }
    told({ ...wanted, status });
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, random.int(pause)));
    if (again !== undefined) continue;
    before.push(wanted);
    next.set(lane, at + 1);
  }
}
