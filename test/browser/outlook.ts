import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamicsWebApi } from 'dynamics-web-api';
import { chromium, type BrowserContext, type Frame, type FrameLocator, type Locator, type Page } from 'playwright-core';
import { startLocal, type Local } from '../../src/server/local/start.ts';

/**
 * The local stack and a Chromium in front of it, driven as a person would: by roles and names. Each `open` is a data directory
 * and a stack of its own.
 */
export interface Outlook {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly stack: Stack;
  /** Another window of the same browser. */
  newWindow(): Promise<Outlook>;
  /** Clicks the message with this subject in the list. */
  select(subject: string): Promise<void>;
  openPane(): Promise<void>;
  readonly pane: FrameLocator;
  /** The pane's own document, to ask it what a person cannot see. */
  paneFrame(): Promise<Frame>;
  /** The region of the pane that says whether the mail is tracked. */
  readonly tracking: Locator;
  readonly person: Locator;
  /** Waits until the tracking region says this, whole. */
  says(text: string, timeout?: number): Promise<void>;
  /** A button of the pane by its whole name. */
  button(name: string): Locator;
  closePane(): Promise<void>;
  /** Selects a message and opens the pane beside it. */
  read(subject: string): Promise<void>;
  switchUser(name: string): Promise<void>;
  fault(name: Parameters<Local['fault']>[0]): void;
  close(): Promise<void>;
}

/** What a browser needs of a running stack; faults only where it runs in this process. */
export interface Stack extends Pick<Local, 'addinUrl' | 'hostUrl'> {
  token(): Promise<string>;
  fault?(name: Parameters<Local['fault']>[0]): void;
}

export interface OutlookOptions {
  /** The name under which the host page is opened: another site than the add-in's makes the pane third-party. */
  readonly hostName?: 'localhost' | '127.0.0.1' | 'outlook.localhost';
  readonly arguments?: readonly string[];
  readonly mail?: string;
  readonly profile?: string;
  readonly size?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
}

const candidates = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];
export const chromiumPath = candidates.find((path) => path !== undefined && existsSync(path));

/** As root Chromium has no sandbox; the rest keeps it from asking the world for updates. */
const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
  '--disable-gpu',
];

/** A stack of its own and a browser before it. */
export async function openOutlook(options: OutlookOptions = {}): Promise<Outlook> {
  const { stack, end } = await startStack(options);
  return openBrowser(stack, options, end);
}

export async function startStack(
  options: Pick<OutlookOptions, 'mail'> = {},
): Promise<{ stack: Local; end: () => Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'alongside-browser-'));
  const stack = await startLocal({
    port: 0,
    hostPort: 0,
    dataDir,
    log: () => undefined,
    ...(options.mail ? { mail: options.mail } : {}),
  });
  const end = async () => {
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { stack, end };
}

/** A browser before a running stack. With a `profile` folder it remembers, as a person's own browser does. */
export async function openBrowser(stack: Stack, options: OutlookOptions, end = async () => {}): Promise<Outlook> {
  const { context, close } = await openContext(options);
  context.setDefaultTimeout(15_000);
  return openWindow(options, context, stack, async () => {
    await close();
    await end();
  });
}

async function openContext(options: OutlookOptions): Promise<{ context: BrowserContext; close: () => Promise<void> }> {
  const settings = {
    viewport: options.size ?? { width: 1400, height: 900 },
    colorScheme: options.colorScheme ?? 'light',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
  } as const;
  const start = { executablePath: executable(), args: argumentsFor(options.arguments ?? []) };
  if (options.profile !== undefined) {
    const context = await chromium.launchPersistentContext(options.profile, { ...start, ...settings });
    return { context, close: () => context.close() };
  }
  const browser = await chromium.launch(start);
  return { context: await browser.newContext(settings), close: () => browser.close() };
}

function executable(): string {
  if (chromiumPath === undefined) throw new Error('No Chromium was found; set CHROMIUM to its path.');
  return chromiumPath;
}

function argumentsFor(more: readonly string[]): string[] {
  return [...quiet, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...more];
}

async function openWindow(
  options: OutlookOptions,
  context: BrowserContext,
  stack: Stack,
  close: (page: Page) => Promise<void>,
): Promise<Outlook> {
  const page = await context.newPage();
  const address = new URL(stack.hostUrl);
  address.hostname = options.hostName ?? 'localhost';
  await page.goto(address.href);
  const frame = page.locator('iframe[title="Alongside"]');
  const pane = page.frameLocator('iframe[title="Alongside"]');
  const ribbon = page.getByRole('toolbar', { name: 'Ribbon' });
  // The comma after the subject is there for screen readers; without the ^, "x" would also find "Re: x".
  const line = (subject: string) => {
    const whole = new RegExp(`^${subject.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(, )?$`);
    return page.getByRole('listbox').getByText(whole).first();
  };
  const openPane = async () => {
    if ((await frame.count()) === 0) await ribbon.getByRole('button', { name: 'Alongside' }).click();
    await frame.waitFor();
  };
  return {
    page,
    context,
    stack,
    pane,
    async paneFrame() {
      const element = await frame.elementHandle();
      const inside = await element?.contentFrame();
      if (!inside) throw new Error('The pane is not open.');
      return inside;
    },
    tracking: pane.getByRole('region', { name: 'Tracking' }),
    person: pane.getByRole('region', { name: 'Person' }),
    async says(text, timeout = 15_000) {
      const words = pane.getByRole('region', { name: 'Tracking' }).getByText(text, { exact: true }).first();
      await words.waitFor({ timeout }).catch(async (cause: unknown) => {
        await page.screenshot({ path: join(tmpdir(), 'alongside-failed.png') });
        throw cause;
      });
    },
    button: (name) => pane.getByRole('button', { name, exact: true }),
    newWindow: () => openWindow(options, context, stack, (own) => own.close()),
    select: (subject) => line(subject).click(),
    openPane,
    async closePane() {
      await page.getByRole('button', { name: 'Close Alongside' }).click();
      await frame.waitFor({ state: 'detached' });
    },
    async read(subject) {
      await line(subject).click();
      await openPane();
    },
    async switchUser(name) {
      await page.getByRole('group', { name: 'Developer' }).getByLabel('User').selectOption({ label: name });
    },
    fault: (name) => stack.fault?.(name),
    close: () => close(page),
  };
}

/** A client that is not ours, to see what the CRM really holds. */
export function crmClient(stack: Stack): DynamicsWebApi {
  return new DynamicsWebApi({
    serverUrl: stack.addinUrl,
    dataApi: { version: '9.2' },
    onTokenRefresh: () => stack.token(),
  });
}

/** The CRM's e-mails with this subject. */
export async function emailsAbout(stack: Stack, subject: string): Promise<Email[]> {
  const { value } = await crmClient(stack).retrieveMultiple<Email>({
    collection: 'emails',
    select: ['activityid', 'subject', 'messageid', 'directioncode', 'statecode', '_regardingobjectid_value'],
    filter: `subject eq '${subject.replace(/'/g, "''")}'`,
  });
  return value;
}

export interface Email {
  readonly activityid: string;
  readonly subject: string;
  readonly messageid: string;
  readonly directioncode: boolean;
  readonly statecode: number;
  readonly _regardingobjectid_value: string | null;
}

/** Waits for a condition and never for a time; says what was the case when it gives up. */
export async function until<Answer>(
  ask: () => Promise<Answer>,
  holds: (answer: Answer) => boolean,
  limit = 15_000,
): Promise<Answer> {
  const end = Date.now() + limit;
  for (;;) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (Date.now() > end) throw new Error(`It did not happen; the last answer was ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
