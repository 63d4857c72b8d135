import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { breakTree, type Edit } from '../drills/mutation.ts';
import { playStories } from './stories.ts';

jest.setTimeout(600_000);

/**
 * A simulator that never finds anything proves nothing: the product is broken on purpose, in ways that were real faults or
 * would be likely ones, and each must be found within so many stories.
 */
interface Control extends Edit {
  readonly breaks: string;
  /** The first seed, and how many stories from there are played at most. */
  readonly from?: number;
  readonly within: number;
  /** What is to be found broken. */
  readonly invariant: RegExp;
}

const controls: readonly Control[] = [
  {
    breaks: 'the status code of an answer is ignored',
    file: 'src/api/http.ts',
    find: 'if (!response.ok && !(request.accept ?? []).includes(response.status)) throw errorFrom(response, text);',
    replace: 'void errorFrom;',
    within: 60,
    invariant: /I\d+ /,
  },
  {
    breaks: 'what could not be carried is forgotten by the device',
    file: 'src/sync/settle.ts',
    find: 'await store.replace(waiting);',
    replace: 'await store.remove(waiting.id);',
    within: 60,
    invariant: /I1 nothing is lost/,
  },
  {
    breaks: 'an unknown outcome counts as a refusal',
    file: 'src/sync/carry.ts',
    find: 'if (mayPassByItself(error.code)) return { kind',
    replace: 'if (mayPassByItself(error.code) && error.facts.outcomeUnknown !== true) return { kind',
    within: 100,
    invariant: /I1 what is refused did not happen/,
  },
  {
    breaks: 'what the server has done stays on the device',
    file: 'src/sync/shadows.ts',
    find: 'await store.remove(id);',
    replace: 'void store;',
    within: 60,
    invariant: /I9 everything ends/,
  },
  {
    breaks: 'a daemon takes what another holds',
    file: 'src/server/queue/claim.ts',
    find: 'where head = 1 and due_at <= ${now()} and (lease_until is null or lease_until < ${now()})',
    replace: 'where head = 1 and due_at <= ${now()}',
    within: 60,
    invariant: /I6 leases are respected/,
  },
  {
    breaks: 'a mail is known by its Message-ID alone',
    file: 'src/api/tracked-mail.ts',
    find: 'const isSame = (row: Row) => sameMail(mail.fingerprint, fingerprintOfRow(row));',
    replace: 'const isSame = (row: Row) => sameMail(mail.fingerprint, fingerprintOfRow(row)) || mail.messageId !== "";',
    within: 100,
    invariant: /I\d+ /,
  },
  {
    breaks: 'who slept longer than their lease writes to the CRM',
    file: 'src/server/queue/carry-out.ts',
    find: 'if (!stands || timers.now() - asked >= leaseTime) throw',
    replace: 'if (!stands && asked > timers.now()) throw',
    from: 560,
    within: 60,
    invariant: /I[23] /,
  },
  {
    breaks: 'a change goes directly although the ledger has its lane',
    file: 'src/sync/carry.ts',
    find: "if (server === 'has the lane') return handOver(change, hints, services);",
    replace: "if (server === 'has the lane') return direct(change, hints, services);",
    from: 60,
    within: 80,
    invariant: /I3 order is kept/,
  },
  {
    breaks: 'a lane goes past what waits',
    file: 'src/sync/carry-lane.ts',
    find: "if (outcome.kind === 'later' || outcome.kind === 'sign-in') return;",
    replace: '',
    from: 60,
    within: 40,
    invariant: /I3 /,
  },
  {
    breaks: 'an end is written whoever holds the lease by then',
    file: 'src/server/queue/settle.ts',
    find: 'and generation = at_generation and ${isQueued}',
    replace: 'and ${isQueued}',
    from: 2490,
    within: 50,
    invariant: /I6 leases are respected/,
  },
  {
    breaks: 'the lease of a daemon that died never ends',
    file: 'src/server/queue/claim.ts',
    find: 'lease_until = ${now()} + ${sql.lit(leaseTime)}, attempts',
    replace: 'lease_until = ${now()} + ${sql.lit(1000 * leaseTime)}, attempts',
    from: 90,
    within: 50,
    invariant: /I9 everything ends/,
  },
  {
    breaks: 'a sign-in page with status 200 counts as done',
    file: 'src/api/dataverse.ts',
    find: "if (answer.text.trim() !== '') answer.json();\n  else if (answer.status === 200)",
    replace: 'if (Number.isNaN(answer.status))',
    from: 141,
    within: 60,
    invariant: /I8 done is true/,
  },
  {
    breaks: 'the panes of a browser tell each other nothing',
    file: 'src/sync/peers.ts',
    find: "if (news.length > 0) tell({ kind: 'moved', statuses: news });",
    replace: '',
    within: 60,
    invariant: /I8 panes agree/,
  },
  {
    breaks: 'a mail that lies under a substitute id is not looked for there',
    file: 'src/api/tracked-mail.ts',
    find: '[...idsOf(mail), substitute].flatMap(under)',
    replace: '[...idsOf(mail)].flatMap(under)',
    within: 60,
    invariant: /I\d+ /,
  },
  {
    breaks: 'a mail whose id another one has is tracked under it all the same',
    file: 'src/api/tracked-mail.ts',
    find: 'under(mail.messageId).length > 0 ? substitute : mail.messageId',
    replace: 'mail.messageId',
    within: 60,
    invariant: /I9 everything ends/,
  },
  {
    breaks: 'what nobody heard of is said again over what others said since',
    file: 'src/api/trial.ts',
    find: 'const unheard = tried ?? null;',
    replace: 'const unheard: Tried | null = (void tried, null);',
    within: 60,
    invariant: /I2 one effect per change/,
  },
  {
    breaks: 'what others said before counts as having come after',
    file: 'src/api/trial.ts',
    find: 'if (unheard === null) return false;',
    replace: 'if (unheard === null) return found?.regarding != null && found.regarding.id !== wanted;',
    within: 60,
    invariant: /I1 nothing is lost/,
  },
];

const root = join(import.meta.dirname, '../..');

describe('the product, broken on purpose', () => {
  let copy = '';
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'alongside-control-'));
    for (const name of ['src', 'test/simulate', 'test/fuzz', 'package.json'])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  const firstBroken = (from: number, within: number) =>
    playStories(copy, '--seed', String(from), '--runs', String(within), '--first');

  test('and whole: nothing is found', () => {
    expect(firstBroken(1, 5)).toEqual({ said: expect.stringContaining('nothing broken'), status: 0 });
  });

  test.each(controls)('$breaks: found within $within stories', ({ breaks, from = 1, within, invariant, ...edit }) => {
    const mend = breakTree({ name: breaks, breaks, edits: [edit], tests: [] }, copy);
    const { said, status } = firstBroken(from, within);
    mend();
    expect(said).toMatch(invariant);
    expect(status).toBe(1);
  });
});
