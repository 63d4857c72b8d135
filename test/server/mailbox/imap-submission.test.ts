import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import { createImapSource, type ImapSourceOptions } from '../../../src/server/mailbox/imap/imap-source.ts';
import { SourceError } from '../../../src/server/mailbox/source.ts';

type Behaviour =
  'takes' | 'refuses a recipient' | 'is busy' | 'refuses the mail' | 'hangs up before the mail' | 'hangs up in the mail' | 'hangs up after the mail'; // prettier-ignore

const account = { user: 'ada@contoso.example', auth: { password: 'correct horse' } };
const reading = { host: '127.0.0.1', port: 1, secure: false, now: () => new Date(), report: () => undefined };
let server: SMTPServer;
let behaviour: Behaviour;
let taken: { from: string; to: string[]; mime: string }[];
let reported: unknown[];

const hangUp = () => {
  for (const connection of server.connections)
    (connection as unknown as { _socket: { destroy(): void } })._socket.destroy();
};
const answer = (responseCode: number) => Object.assign(new Error('not this'), { responseCode });

beforeEach(async () => {
  behaviour = 'takes';
  taken = [];
  reported = [];
  server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth({ username, password }, _session, done) {
      const { user, auth } = account;
      if (username === user && password === auth.password) done(null, { user });
      else done(new Error('Invalid login'));
    },
    onRcptTo({ address }, _session, done) {
      if (behaviour === 'hangs up before the mail') hangUp();
      else if (behaviour === 'is busy') done(answer(451));
      else if (behaviour === 'refuses a recipient' && address.startsWith('nobody')) done(answer(550));
      else done(null);
    },
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (behaviour === 'hangs up in the mail') hangUp();
      });
      stream.on('end', () => {
        const { mailFrom, rcptTo } = envelope;
        const from = mailFrom === false ? '' : mailFrom.address;
        taken.push({ from, to: rcptTo.map(({ address }) => address), mime: Buffer.concat(chunks).toString('latin1') });
        if (behaviour === 'hangs up after the mail') hangUp();
        else done(behaviour === 'refuses the mail' ? answer(554) : null);
      });
    },
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
});
afterEach(() => new Promise<void>((done) => server.close(() => done())));

function open(more: Partial<ImapSourceOptions> = {}) {
  const { port } = server.server.address() as AddressInfo;
  const submission = { host: '127.0.0.1', port, secure: false };
  return createImapSource({
    ...reading,
    ...account,
    submission,
    report: (error) => reported.push(error),
    ...more,
  });
}

const head = [
  'From: Ada <ada@contoso.example>',
  'To: "Hopper, Grace" <grace@fabrikam.example>, team: alan@contoso.example, grace@fabrikam.example;',
  'Bcc: secret@contoso.example,',
  ' other@contoso.example',
  'Subject: Offer',
  'Message-ID: <out-1@contoso.example>',
];
const mail = (lines: readonly string[] = head, body = 'Dear Grace,\r\n.\r\n..\r\nBcc: stays\r\n\xe4\xff\r\n') =>
  Buffer.from([...lines, '', body].join('\r\n'), 'latin1');

async function codeOf(call: Promise<unknown>) {
  const error: unknown = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(SourceError);
  const shown = inspect(error, { depth: 10, showHidden: true });
  for (const secret of [account.auth.password, 'Dear Grace']) expect(shown).not.toContain(secret);
  return (error as SourceError).code;
}

test('a mail goes out once, as it was written but for Bcc, to everybody it names', async () => {
  await open().send(mail());
  expect(taken).toEqual([
    {
      from: 'ada@contoso.example',
      to: ['grace@fabrikam.example', 'alan@contoso.example', 'secret@contoso.example', 'other@contoso.example'],
      mime: mail(head.filter((line) => !/bcc|other@/i.test(line))).toString('latin1'),
    },
  ]);
});

test.each<readonly [Behaviour, string]>([
  ['is busy', 'unavailable'],
  ['refuses the mail', 'refused'],
  ['hangs up before the mail', 'unavailable'],
  ['hangs up after the mail', 'unknown-outcome'],
])('a server that %s: %s', async (how, code) => {
  behaviour = how;
  expect(await codeOf(open().send(mail()))).toBe(code);
  expect(taken.length).toBe(how === 'refuses the mail' || how === 'hangs up after the mail' ? 1 : 0);
});

test('a mail of which the server saw only half was not sent, and may be sent again', async () => {
  behaviour = 'hangs up in the mail';
  const large = mail(head, 'x'.repeat(76).concat('\r\n').repeat(200_000));
  expect(await codeOf(open().send(large))).toBe('unavailable');
  behaviour = 'takes';
  await open().send(large);
  expect(taken).toHaveLength(1);
});

test('whoever is refused is told of, and the others have the mail', async () => {
  behaviour = 'refuses a recipient';
  const to = (...addresses: string[]) => mail([head[0]!, `To: ${addresses.join(', ')}`]);
  await open().send(to('nobody@contoso.example', 'grace@fabrikam.example'));
  expect(taken.map(({ to: [...all] }) => all)).toEqual([['grace@fabrikam.example']]);
  expect(reported).toHaveLength(1);
  expect(await codeOf(open().send(to('nobody@contoso.example')))).toBe('refused');
});

test('without sign-in, a server, TLS or recipients nothing leaves', async () => {
  const wrong = open({ auth: { password: 'wrong' } });
  expect(await codeOf(wrong.send(mail()))).toBe('unauthorized');
  const readsOnly = createImapSource({ ...reading, ...account });
  expect(await codeOf(readsOnly.send(mail()))).toBe('refused');
  const { port } = server.server.address() as AddressInfo;
  const inTheClear = open({ submission: { host: '0.0.0.0', port, secure: false } });
  expect(await codeOf(inTheClear.send(mail()))).toBe('refused');
  const closed = open({ submission: { host: '127.0.0.1', port: 1, secure: false } });
  expect(await codeOf(closed.send(mail()))).toBe('unavailable');
  expect(await codeOf(open().send(mail([head[0]!])))).toBe('refused');
  expect(taken).toEqual([]);
});
