// The figures of the pane: bytes until the card, time to the name, time to "done"; and of the server that answers it: time to
// ready, resident memory. One run, one JSON line each.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Frame, Page } from 'playwright-core';
import { openBrowser, type Outlook } from '../test/browser/outlook.ts';
import { atMost, percentile } from './figure.ts';
import { addressOf, createContacts, newDataDir, startStack, type RunningStack } from './stack.ts';

const contacts = Number(process.env['BENCH_CONTACTS'] ?? 100_000);
/** What the list of the local Outlook shows without scrolling further. */
const mails = 50;
const web = fileURLToPath(new URL('../dist/web', import.meta.url));

const senderOf = (mail: number): number => Math.floor((mail * contacts) / mails);
const nameOf = (sender: number): string => `Given${sender} Family${sender}`;

/** A mailbox in which every mail is from another contact, spread over the whole table. */
function writeMailbox(): string {
  const folder = mkdtempSync(join(tmpdir(), 'alongside-bench-mail-'));
  mkdirSync(join(folder, 'Inbox'));
  for (let number = 0; number < mails; number += 1) {
    const sender = senderOf(number);
    const date = new Date(Date.UTC(2026, 10, 20, 12, 0, -number)).toUTCString().replace('GMT', '+0000');
    const lines = [
      `From: ${nameOf(sender)} <${addressOf(sender)}>`,
      'To: dana@contoso.example',
      `Subject: Bench ${number}`,
    ];
    lines.push(
      `Date: ${date}`,
      `Message-ID: <bench-${number}@bench.example>`,
      'Content-Type: text/plain; charset=utf-8',
      '',
      'Hello.',
    );
    writeFileSync(join(folder, 'Inbox', `${number}.eml`), lines.join('\r\n'));
  }
  return folder;
}

async function bytesUntilCard(outlook: Outlook, stack: RunningStack): Promise<void> {
  let bytes = 0;
  const reading: Promise<void>[] = [];
  outlook.page.on('response', (response) => {
    const url = new URL(response.url());
    const ours =
      url.origin === stack.addinUrl && url.pathname.endsWith('.js') && !/^\/(office-js|local)\//.test(url.pathname);
    if (ours) reading.push(response.body().then((body) => void (bytes += gzipSync(body).length)));
  });
  await outlook.read('Bench 0');
  await marked(await paneOf(outlook.page), 'alongside:card');
  await Promise.all(reading);
  atMost('pane: JavaScript until the card is painted, gzip, without office.js', bytes / 1024, 'KB', 150, { contacts });
}

async function paneOf(page: Page): Promise<Frame> {
  const handle = await page.locator('iframe[title="Alongside"]').elementHandle();
  const frame = await handle?.contentFrame();
  if (frame == null) throw new Error('There is no pane.');
  return frame;
}

function marked(pane: Frame, name: string): Promise<unknown> {
  return pane.waitForFunction((mark) => performance.getEntriesByName(mark).length > 0, name);
}

/** Switches through the mails; the pane marks when Outlook told it and when the frame with the sender's card was drawn. */
async function timeToName(outlook: Outlook): Promise<void> {
  const pane = await paneOf(outlook.page);
  const samples: Record<'named' | 'card', number[]> = { named: [], card: [] };
  for (let number = 1; number < mails; number += 1) {
    await pane.evaluate(() => performance.clearMarks());
    await outlook.page.getByRole('listbox').press('ArrowDown');
    await marked(pane, 'alongside:card');
    for (const mark of ['named', 'card'] as const) {
      samples[mark].push(
        await pane.evaluate((name) => {
          const at = (entry: string) => performance.getEntriesByName(entry).at(-1)?.startTime ?? Number.NaN;
          return at(`alongside:${name}`) - at('alongside:item');
        }, mark),
      );
    }
  }
  const conditions = (mark: 'named' | 'card') => ({
    contacts,
    samples: mails - 1,
    p50: percentile(samples[mark], 0.5),
  });
  atMost(
    'pane: ItemChanged to the frame that names the sender, p95',
    percentile(samples.named, 0.95),
    'ms',
    100,
    conditions('named'),
  );
  atMost(
    'pane: ItemChanged to the frame with the CRM card, p95',
    percentile(samples.card, 0.95),
    'ms',
    100,
    conditions('card'),
  );
}

/** Click on Track to the frame that says Tracked, which it says only after the CRM's answer is stored. */
async function timeToDone(outlook: Outlook): Promise<void> {
  const samples: number[] = [];
  const rounds = mails - 1;
  for (let number = 0; number < rounds; number += 1) {
    await outlook.read(`Bench ${number}`);
    await outlook.person.getByRole('heading', { name: nameOf(senderOf(number)) }).waitFor();
    await outlook.says('Not tracked');
    const pane = await paneOf(outlook.page);
    const clicked = pane.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let began = 0;
          addEventListener('click', (event) => (began = event.timeStamp), { capture: true, once: true });
          const observer = new MutationObserver(() => {
            const said = [...document.querySelectorAll('[role=status]')].some((status) =>
              /^Tracked/.test(status.textContent ?? ''),
            );
            if (began === 0 || !said) return;
            observer.disconnect();
            requestAnimationFrame(() => resolve(performance.now() - began));
          });
          observer.observe(document.body, { subtree: true, childList: true, characterData: true });
        }),
    );
    await outlook.button('Track').click();
    samples.push(await clicked);
  }
  atMost('track: click to done, p95', percentile(samples, 0.95), 'ms', 150, {
    contacts,
    samples: rounds,
    p50: percentile(samples, 0.5),
  });
}

async function memoryAfterRequests(stack: RunningStack): Promise<void> {
  const token = await stack.token();
  for (let number = 0; number < 1000; number += 1) {
    const filter = encodeURIComponent(`emailaddress1 eq '${addressOf((number * 97) % contacts)}'`);
    const response = await fetch(`${stack.addinUrl}/api/data/v9.2/contacts?$select=fullname&$filter=${filter}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    await response.arrayBuffer();
  }
  const status = readFileSync(`/proc/${stack.pid}/status`, 'utf8');
  const resident = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  atMost('server: resident memory after 1,000 requests', resident, 'MB', 200, {
    contacts,
    role: 'all, with the local Outlook',
  });
}

function commandBundle(): void {
  const files = readdirSync(web).filter((name) => /^commands\..*\.js$/.test(name));
  const bytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(join(web, name))).length, 0);
  atMost('commands: launch-event bundle, gzip', bytes / 1024, 'KB', 30, {});
}

const data = newDataDir();
const mail = writeMailbox();
let stack = await startStack(data.path, mail);
try {
  await createContacts(stack, contacts);
  await stack.stop();
  stack = await startStack(data.path, mail);
  atMost('server: second start to ready', stack.ready, 'ms', 3000, { contacts });
  commandBundle();
  const outlook = await openBrowser(stack, {});
  await bytesUntilCard(outlook, stack);
  await timeToName(outlook);
  await timeToDone(outlook);
  await outlook.close();
  await memoryAfterRequests(stack);
} finally {
  await stack.stop();
  data.remove();
  rmSync(mail, { recursive: true, force: true });
}
