import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * What the server says to one command, without the tag of the last line, or with TAG where it belongs; `silence` says nothing,
 * `cut` as the last line ends the connection.
 * Undefined: what an ordinary server says.
 */
export type Answer = (rest: string) => string | undefined;

export interface Script {
  readonly greeting?: string;
  readonly capability?: string;
  /** By command, in capitals: `UID FETCH`, `EXAMINE`. */
  readonly answers?: Readonly<Record<string, string | Answer>>;
}

export interface ScriptedImap {
  readonly port: number;
  /** All commands, in order, without their tags. */
  readonly commands: readonly string[];
  close(): Promise<void>;
}

const mailText = 'Subject: one\r\n\r\nOne.\r\n';
const ordinary: Readonly<Record<string, Answer>> = {
  LOGIN: () => 'OK in',
  LIST: (rest) =>
    `* LIST () "/" ${rest.endsWith('"*"') || rest.endsWith('*') ? 'INBOX' : rest.split(' ').at(-1)!}\r\nOK`,
  LSUB: () => 'OK',
  NAMESPACE: () => '* NAMESPACE (("" "/")) NIL NIL\r\nOK',
  EXAMINE: () => opened(),
  SELECT: () => opened(),
  'UID SEARCH': () => '* SEARCH 7\r\nOK',
  'UID FETCH': (rest) =>
    `* 1 FETCH (UID 7 ${rest.includes('BODY.PEEK[]') ? `BODY[]<0> {${String(mailText.length)}}\r\n${mailText}` : itemFacts()})\r\nOK`,
  LOGOUT: () => '* BYE bye\r\nOK',
};

export function opened(flags = '\\Seen', permanent = '\\Seen \\*'): string {
  return [
    `* FLAGS (${flags})`,
    `* OK [PERMANENTFLAGS (${permanent})] these`,
    '* 1 EXISTS',
    '* OK [UIDVALIDITY 11] yes',
    '* OK [UIDNEXT 8] next',
    'OK [READ-WRITE] open',
  ].join('\r\n');
}

export function itemFacts(flags = '\\Seen'): string {
  const envelope = 'NIL "one" NIL NIL NIL NIL NIL NIL NIL "<one@x.example>"';
  return `FLAGS (${flags}) ENVELOPE (${envelope}) INTERNALDATE "20-Nov-2026 10:00:00 +0000" RFC822.SIZE ${String(mailText.length)}`;
}

/** A server that does what a test says: for what a well-behaved one never does. */
export async function startScriptedImap(script: Script): Promise<ScriptedImap> {
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const capability = script.capability ?? 'IMAP4rev1 NAMESPACE';
  const say = (name: string, rest: string): string => {
    if (name === 'CAPABILITY') return `* CAPABILITY ${capability}\r\nOK`;
    const own = script.answers?.[name];
    return (typeof own === 'string' ? own : own?.(rest)) ?? ordinary[name]?.(rest) ?? 'OK';
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    if (script.greeting !== 'silence') socket.write(`${script.greeting ?? '* OK hello'}\r\n`);
    if (script.greeting?.startsWith('* BYE') === true) socket.end();
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const [, tag, name, rest] = /^(\S+) ((?:UID )?\S+) ?(.*)$/.exec(text.slice(0, end)) ?? [];
        text = text.slice(end + 2);
        if (tag === undefined || name === undefined) continue;
        commands.push(`${name} ${rest ?? ''}`.trim());
        const answer = say(name.toUpperCase(), rest ?? '');
        if (answer === 'silence') continue;
        if (answer.includes('TAG ')) {
          socket.write(`${answer.replace('TAG', tag)}\r\n`);
          continue;
        }
        const lines = answer.split('\r\n');
        const last = lines.pop() ?? '';
        if (last === 'cut') socket.end(lines.map((line) => `${line}\r\n`).join(''));
        else socket.write([...lines, `${tag} ${last}`, ''].join('\r\n'));
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    commands,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
