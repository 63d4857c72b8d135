import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const program = '/usr/sbin/dovecot';
export const hasDovecot = existsSync(program);

/** Dovecot offers all; the others are what older and simpler servers offer. */
export const dialects = {
  'CONDSTORE and QRESYNC': undefined,
  'CONDSTORE only':
    'IMAP4rev1 SASL-IR ID ENABLE IDLE LITERAL+ NAMESPACE UIDPLUS CHILDREN UNSELECT ESEARCH SPECIAL-USE CONDSTORE MOVE',
  'neither, as Exchange on one’s own premises': 'IMAP4 IMAP4rev1 ID IDLE NAMESPACE LITERAL+ CHILDREN UNSELECT',
} as const;
export type Dialect = keyof typeof dialects;

export interface DovecotOptions {
  readonly dialect?: Dialect;
  readonly format?: 'maildir' | 'sdbox';
  /** Where a token is looked up: `http://127.0.0.1:1234/?token=`; answers JSON with `email`. */
  readonly tokenUrl?: string;
}

export interface Dovecot {
  readonly port: number;
  /** Of every account. */
  readonly password: string;
  /** An account of its own, empty but for its folders. */
  addUser(): string;
  setPassword(user: string, password: string): Promise<void>;
  /** What the server keeps of a user. */
  folderOf(user: string): string;
  /** Puts many mails into the inbox by hand, where the server finds them (Maildir only). */
  fill(user: string, count: number, mail: (number: number) => Uint8Array): void;
  /** What only the administrator of a mail server does. */
  doveadm(...parameters: string[]): string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Stops it and takes everything away. */
  close(): Promise<void>;
}

const password = 'correct horse';
const isRoot = process.getuid?.() === 0;

/** A private mail server: own settings, own accounts, on a port of its own of this machine. */
export async function startDovecot(options: DovecotOptions = {}): Promise<Dovecot> {
  const directory = mkdtempSync(join(tmpdir(), 'alongside-dovecot-'));
  chmodSync(directory, 0o755);
  const port = await freePort();
  const owner = isRoot ? idsOf('nobody') : { uid: userInfo().uid, gid: userInfo().gid };
  const mail = join(directory, 'mail');
  mkdirSync(mail);
  if (isRoot) chownSync(mail, owner.uid, owner.gid);
  const settings = join(directory, 'dovecot.conf');
  const users = join(directory, 'users');
  mkdirSync(users);
  writeFileSync(settings, settingsOf(options, { directory, port, mail, users, owner }));
  // A file for each: one that changes twice in the same second is not read again.
  const writePassword = (user: string, secret: string) => {
    writeFileSync(join(users, user), `${user}:{PLAIN}${secret}\n`);
  };
  const doveadm = (...parameters: string[]) =>
    spawnSync('/usr/bin/doveadm', ['-c', settings, ...parameters], { encoding: 'utf8' });
  let running: ChildProcess | undefined;
  let number = 0;

  const dovecot: Dovecot = {
    port,
    password,
    addUser() {
      const user = `user${String((number += 1))}@contoso.example`;
      writePassword(user, password);
      return user;
    },
    async setPassword(user, secret) {
      writePassword(user, secret);
      // Dovecot looks at most once a second whether the file changed.
      while (doveadm('auth', 'test', user, secret).status !== 0) await pause(50);
    },
    folderOf: (user) => join(mail, user),
    fill(user, count, mailOf) {
      for (let each = 0; each < count; each += 1) {
        const file = join(mail, user, 'new', `${String(1_700_000_000 + each)}.M1P1.contoso`);
        writeFileSync(file, mailOf(each));
        chownSync(file, owner.uid, owner.gid);
      }
    },
    doveadm(...parameters) {
      const { status, stdout, stderr } = doveadm(...parameters);
      if (status !== 0) throw new Error(`doveadm ${parameters.join(' ')}: ${stderr}`);
      return stdout;
    },
    async start() {
      running = spawn(program, ['-F', '-c', settings], { stdio: 'ignore', detached: true });
      const ended = once(running, 'exit');
      for (;;) {
        if (await greets(port)) return;
        const over = await Promise.race([ended.then(() => true), pause(20).then(() => false)]);
        if (over) throw new Error(`Dovecot did not start: ${readFileSync(join(directory, 'log'), 'utf8')}`);
      }
    },
    async stop() {
      if (running === undefined || running.exitCode !== null) return;
      const ended = once(running, 'exit');
      running.kill('SIGTERM');
      await ended;
      // Its processes may outlive it for a moment, and go on answering.
      killGroup(running.pid);
    },
    async close() {
      await dovecot.stop();
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  await dovecot.start();
  return dovecot;
}

interface Place {
  readonly directory: string;
  readonly port: number;
  readonly mail: string;
  readonly users: string;
  readonly owner: { readonly uid: number; readonly gid: number };
}

function settingsOf(options: DovecotOptions, { directory, port, mail, users, owner }: Place): string {
  const { dialect = 'CONDSTORE and QRESYNC', format = 'maildir', tokenUrl } = options;
  const capability = dialects[dialect];
  const own = isRoot ? { internal: 'dovecot', login: 'dovenull' } : userNames();
  const token = join(directory, 'oauth2.conf');
  writeFileSync(token, `tokeninfo_url = ${tokenUrl ?? ''}\nusername_attribute = email\n`);
  return `
    protocols = imap
    listen = 127.0.0.1
    base_dir = ${join(directory, 'run')}
    state_dir = ${join(directory, 'state')}
    log_path = ${join(directory, 'log')}
    default_internal_user = ${own.internal}
    default_internal_group = ${own.internal}
    default_login_user = ${own.login}
    ssl = no
    disable_plaintext_auth = no
    auth_failure_delay = 0
    auth_mechanisms = plain login ${tokenUrl === undefined ? '' : 'xoauth2'}
    mail_location = ${format}:${mail}/%u
    mail_uid = ${String(owner.uid)}
    mail_gid = ${String(owner.gid)}
    first_valid_uid = ${String(Math.min(owner.uid, 500))}
    mail_fsync = never
    mail_max_userip_connections = 1000
    passdb {
      driver = passwd-file
      mechanisms = plain login
      args = username_format=%u ${users}/%u
    }
    ${
      tokenUrl === undefined
        ? ''
        : `passdb {
      driver = oauth2
      mechanisms = xoauth2
      args = ${token}
    }`
    }
    userdb {
      driver = static
      args = home=${mail}/%u allow_all_users=yes
    }
    service anvil {
      ${isRoot ? '' : 'chroot ='}
      unix_listener anvil-auth-penalty {
        mode = 0
      }
    }
    service imap-login {
      ${isRoot ? '' : 'chroot ='}
      service_count = 0
      inet_listener imap {
        port = ${String(port)}
      }
      inet_listener imaps {
        port = 0
      }
    }
    protocol imap {
      ${capability === undefined ? '' : `imap_capability = ${capability}`}
    }
    namespace inbox {
      inbox = yes
      separator = /
      mailbox Sent {
        auto = create
        special_use = \\Sent
      }
      mailbox Drafts {
        auto = create
        special_use = \\Drafts
      }
      mailbox Trash {
        auto = create
        special_use = \\Trash
      }
    }
  `.replace(/^ {4}/gm, '');
}

function killGroup(pid: number | undefined) {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // None is left.
  }
}

function userNames() {
  const { username } = userInfo();
  return { internal: username, login: username };
}

function idsOf(user: string) {
  const id = (kind: string) => Number(spawnSync('id', [kind, user], { encoding: 'utf8' }).stdout);
  return { uid: id('-u'), gid: id('-g') };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Whether an IMAP server answers there. */
async function greets(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    const [greeting] = (await once(socket, 'data')) as [Buffer];
    return greeting.toString('latin1').startsWith('* OK');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
