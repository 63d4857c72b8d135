import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Person } from '../server/world.ts';
import { createRandom, type Random } from '../fuzz/random.ts';
import type { Fault, RoundReport, Scene } from './round.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';

/** A person's mail on disk, which the daemons read. */
interface Box {
  readonly id: string;
  readonly person: Person;
  readonly path: string;
}

/** Every mail lies in both boxes, half of them in a folder with a rule. */
interface Sent {
  readonly messageId: string;
  readonly folder: 'Customers' | 'Inbox';
}

const bursts = 5;
const mailsPerBurst = 8;
const known = new WeakMap<Stage, readonly Box[]>();

/** Mail comes in bursts, the same in two mailboxes, while daemons are struck; then each has become one e-mail of the CRM. */
export async function runMailboxRound(stage: Stage, fault: Fault, seed: number): Promise<RoundReport> {
  const random = createRandom(seed);
  const boxes = known.get(stage) ?? (await openBoxes(stage));
  known.set(stage, boxes);
  const sent: Sent[] = [];
  let isOver = false;
  let failures = 0;
  const look = async () => {
    for (const { id, person } of boxes)
      await ask(stage, person, 'POST', `mailboxes/${id}/sync`).catch(() => void (failures += 1));
  };
  const strike = async (): Promise<number> => {
    const scene: Scene = { stage, random, failures: () => Promise.resolve() };
    let strikes = 0;
    for (; strikes < fault.times; strikes += 1) {
      const span = (bursts * mailsPerBurst * boxes.length) / (fault.times + 1);
      const moment = Math.round(span * strikes) + random.int(span);
      await until(
        'mail is tracked',
        async () => isOver || (await readItems(stage, seed).catch(() => [])).filter(isEnded).length >= moment,
      );
      await new Promise((resolve) => setTimeout(resolve, random.int(200)));
      if (isOver) break;
      await fault.strike(scene);
    }
    return strikes;
  };
  const deliver = async () => {
    for (let burst = 0; burst < bursts; burst += 1) {
      for (let mail = 0; mail < mailsPerBurst; mail += 1) sent.push(send(boxes, seed, sent.length, random));
      await look();
      await new Promise((resolve) => setTimeout(resolve, random.int(400)));
    }
    await quiet(stage, seed, sent.length * boxes.length, look);
    isOver = true;
  };
  const [, strikes] = await Promise.all([deliver(), strike()]);
  const problems = await compare(stage, seed, boxes, sent);
  return { changes: sent.length, answers: sent.length * boxes.length, failures, strikes, problems };
}

async function openBoxes(stage: Stage): Promise<readonly Box[]> {
  const contact = stage.contacts[0]!;
  const boxes: Box[] = [];
  for (const person of stage.people) {
    const path = join(stage.folder, 'mail', person.address);
    for (const folder of ['Inbox', 'Customers']) mkdirSync(join(path, folder), { recursive: true });
    writeFileSync(join(path, 'Customers', 'first.eml'), mailOf('first', 'Old'));
    const wanted = { address: person.address, owner: person.objectId, source: { kind: 'graph' } };
    const { id } = await ask<{ id: string }>(stage, stage.people[0]!, 'POST', 'mailboxes', wanted);
    // Production takes no folders from outside: whoever may write to its database may enter one.
    const source = JSON.stringify({ kind: 'folder', path }).replaceAll("'", "''");
    await stage.ledger.run(`update mailbox_account set source = '${source}' where id = '${id}'`);
    await ask(stage, person, 'PATCH', `mailboxes/${id}`, { enabled: true });
    const customers = `mailboxes/${id}/folders`;
    await until('the folders are known', async () => {
      const { folders } = await ask<{ folders: { id: string }[] }>(stage, person, 'GET', customers);
      return folders.some((folder) => folder.id === 'Customers');
    });
    await ask(stage, person, 'PUT', `${customers}/Customers/rule`, { regarding: contact });
    boxes.push({ id, person, path });
  }
  await stage.crm.run('update usersettings set incomingemailfilteringmethod = 0');
  return boxes;
}

function send(boxes: readonly Box[], seed: number, index: number, random: Random): Sent {
  const name = `box-${seed}-${index}`;
  const folder = random.chance(0.5) ? 'Customers' : 'Inbox';
  for (const { path } of boxes) {
    const file = join(path, folder, `${name}.eml`);
    // Nobody sees half a mail.
    writeFileSync(`${file}.part`, mailOf(name, folder));
    renameSync(`${file}.part`, file);
  }
  return { messageId: `<${name}@fabrikam.example>`, folder };
}

const mailOf = (name: string, folder: string): string =>
  [
    `Message-ID: <${name}@fabrikam.example>`,
    // A header knows whole seconds: rounded down, the first mail would be older than its mailbox.
    `Date: ${new Date(Date.now() + 1_000).toUTCString()}`,
    'From: Kim <kim@fabrikam.example>',
    'To: Dana Whitfield <dana@contoso.example>',
    `Subject: ${folder} ${name}`,
    '',
    'Please. '.repeat(50),
    '',
  ].join('\r\n');

interface Item {
  readonly mailbox: string;
  readonly subject: string;
  readonly state: string;
  readonly why: string;
}

const isEnded = ({ state }: Item): boolean => state === 'tracked' || state === 'failed' || state === 'not-tracked';

async function readItems(stage: Stage, seed: number): Promise<readonly Item[]> {
  const rows = await stage.ledger.run(`select mailbox_id, subject, state, why_code, reason_code, attempts
    from mailbox_item where subject like '% box-${seed}-%'`);
  return rows.map((row) => ({
    mailbox: String(row['mailbox_id']),
    subject: String(row['subject']),
    state: String(row['state']),
    why: `${String(row['why_code'])}, ${String(row['reason_code'])}, ${String(row['attempts'])} tries`,
  }));
}

/** Waits until nothing is left to do. Where nothing moves, the leases of the dead are let run out. */
async function quiet(stage: Stage, seed: number, items: number, look: () => Promise<void>): Promise<void> {
  let last = '';
  let still = 0;
  await until('every mail is tracked', async () => {
    const ended = (await readItems(stage, seed).catch(() => [])).filter(isEnded).length;
    const states = await stage.ledger.ledger().catch(() => new Map([['', 'queued']]));
    const queued = [...states.values()].filter((state) => state === 'queued').length;
    const now = `${ended} ${queued}`;
    still = now === last ? still + 1 : 0;
    last = now;
    if (still > 0 && still % 50 === 0) await look();
    if (still > 0 && still % 100 === 0) await stage.ledger.expireLeases();
    return ended === items && queued === 0;
  });
}

/** One sentence for every mail that was lost, doubled, parked although nothing is wrong with it, or linked otherwise than its folder says. */
async function compare(stage: Stage, seed: number, boxes: readonly Box[], sent: readonly Sent[]): Promise<string[]> {
  const items = await readItems(stage, seed);
  const effects = await stage.crm.effects();
  const regarding = stage.contacts[0]!.id;
  return sent.flatMap(({ messageId, folder }) => {
    const problems: string[] = [];
    const subject = `${folder} ${messageId.slice(1, messageId.indexOf('@'))}`;
    for (const { id, person } of boxes) {
      const own = items.filter((item) => item.mailbox === id && item.subject === subject);
      if (own.length !== 1 || own[0]?.state !== 'tracked')
        problems.push(
          `${messageId} at ${person.name}: ${own.map(({ state, why }) => `${state} (${why})`).join(', ') || 'lost'}.`,
        );
    }
    const happened = effects.filter((effect) => effect.messageId === messageId);
    const wanted = [{ messageId, what: 'track', regarding: folder === 'Customers' ? regarding : null }];
    if (JSON.stringify(happened) !== JSON.stringify(wanted))
      problems.push(`Effects of ${messageId}: wanted ${JSON.stringify(wanted)}, happened ${JSON.stringify(happened)}.`);
    return problems;
  });
}

/** @throws {Error} when it is not answered well */
async function ask<Answer>(stage: Stage, person: Person, method: string, path: string, body?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${await stage.token(person)}`, 'content-type': 'application/json' };
  const answer = await fetch(`${stage.web.url}/sync/v1/${path}`, {
    ...{ method, headers, signal: AbortSignal.timeout(20_000) },
    body: method === 'GET' ? null : JSON.stringify(body ?? {}),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Answer;
}
