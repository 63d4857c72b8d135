import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createImapSource, type ImapSourceOptions } from '../../../src/server/mailbox/imap/imap-source.ts';
import { SourceError, type MailSource, type SourceErrorCode } from '../../../src/server/mailbox/source.ts';
import { always, readChanges } from '../../contracts/mail-source.ts';
import { itemFacts, opened, startScriptedImap, type Script, type ScriptedImap } from './scripted-imap.ts';

const secret = 'tr0ub4dor&3';
let server: ScriptedImap;
let source: MailSource;

afterEach(async () => {
  await source.close();
  await server.close();
});

async function open(script: Script, more: Partial<ImapSourceOptions> = {}) {
  server = await startScriptedImap(script);
  source = createImapSource({
    host: '127.0.0.1',
    port: server.port,
    secure: false,
    user: 'ada@contoso.example',
    auth: { password: secret },
    timeouts: { connect: 300, silence: 300, call: 5_000 },
    now: () => new Date('2026-11-21T12:00:00.000Z'),
    report: () => undefined,
    ...more,
  });
}

async function failure(call: Promise<unknown>): Promise<SourceError> {
  const error: unknown = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(SourceError);
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret);
  // imapflow's own error quotes the command, and may quote mail.
  expect((error as SourceError).cause).toBeUndefined();
  return error as SourceError;
}

const readAll = () => readChanges(source, 'INBOX');
const at = (command: string, answer: string): Script => ({ answers: { [command]: answer } });
const backoff = 'BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds';

describe('every way in which an IMAP server fails has its code', () => {
  const cases: readonly (readonly [name: string, script: Script, code: SourceErrorCode])[] = [
    ['nobody greets', { greeting: 'silence' }, 'unavailable'],
    ['it says goodbye', { greeting: '* BYE Service is going down' }, 'unavailable'],
    ['too many connections', { greeting: '* BYE Too many simultaneous connections' }, 'throttled'],
    ['no IMAP at all', { greeting: '220 smtp.example ESMTP' }, 'unavailable'],
    ['wrong password', at('LOGIN', 'NO [AUTHENTICATIONFAILED] Invalid credentials'), 'unauthorized'],
    ['wrong password, in words', at('LOGIN', 'NO LOGIN failed.'), 'unauthorized'],
    ['expired password', at('LOGIN', 'NO [EXPIRED] Change it first'), 'unauthorized'],
    ['somebody else’s mailbox', at('LOGIN', 'NO [AUTHORIZATIONFAILED] Not yours'), 'forbidden'],
    ['its directory is away', at('LOGIN', 'NO [UNAVAILABLE] Temporary authentication failure.'), 'unavailable'],
    ['too many sign-ins', at('LOGIN', 'NO [LIMIT] Too many'), 'throttled'],
    ['Gmail’s limit of connections', at('LOGIN', 'NO [ALERT] Too many simultaneous connections. (Failure)'), 'throttled'],
    ['Gmail’s limit of bytes', at('LOGIN', 'NO [OVERQUOTA] Account exceeded bandwidth limits.'), 'throttled'],
    ['cut while signing in', at('LOGIN', 'cut'), 'unavailable'],
    ['no sign-in without TLS', { capability: 'IMAP4rev1 LOGINDISABLED' }, 'unauthorized'],
    ['licence gone (Exchange)', at('EXAMINE', 'BAD User is authenticated but not connected.'), 'forbidden'],
    ['no such folder', at('EXAMINE', 'NO [NONEXISTENT] Unknown Mailbox'), 'not-found'],
    ['no such folder, in words', at('EXAMINE', 'NO Mailbox does not exist'), 'not-found'],
    ['no right to the folder', at('EXAMINE', 'NO [NOPERM] Permission denied'), 'forbidden'],
    ['folder in use', at('EXAMINE', 'NO [INUSE] Locked'), 'unavailable'],
    ['Exchange is busy', at('EXAMINE', 'NO Server Unavailable. 15'), 'unavailable'],
    ['Exchange throttles', at('EXAMINE', backoff), 'throttled'],
    ['mails are not numbered', at('EXAMINE', '* 1 EXISTS\r\nOK [READ-ONLY] open'), 'refused'],
    ['cut while opening', at('EXAMINE', '* 1 EXISTS\r\ncut'), 'unavailable'],
    ['search throttled', at('UID SEARCH', 'NO [THROTTLED] Slow down'), 'throttled'],
    ['search throttled (Exchange)', at('UID SEARCH', backoff), 'throttled'],
    ['search refused', at('UID SEARCH', 'NO Search failed'), 'refused'],
    ['search unknown', at('UID SEARCH', 'BAD Unknown command'), 'refused'],
    ['goodbye in a search', at('UID SEARCH', '* BYE Shutting down\r\ncut'), 'unavailable'],
    ['fetch throttled (Exchange)', at('UID FETCH', backoff), 'throttled'],
    ['fetch has an error', at('UID FETCH', 'NO [SERVERBUG] Internal error occurred'), 'unavailable'],
    ['cut in a literal', at('UID FETCH', '* 1 FETCH (UID 7 BODY[HEADER.FIELDS (Sensitivity)] {900}\r\nSens\r\ncut'), 'unavailable'],
    ['silence in a fetch', at('UID FETCH', 'silence'), 'unavailable'],
    ['a literal that nobody believes', at('UID FETCH', '* 1 FETCH (UID 7 BODY[] {99999999999}\r\nOK'), 'unavailable'],
  ]; // prettier-ignore

  test.each(cases)('%s', async (_name, script, code) => {
    await open(script);
    expect((await failure(readAll())).code).toBe(code);
  });

  test('the pause a server asks for is handed on at once, not sat out', async () => {
    await open(at('UID FETCH', backoff));
    expect(await failure(readAll())).toMatchObject({ code: 'throttled', retryAfter: 92_415 });
  });

  test('a line that turns out to be dead under the first question after a rest is made anew, once', async () => {
    let deaths = 0;
    await open({ answers: { EXAMINE: () => (deaths-- > 0 ? 'cut' : undefined) } });
    const { cursor } = await readAll();
    deaths = 1;
    expect(await readChanges(source, 'INBOX', cursor)).toMatchObject({ gone: [] });
    deaths = 2;
    expect((await failure(source.changes('INBOX', cursor, always))).code).toBe('unavailable');
  });

  test('a server that says goodbye between two answers does not make a mail be gone', async () => {
    await open({
      answers: {
        'UID FETCH': (rest) =>
          rest.includes('ENVELOPE')
            ? undefined
            : '* 1 FETCH (UID 7 RFC822.SIZE 22)\r\n* BYE idle for too long\r\nTAG OK',
      },
    });
    const { items } = await readAll();
    expect((await failure(source.mime(items[0]!.id, 1e6))).code).toBe('unavailable');
    expect((await failure(source.mark(items[0]!.id, true))).code).toBe('unavailable');
  });

  test('nothing answers there; or something that speaks no TLS', async () => {
    await open({});
    const port = server.port;
    await server.close();
    expect((await failure(readAll())).code).toBe('unavailable');
    await open({}, { secure: true });
    expect(server.port).not.toBe(port);
    expect((await failure(readAll())).code).toBe('unavailable');
  });

  test('a password leaves this machine only under TLS', async () => {
    await open({ capability: 'IMAP4rev1' }, { host: '0.0.0.0' });
    await failure(readAll());
    expect(server.commands.filter((command) => /LOGIN|AUTH/.test(command))).toEqual([]);
  });

  test('a token that is not to be had is no answer of the server', async () => {
    const accessToken = () => Promise.reject(new Error(`no token for ${secret}`));
    await open({}, { auth: { accessToken } });
    expect((await failure(readAll())).code).toBe('unavailable');
    const consent = () => Promise.reject(new SourceError('unauthorized', 'Consent was withdrawn.'));
    await server.close();
    await open({}, { auth: { accessToken: consent } });
    expect((await failure(readAll())).code).toBe('unauthorized');
  });
});

describe('what servers do in their own way', () => {
  const gmail: Script = {
    capability: 'IMAP4rev1 NAMESPACE SPECIAL-USE X-GM-EXT-1 CONDSTORE ENABLE',
    answers: {
      LIST: (rest) => (rest.endsWith('INBOX') ? undefined : gmailFolders),
      'UID FETCH': (rest) =>
        rest.includes('ENVELOPE') ? `* 1 FETCH (UID 7 X-GM-MSGID 1278455344230334865 ${itemFacts()})\r\nOK` : undefined,
    },
  };
  const gmailFolders = [
    '* LIST (\\HasNoChildren) "/" "INBOX"',
    '* LIST (\\HasChildren \\Noselect) "/" "[Gmail]"',
    '* LIST (\\All \\HasNoChildren) "/" "[Gmail]/Alle Nachrichten"',
    '* LIST (\\HasNoChildren \\Sent) "/" "[Gmail]/Gesendet"',
    '* LIST (\\HasNoChildren \\Trash) "/" "[Gmail]/Papierkorb"',
    'OK',
  ].join('\r\n');

  test('on Gmail a mail has its number for good, is found in all mails, and labels are left alone', async () => {
    await open(gmail);
    expect((await source.folders()).map(({ name, parentId, role }) => [name, parentId, role]).sort()).toEqual([
      ['Alle Nachrichten', null, null],
      ['Gesendet', null, 'sent'],
      ['Inbox', null, 'inbox'],
      ['Papierkorb', null, 'trash'],
    ]);
    const { items } = await readAll();
    expect(items.map(({ id }) => id)).toEqual(['gmail.1278455344230334865']);
    expect(Buffer.from((await source.mime(items[0]!.id, 1e6))!).toString()).toBe('Subject: one\r\n\r\nOne.\r\n');
    expect(server.commands).toContainEqual(expect.stringMatching(/^EXAMINE .*Alle Nachrichten/));
    expect(server.commands).toContain('UID SEARCH X-GM-MSGID 1278455344230334865');
    expect(server.commands.join('\n')).not.toContain('X-GM-LABELS');
  });

  test('a mailbox that keeps no keywords of ours is left as it is', async () => {
    await open(at('SELECT', opened('\\Seen', '\\Seen \\Answered')));
    const { items } = await readAll();
    expect(await source.mark(items[0]!.id, true)).toBe(false);
    expect(server.commands.filter((command) => command.startsWith('UID STORE'))).toEqual([]);
  });

  test('a folder that takes no more keywords refuses ours', async () => {
    await open(at('UID STORE', 'NO [LIMIT] Too many keywords'));
    const { items } = await readAll();
    expect(await source.mark(items[0]!.id, true)).toBe(false);
  });

  test('a keyword that the server took and forgot is not ours', async () => {
    await open({});
    const { items } = await readAll();
    expect(await source.mark(items[0]!.id, true)).toBe(false);
  });

  test('news about other mails, or half of one, between the answers are no items', async () => {
    const news = '* 2 FETCH (UID 3 FLAGS (\\Seen))\r\n* 1 FETCH (FLAGS (\\Answered))\r\n* 2 EXISTS\r\n';
    await open(at('UID FETCH', `${news}* 1 FETCH (UID 7 ${itemFacts()})\r\nOK`));
    expect((await readAll()).items).toMatchObject([{ subject: 'one', internetMessageId: '<one@x.example>' }]);
  });

  test('a search that finds what was not asked for leads nowhere', async () => {
    await open(at('UID SEARCH', '* SEARCH 900 7 3\r\nOK'));
    expect(await readAll()).toMatchObject({ items: [{ subject: 'one' }], pages: 1 });
    expect(server.commands.filter((command) => command.startsWith('UID FETCH'))).toEqual([
      expect.stringMatching(/^UID FETCH 3,7 /),
    ]);
  });

  test('a mail that is too large does not come; one whose size was stated wrong is refused all the same', async () => {
    let stated = 22;
    await open({
      answers: {
        'UID FETCH': (rest) =>
          rest.includes('ENVELOPE') || rest.includes('BODY.PEEK[]')
            ? undefined
            : `* 1 FETCH (UID 7 RFC822.SIZE ${String(stated)})\r\nOK`,
      },
    });
    const { items } = await readAll();
    expect((await failure(source.mime(items[0]!.id, 21))).code).toBe('too-large');
    expect(server.commands.filter((command) => command.includes('BODY.PEEK[]'))).toEqual([]);
    stated = 10;
    expect((await failure(source.mime(items[0]!.id, 21))).code).toBe('too-large');
  });

  test('a hundred thousand mails with gaps between them wait in a cursor of bounded size', async () => {
    const numbers = (text: string) => text.split(':').map(Number) as [number, number];
    const searched: number[] = [];
    await open({
      answers: {
        EXAMINE: () => opened().replace('UIDNEXT 8', 'UIDNEXT 200001').replace('1 EXISTS', '100000 EXISTS'),
        'UID SEARCH': (rest) => {
          const [first, last] = numbers(rest.split(' ')[1]!);
          searched.push(first);
          const even = Array.from(
            { length: Math.ceil((last - first) / 2) },
            (_, index) => 2 * Math.ceil(first / 2) + 2 * index,
          );
          return `* SEARCH ${even.join(' ')}\r\nOK`;
        },
        'UID FETCH': (rest) => {
          const uids = rest.split(' ')[0]!.split(',');
          return [...uids.map((uid, index) => `* ${String(index + 1)} FETCH (UID ${uid} ${itemFacts()})`), 'OK'].join(
            '\r\n',
          );
        },
      },
    });
    let cursor: string | null = null;
    const seen = new Set<string>();
    for (let page = 0; page < 27; page += 1) {
      const read = await source.changes('INBOX', cursor, always);
      expect(read.items).toHaveLength(200);
      expect(read.cursor.length).toBeLessThan(80_000);
      for (const { id } of read.items) seen.add(id);
      cursor = read.cursor;
    }
    expect(seen.size).toBe(27 * 200);
    expect(searched).toEqual([1, 10_002]);
  });

  test('without a date of arrival it is now', async () => {
    await open(at('UID FETCH', '* 1 FETCH (UID 7 FLAGS () ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL))\r\nOK'));
    expect((await readAll()).items).toMatchObject([{ receivedAt: '2026-11-21T12:00:00.000Z', from: null }]);
  });

  test('a cursor is not believed when the server was set back', async () => {
    let next = 8;
    await open({ answers: { EXAMINE: () => opened().replace('UIDNEXT 8', `UIDNEXT ${String(next)}`) } });
    const { cursor } = await readAll();
    next = 5;
    expect((await failure(source.changes('INBOX', cursor, always))).code).toBe('cursor-lost');
    const forged = cursor!.slice(0, -4).concat('AAAA');
    expect((await failure(source.changes('INBOX', forged, always))).code).toBe('cursor-lost');
  });
});
