// npm run bench -- source-week: the real sources, each over the looks of a week with one mailbox: Graph against the local stack's
// server in a process of its own, IMAP against Dovecot where there is one. Ten mails a day come and are read, folders are listed, mails
// are counted, and now and then the line breaks. One JSON line per source: nothing that stays in memory grows with the looks.
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createSecrets } from '../src/server/mailbox/secrets.ts';
import { createSources, type OpenedBy, type SourceServices } from '../src/server/mailbox/sources.ts';
import { hasDovecot, startDovecot } from '../test/dovecot/dovecot.ts';
import { openTestMailbox } from '../test/dovecot/test-mailbox.ts';
import { openGraphMailbox, openGraphWorld } from '../test/server/graph/graph-world.ts';
import { atMost } from './figure.ts';

const days = 7;
/** As a calm mailbox has: every five minutes. */
const looksPerDay = 288;
const mailEvery = 29;
const foldersEvery = 6;
const lineBreaksEvery = 48;

const report = (error: unknown): never => {
  throw error;
};

interface Week {
  readonly name: string;
  readonly mailbox: OpenedBy;
  readonly services: Pick<SourceServices, 'graph' | 'secrets'>;
  readonly deliver: (number: number) => Promise<void>;
}

async function measure({ name, mailbox, services, deliver }: Week): Promise<void> {
  const sources = createSources({ ...services, fetch, now: Date.now, report, keepSecret: async () => undefined });
  const heaps: number[] = [];
  let cursor: string | null = null;
  let inbox = '';
  let [read, look] = [0, 0];
  const readNew = async (): Promise<void> => {
    const source = await sources.open(mailbox);
    const folders = look % foldersEvery === 0 || inbox === '' ? await source.folders() : [];
    inbox = folders.find(({ role }) => role === 'inbox')?.id ?? inbox;
    for (let more = true; more;) {
      const changes = await source.changes(inbox, cursor, new Date(0));
      for (const { id } of changes.items) if ((await source.mime(id, 1_000_000)) !== null) read += 1;
      ({ cursor, more } = changes);
    }
    await source.count(inbox, new Date(0));
  };
  for (let day = 1; day <= days; day += 1) {
    for (let each = 0; each < looksPerDay; each += 1, look += 1) {
      if (look % mailEvery === 0) await deliver(look);
      if (look % lineBreaksEvery === 0) await sources.drop(mailbox);
      await readNew();
    }
    heaps.push(heapNow());
  }
  await sources.close();
  const mails = Math.ceil((days * looksPerDay) / mailEvery);
  if (read < mails) throw new Error(`Of ${mails} mails ${read} were read.`);
  // On the first day functions are compiled, and rooms filled that stay full.
  const growth = (heaps.at(-1) ?? 0) - (heaps[1] ?? 0);
  atMost(`sources: growth of the heap, second to last day, ${name}`, growth, 'MB', 1, { looks: look, mails, heaps });
}

function heapNow(): number {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return Math.round((heapUsed + external) / 104_858) / 10;
}

interface Ready {
  readonly baseUrl: string;
  readonly token: string;
  readonly user: string;
}

/** In a process of its own, so that only the source's memory is measured. */
async function serveGraph(): Promise<void> {
  const world = await openGraphWorld();
  const mailbox = openGraphMailbox(world);
  process.on('message', (number) => {
    void mailbox.deliver('inbox', mailOf(number as number)).then(() => process.send?.('delivered'));
  });
  process.on('disconnect', () => void world.close());
  process.send?.({ baseUrl: world.baseUrl, token: world.accessToken, user: mailbox.user } satisfies Ready);
}

function mailOf(number: number): Uint8Array {
  const head = ['From: kim@fabrikam.example', `Subject: Mail ${number}`, `Message-ID: <${number}@fabrikam.example>`];
  return Buffer.from([...head, 'Content-Type: text/plain', '', 'Hello. '.repeat(200), ''].join('\r\n'));
}

async function measureGraph(): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['graph'], { execArgv: ['--no-warnings'] });
  const said = () => new Promise<unknown>((resolve) => child.once('message', resolve));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const { baseUrl, token, user } = (await said()) as Ready;
  await measure({
    name: 'Graph',
    mailbox: { id: 'graph', address: user, source: '{"kind":"graph"}', secret: null },
    services: { graph: { baseUrl, token: async () => token }, secrets: null },
    async deliver(number) {
      const delivered = said();
      child.send(number);
      await delivered;
    },
  });
  child.disconnect();
  await ended;
}

async function measureImap(): Promise<void> {
  const dovecot = await startDovecot();
  const owned = await openTestMailbox(dovecot);
  const secrets = createSecrets(randomBytes(32).toString('base64'));
  const source = { kind: 'imap', host: '127.0.0.1', port: dovecot.port, secure: false, user: owned.user };
  await measure({
    name: 'IMAP',
    mailbox: {
      ...{ id: 'imap', address: owned.user, source: JSON.stringify(source) },
      secret: secrets?.seal(dovecot.password, 'imap') ?? null,
    },
    services: { graph: null, secrets },
    deliver: (number) => owned.deliver('inbox', mailOf(number)),
  });
  await owned.close();
  await dovecot.close();
}

if (process.argv[2] === 'graph') await serveGraph();
else {
  if (globalThis.gc === undefined) throw new Error('It needs --expose-gc.');
  await measureGraph();
  if (hasDovecot) await measureImap();
  else console.error('No Dovecot here: IMAP is left out.');
}
