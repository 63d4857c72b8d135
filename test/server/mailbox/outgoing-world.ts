// A mailbox that keeps what it sent, the built-in CRM, and a place where every call to the outside can be made to go wrong.
import { sql } from 'kysely';
import { createDataverse, type Dataverse } from '../../../src/api/dataverse.ts';
import { createHttp } from '../../../src/api/http.ts';
import type { Database } from '../../../src/server/db/open.ts';
import {
  createMailSender,
  type MailSender,
  type SendReport,
} from '../../../src/server/mailbox/outgoing/mail-sender.ts';
import { SourceError, type ChangePage, type MailSource, type SourceItem } from '../../../src/server/mailbox/source.ts';
import { createWorld, daemon, dana, type Client, type World } from '../world.ts';

/**
 * Asked before and after each call to the outside; may throw, with the call not made, or made and its answer lost. What a Refusal
 * holds is the CRM's answer.
 */
export type Outside = (call: string, when: 'before' | 'after') => void | Promise<void>;
export class Refusal extends Error {
  readonly answer: Response;

  constructor(status: number) {
    super(`The CRM answers ${status}.`);
    this.answer = new Response('{"error":{"code":"0x80040000","message":"No."}}', { status });
  }
}
const calm: Outside = () => undefined;

/** What lies in the mailbox, however many processes look at it. */
export class SentItems {
  readonly mails: string[] = [];
  /** No folder is known to be the one for sent mail. */
  isHidden = false;
  /** The server gives mails ids of its own. */
  renames = false;

  source(outside: Outside = calm): MailSource {
    const call = async <T>(name: string, make: () => T): Promise<T> => {
      await outside(name, 'before');
      const made = make();
      await outside(name, 'after');
      return made;
    };
    return {
      folders: () =>
        call('folders', () => [
          { id: 'inbox', name: 'Inbox', parentId: null, role: 'inbox' as const },
          { id: 'sent', name: 'Sent', parentId: null, role: this.isHidden ? null : ('sent' as const) },
        ]),
      changes: (_folder, cursor, since) => call('changes', () => this.page(cursor, since)),
      send: (mime) => call('send', () => void this.mails.push(Buffer.from(mime).toString('latin1'))),
      mime: async () => null,
      mark: async () => false,
      count: async () => this.mails.length,
      close: async () => undefined,
    };
  }

  /** Two pages at least, the first of them empty. */
  private page(cursor: string | null, since: Date): ChangePage {
    const all = cursor === null ? [] : this.mails.map((mail, index) => this.item(mail, index));
    const from = since.toISOString();
    const items = all.filter(({ receivedAt }) => receivedAt >= from);
    return { items, gone: [], cursor: '1', more: cursor === null };
  }

  private item(mail: string, index: number): SourceItem {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(mail)?.[1]?.trim() ?? '';
    const nobody = { to: [], cc: [], bcc: [], from: null };
    return {
      id: `sent-${index}`,
      folderId: 'sent',
      version: '1',
      internetMessageId: this.renames ? `<renamed-${index}@else.example>` : field('Message-ID'),
      subject: field('Subject'),
      ...nobody,
      sentAt: new Date(field('Date')).toISOString(),
      receivedAt: new Date(field('Date')).toISOString(),
      sensitivity: 'normal',
      isDraft: false,
      isMarked: false,
      size: mail.length,
      headers: `X-Alongside-Stamp: ${field('X-Alongside-Stamp')}\r\n`,
    };
  }
}

export interface OutgoingWorld {
  readonly world: World;
  readonly database: Database;
  readonly dana: Client;
  readonly items: SentItems;
  /** Dana's systemuserid. */
  readonly me: string;
  readonly now: () => number;
  later(milliseconds: number): void;
  crm(outside?: Outside): Dataverse;
  /** A process of the daemon. `report` hears what went wrong for one mail alone. */
  process(options?: {
    outside?: Outside;
    mostBytes?: number;
    now?: () => number;
    report?: (error: unknown) => void;
    crm?: Dataverse;
  }): {
    sender: MailSender;
    run: () => Promise<SendReport>;
  };
  draft(subject: string, more?: object): Promise<string>;
  /** Makes a draft and sets it to Pending Send. */
  pending(subject: string, more?: object): Promise<string>;
  read(id: string): Promise<Record<string, unknown>>;
  /** Writes columns past all rules, as another server of this CRM might. */
  set(id: string, columns: Readonly<Record<string, string | number | null>>): Promise<void>;
  copies(subject: string): string[];
}

export const mailbox = { address: dana.address, owner: dana.objectId, queueId: null };

export async function openOutgoingWorld(database: Database, smtpUrl?: string): Promise<OutgoingWorld> {
  let later = 0;
  const now = () => Date.now() + later;
  const crmOptions = { organisation: 'Contoso', firstSignIn: 'create' as const, administrators: [dana.address] };
  const world = await createWorld(database, {
    now: () => new Date(now()),
    services: [daemon.objectId],
    crm: { ...crmOptions, smtpUrl },
  });
  const client = world.as(dana);
  const me = String((await client.get('WhoAmI')).body['UserId']);
  const items = new SentItems();
  const crm = (outside: Outside = calm) =>
    createDataverse(
      createHttp({
        fetch: fetchInto(world, outside),
        baseUrl: 'http://localhost/api/data/v9.2/',
        token: () => world.token(daemon),
      }),
    );
  const draft = (subject: string, more: object = {}) =>
    client.create('emails', {
      subject,
      description: '<p>Hello</p>',
      email_activity_parties: [
        { 'partyid_systemuser@odata.bind': `systemusers(${me})`, participationtypemask: 1 },
        { addressused: 'ada@fabrikam.example', participationtypemask: 2 },
      ],
      ...more,
    });
  return {
    world,
    database,
    dana: client,
    items,
    me,
    now,
    later: (milliseconds) => void (later += milliseconds),
    crm,
    process({ outside = calm, mostBytes, now: clock = now, report = () => undefined, crm: other } = {}) {
      const sender = createMailSender({
        crm: other ?? crm(outside),
        now: clock,
        report,
        ...(mostBytes === undefined ? {} : { mostBytes }),
      });
      const source = items.source(outside);
      return {
        sender,
        run: () => sender.sendPending({ mailbox, source, check: async () => outside('check', 'before') }),
      };
    },
    draft,
    async pending(subject, more) {
      const id = await draft(subject, more);
      const { status, text } = await client.send('POST', `emails(${id})/Microsoft.Dynamics.CRM.SendEmail`, {
        IssueSend: true,
      });
      if (status !== 200) throw new Error(text);
      return id;
    },
    read: async (id) => (await client.get(`emails(${id})`)).body,
    async set(id, columns) {
      const values = Object.entries(columns).map(([name, value]) => sql`${sql.ref(name)} = ${value}`);
      await sql`update email set ${sql.join(values)} where activityid = ${id}`.execute(database.db);
    },
    copies: (subject) => items.mails.filter((mail) => mail.includes(`Subject: ${subject}`)),
  };
}

function fetchInto(world: World, outside: Outside): typeof fetch {
  return async (input, init) => {
    const { pathname, search } = new URL(input as string);
    const method = init?.method ?? 'GET';
    const name = `${method} ${decodeURIComponent(pathname + search).slice('/api/data/v9.2/'.length)}`;
    try {
      await outside(name, 'before');
    } catch (thrown) {
      if (thrown instanceof Refusal) return thrown.answer;
      throw thrown;
    }
    const answer = await world.app.inject({
      method: method as 'GET',
      url: pathname + search,
      headers: Object.fromEntries(new Headers(init?.headers)),
      ...(init?.body == null ? {} : { payload: init.body as string }),
    });
    await outside(name, 'after');
    const body = answer.statusCode === 204 ? null : answer.body;
    return new Response(body, { status: answer.statusCode, headers: answer.headers as Record<string, string> });
  };
}

/** How a call that goes wrong looks to who made it. */
export function failureOf(call: string, when: 'before' | 'after'): Error {
  if (!['send', 'folders', 'changes'].includes(call)) return new TypeError('fetch failed');
  return new SourceError(call === 'send' && when === 'after' ? 'unknown-outcome' : 'unavailable', 'The line broke.');
}
