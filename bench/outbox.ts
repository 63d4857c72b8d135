// The outbox in a real browser, with the pane as it is built: 5,000 Changes that waited on the device, and a mail with 50 MB.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { uuidV7 } from '../src/model/uuid.ts';
import type { Change } from '../src/model/change.ts';
import { layChanges } from '../test/browser/outbox-database.ts';
import { openBrowser, until, type Outlook } from '../test/browser/outlook.ts';
import { atMost } from './figure.ts';
import { crmDelay, openLine } from './outbox-line.ts';
import { residentMemoryOf } from './resident.ts';
import { newDataDir, startStack } from './stack.ts';

const count = Number(process.env['BENCH_CHANGES'] ?? 5_000);
const large = 50 * 1024 * 1024;
const user = 'dana@contoso.example';
const storeName = `alongside.${user}`;
const subject = 'Bench';

function writeMailbox(): string {
  const folder = mkdtempSync(join(tmpdir(), 'alongside-bench-mail-'));
  mkdirSync(join(folder, 'Inbox'));
  const head = ['From: Kim <kim@bench.example>', `To: ${user}`, 'Date: Fri, 20 Nov 2026 12:00:00 +0000'];
  const plain = [...head, `Subject: ${subject}`, 'Message-ID: <plain@bench.example>', '', 'Hello.'];
  writeFileSync(join(folder, 'Inbox', 'plain.eml'), plain.join('\r\n'));
  return folder;
}

/** Four tracks and a regarding of the first of them, over and over: lanes of one and of two. */
function changeOf(number: number): Change {
  const mail = number % 5 === 4 ? number - 4 : number;
  const at = Date.UTC(2026, 10, 20) + number;
  const random = new Uint8Array(10);
  new DataView(random.buffer).setUint32(4, number + 1);
  const sentAt = new Date(Date.UTC(2026, 10, 19) + mail).toISOString();
  const identity = {
    itemKey: `m1.bench-${mail}`,
    messageId: `<bench-${mail}@bench.example>`,
    fingerprint: { from: 'kim@bench.example', sentAt: `${sentAt.slice(0, 19)}Z`, subject: `bench ${mail}` },
  };
  const gesture = {
    id: uuidV7(at, random),
    at: new Date(at).toISOString(),
    by: user,
    lane: identity.itemKey,
    after: null,
    holdUntil: null,
  };
  if (mail !== number)
    return {
      ...gesture,
      kind: 'regard',
      mail: identity,
      regarding: { table: 'contact', id: '0c000000-0000-4000-8000-000000000001', name: 'Kim' },
    };
  const from = { name: 'Kim', address: 'kim@bench.example' };
  const recorded = { subject: `Bench ${mail}`, from, to: [{ name: 'Dana', address: user }], cc: [], bcc: [] };
  const rest = { sentAt, receivedAt: sentAt, importance: 'normal' as const, attachments: [] };
  const bodyHtml = `<p>${'A mail of some length. '.repeat(200)}</p>`;
  return { ...gesture, kind: 'track', mail: { ...identity, ...recorded, ...rest, bodyHtml }, regarding: null };
}

const waiting = (pane: Frame): Promise<number> =>
  pane.evaluate(
    (name) =>
      new Promise<number>((resolve) => {
        const opening = indexedDB.open(name);
        opening.onsuccess = () => {
          const asked = opening.result.transaction('entries').objectStore('entries').count();
          asked.onsuccess = () => {
            opening.result.close();
            resolve(asked.result);
          };
        };
      }),
    storeName,
  );

interface Watched {
  longest: number;
  tasks: number;
}

/** From the first script of the page on: tasks of the main thread that the browser itself calls long (50 ms or more). */
function watchTasks(): void {
  const watched: Watched = { longest: 0, tasks: 0 };
  (globalThis as unknown as { watched: Watched }).watched = watched;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      watched.longest = Math.max(watched.longest, duration);
      watched.tasks += 1;
    }
  });
  observer.observe({ type: 'longtask', buffered: true });
}

const watchedIn = (pane: Frame) => pane.evaluate(() => (globalThis as unknown as { watched: Watched }).watched);

/** Opens the pane beside the one mail, anew, as after a restart of Outlook; the line is cut. */
async function reopen(outlook: Outlook): Promise<Frame> {
  await outlook.page.reload();
  await outlook.read(subject);
  await outlook.says('Not known'); // its database is open by then
  return outlook.paneFrame();
}

const goOnline = (pane: Frame): Promise<void> => pane.evaluate(() => void dispatchEvent(new Event('online')));

async function drain(outlook: Outlook, line: Awaited<ReturnType<typeof openLine>>): Promise<void> {
  line.state = 'cut';
  let pane = await reopen(outlook);
  for (let from = 0; from < count; from += 500) {
    const numbers = Array.from({ length: Math.min(500, count - from) }, (_, index) => from + index);
    await layChanges(pane, storeName, numbers.map(changeOf));
  }
  pane = await reopen(outlook);
  await outlook.pane.getByText(/changes wait on this device/).waitFor({ timeout: 60_000 });
  const opened = await watchedIn(pane);
  await pane.evaluate(() =>
    Object.assign((globalThis as unknown as { watched: Watched }).watched, { longest: 0, tasks: 0 }),
  );
  line.state = 'open';
  const began = performance.now();
  await goOnline(pane);
  await until(
    () => waiting(pane),
    (left) => left === 0,
    600_000,
  );
  const seconds = (performance.now() - began) / 1_000;
  const drained = await watchedIn(pane);
  const doubled = [...line.created.values(), ...line.regarded.values()].filter((times) => times > 1).length;
  const effects = line.created.size + line.regarded.size;
  const conditions = { changes: count, crmDelay, effects, handedOver: line.handedOver(), doubled };
  atMost(`outbox: ${count} waiting Changes until it is empty`, seconds, 's', 120, conditions);
  atMost('outbox: longest main-thread task while it empties', drained.longest, 'ms', 50, {
    ...conditions,
    over50: drained.tasks,
  });
  atMost('outbox: longest main-thread task while the pane opens on it', opened.longest, 'ms', 50, {
    ...conditions,
    over50: opened.tasks,
  });
}

/** The renderers below this process: the pane's page is the only one open. */
function rendererPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return command.includes('--type=renderer') && belowUs(pid);
      } catch {
        return false; // gone meanwhile
      }
    });
}

function belowUs(pid: number): boolean {
  for (let at = pid; at > 1;) {
    if (at === process.pid) return true;
    at = Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${at}/status`, 'utf8'))?.[1] ?? 0);
  }
  return false;
}

/** A track with 50 MB beside it goes to the CRM, or is handed to the server, whose ledger stores it. */
async function attach(
  outlook: Outlook,
  line: Awaited<ReturnType<typeof openLine>>,
  server: number,
  to: 'CRM' | 'ledger',
): Promise<void> {
  line.state = 'cut';
  let pane = await reopen(outlook);
  const change = changeOf(count * 5 + (to === 'CRM' ? 5 : 0));
  if (change.kind !== 'track') throw new Error('It is no track.');
  const film = { index: 0, name: 'film.mov', contentType: 'video/quicktime', size: large, leftOut: null };
  const id = uuidV7(Date.now(), randomBytes(10));
  await layChanges(pane, storeName, [{ ...change, id, mail: { ...change.mail, attachments: [film] } }], large);
  pane = await reopen(outlook);
  await outlook.pane.getByText(/1 change waits on this device/).waitFor({ timeout: 60_000 });
  const session = await outlook.context.newCDPSession(outlook.page);
  await session.send('HeapProfiler.collectGarbage');
  const [mine, theirs] = [residentMemoryOf(rendererPids()), residentMemoryOf([server])];
  const before = { pane: mine.now(), server: theirs.now() };
  mine.forget();
  theirs.forget();
  line.state = to === 'CRM' ? 'open' : 'no-crm';
  await goOnline(pane);
  await outlook.pane.getByText(/waits on this device/).waitFor({ state: 'detached', timeout: 120_000 });
  const megabytes = (bytes: number) => bytes / 1024 / 1024;
  const conditions = { attachment: '50 MB', way: `outbox to ${to}` };
  atMost('attachment: additional memory of the pane', megabytes(mine.highest() - before.pane), 'MB', 48, conditions);
  const ofServer = megabytes(theirs.highest() - before.server);
  if (to === 'ledger') atMost('attachment: additional memory of the server', ofServer, 'MB', 48, conditions);
  else if (line.created.get(id) !== 1) throw new Error('The CRM did not get the mail.');
  line.state = 'open';
}

const data = newDataDir();
const mail = writeMailbox();
const stack = await startStack(data.path, mail);
const line = await openLine(Number(new URL(stack.addinUrl).port));
try {
  const through = `--host-resolver-rules=MAP localhost:${new URL(stack.addinUrl).port} 127.0.0.1:${line.port}`;
  const outlook = await openBrowser(stack, { arguments: [through] });
  await outlook.context.addInitScript(watchTasks);
  if (count > 0) await drain(outlook, line);
  for (const to of ['ledger', 'CRM'] as const) await attach(outlook, line, stack.pid, to);
  await outlook.close();
} finally {
  line.close();
  await stack.stop();
  data.remove();
  rmSync(mail, { recursive: true, force: true });
}
