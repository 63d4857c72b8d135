// Dana and Miguel use the local Outlook's mailbox through its door, as the host page and later the daemon do.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import PostalMime from 'postal-mime';
import { openIdentity } from '../../src/server/local/identity.ts';
import { startLocal } from '../../src/server/local/start.ts';
import type { Local } from '../../src/server/local/start.ts';

interface Recipient {
  emailAddress: { name: string; address: string };
}

/** What these tests read of Graph's message. */
interface Message {
  id: string;
  subject: string;
  from: Recipient;
  toRecipients: Recipient[];
  isRead: boolean;
  isDraft: boolean;
  hasAttachments: boolean;
  categories: string[];
  receivedDateTime: string;
  internetMessageId: string;
  internetMessageHeaders: { name: string; value: string }[];
  conversationId: string;
  body: { contentType: string; content: string };
  startDateTime: { dateTime: string; timeZone: string };
}

interface Part {
  id: string;
  size: number;
}

interface Folder {
  id: string;
  displayName: string;
  totalItemCount: number;
}

interface Values<Item> {
  value: Item[];
  '@odata.count'?: number;
  '@odata.nextLink'?: string;
}

const read = async <Body>(answer: Response) => (await answer.json()) as Body;
const codeOf = async (answer: Response) => [
  answer.status,
  (await read<{ error: { code: string } }>(answer)).error.code,
];

let dataDir: string;
let local: Local;

const begin = () => startLocal({ port: 0, hostPort: 0, dataDir, log: () => {} });

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'alongside-graph-'));
  local = await begin();
});

afterAll(async () => {
  await local.stop();
  rmSync(dataDir, { recursive: true });
});

const as = (user: string) => {
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const token = await local.token(user);
    return fetch(`${local.hostUrl}/graph/v1.0${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  };
  const json = async <Body = Message>(method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    read<Body>(await send(method, path, body, headers));
  const messages = async (folder: string, query = '') =>
    (await json<Values<Message>>('GET', `/me/mailFolders/${folder}/messages?$top=100${query}`)).value;
  const find = async (folder: string, subject: string | RegExp) =>
    (await messages(folder)).find((mail) =>
      typeof subject === 'string' ? mail.subject === subject : subject.test(mail.subject),
    )!;
  return { send, json, messages, find };
};

const dana = as('dana@contoso.example');
const miguel = as('miguel@contoso.example');
const at = (mail: Message) => `/me/messages/${encodeURIComponent(mail.id)}`;

describe('reading', () => {
  test('Dana sees who she is, her folders and a page of mails with a way to the next', async () => {
    expect(await dana.json('GET', '/me')).toMatchObject({
      displayName: 'Dana Whitfield',
      mail: 'dana@contoso.example',
    });
    const folders = (await dana.json<Values<Folder>>('GET', '/me/mailFolders')).value;
    expect(folders.map(({ displayName }) => displayName)).toEqual(['Inbox', 'Drafts', 'Sent Items', 'Suppliers']);
    const inbox = folders[0]!;
    const first = await dana.json<Values<Message>>(
      'GET',
      `/me/mailFolders/${encodeURIComponent(inbox.id)}/messages?$top=5&$count=true&$select=subject`,
    );
    expect(first['@odata.count']).toBe(inbox.totalItemCount);
    expect(
      Object.keys(first.value[0]!)
        .filter((name) => !name.startsWith('@'))
        .sort(),
    ).toEqual(['id', 'subject']);
    const authorization = `Bearer ${await local.token()}`;
    const next = await read<Values<Message>>(await fetch(first['@odata.nextLink']!, { headers: { authorization } }));
    const ids = [...first.value, ...next.value].map(({ id }) => id);
    expect(new Set(ids).size).toBe(10);
    expect(ids.every((id) => /^[A-Za-z0-9+/=]+$/.test(id))).toBe(true);
  });

  test('the newest mail comes first and came today or yesterday', async () => {
    const times = (await dana.messages('inbox')).map(({ receivedDateTime }) => Date.parse(receivedDateTime));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(Date.now() - times[0]!).toBeLessThan(24 * 60 * 60 * 1000);
    expect(times[0]).toBeLessThanOrEqual(Date.now());
  });

  test('the dates stay what they are over a restart', async () => {
    const before = (await dana.messages('inbox')).map(({ id, receivedDateTime }) => [id, receivedDateTime]);
    await local.stop();
    local = await begin();
    expect((await dana.messages('inbox')).map(({ id, receivedDateTime }) => [id, receivedDateTime])).toEqual(before);
  });

  test.each([
    [/^見積書のお願い（大阪/, '田中 由紀', '大阪オフィスの移転に伴い'],
    [/^Запасні частини/, 'Олена Коваль', 'вишневий сироп'],
    [/^Μηχανές καφέ/, 'Νίκος Παπαδόπουλος', 'μικρό ξενοδοχείο'],
    [/صالة الدوحة/, 'ليلى حداد', 'القهوة العربية بالهيل'],
    [/sieben Läden/, 'Sofia Lindgren', 'Möchten|Hätten'],
  ])('%s is readable in its own letters', async (subject, name, words) => {
    const inbox = [...(await dana.messages('inbox')), ...(await miguel.messages('inbox'))];
    const mail = inbox.find((each) => subject.test(each.subject))!;
    expect(mail.from.emailAddress.name).toBe(name);
    const reader = (await dana.send('GET', at(mail))).ok ? dana : miguel;
    const { body } = await reader.json('GET', at(mail));
    expect(body.content).toMatch(new RegExp(words));
  });

  test('an HTML mail is given as it is, or as words when words are preferred', async () => {
    const mail = await dana.find('inbox', /your week in beans/);
    const html = (await dana.json('GET', at(mail))).body;
    expect(html.contentType).toBe('html');
    expect(html.content).toContain('<script>');
    const text = (await dana.json('GET', at(mail), undefined, { prefer: 'outlook.body-content-type="text"' })).body;
    expect(text).toMatchObject({ contentType: 'text' });
    expect(text.content).not.toContain('<');
  });

  test('headers come when they are asked for, and the mail itself as MIME', async () => {
    const mail = await dana.find('inbox', 'The lobby machine gave up at breakfast');
    const { internetMessageHeaders } = await dana.json('GET', `${at(mail)}?$select=internetMessageHeaders`);
    expect(internetMessageHeaders.map(({ name }) => name)).toContain('Message-ID');
    const parsed = await PostalMime.parse(await (await dana.send('GET', `${at(mail)}/$value`)).arrayBuffer());
    expect(parsed.messageId).toBe(mail.internetMessageId);
  });

  test('a picture in the text is inline, a file is not, and its bytes are what was sent', async () => {
    const lobby = await dana.find('inbox', 'The lobby machine gave up at breakfast');
    const [picture] = (await dana.json<Values<Part>>('GET', `${at(lobby)}/attachments`)).value;
    expect(picture).toMatchObject({
      isInline: true,
      contentId: 'display-e27@fabrikam.example',
      contentType: 'image/png',
    });
    expect(lobby.hasAttachments).toBe(false);
    const list = await dana.find('inbox', 'Numbers before Monday');
    const [file] = (await dana.json<Values<Part>>('GET', `${at(list)}/attachments`)).value;
    const bytes = Buffer.from(
      await (await dana.send('GET', `${at(list)}/attachments/${file!.id}/$value`)).arrayBuffer(),
    );
    expect(bytes.length).toBe(file!.size);
    expect(bytes.toString()).toContain('Northwind Roasters;Won;68400');
  });

  test('an invitation says when and where', async () => {
    const mail = await dana.json('GET', at(await dana.find('inbox', 'Tasting at the Madrid lounge')));
    expect(mail).toMatchObject({
      '@odata.type': '#microsoft.graph.eventMessageRequest',
      meetingMessageType: 'meetingRequest',
      location: { displayName: 'Tailspin Lounge, Terminal 4, Madrid' },
    });
    expect(mail.startDateTime.dateTime).toMatch(/T10:30:00$/);
    expect(mail.startDateTime.timeZone).toBe('Romance Standard Time');
  });

  test('both colleagues hold the same mail, byte for byte, under ids of their own', async () => {
    const [hers, his] = [await dana.find('inbox', /Scan from 2F/), await miguel.find('inbox', /Scan from 2F/)];
    expect(hers.id).not.toBe(his.id);
    expect(hers.internetMessageId).toBeNull();
    const [a, b] = [await dana.send('GET', `${at(hers)}/$value`), await miguel.send('GET', `${at(his)}/$value`)];
    expect(Buffer.from(await a.arrayBuffer())).toEqual(Buffer.from(await b.arrayBuffer()));
    expect((await miguel.send('GET', at(hers))).status).toBe(404);
  });
});

describe('marks', () => {
  test('read state and categories are one’s own and stay over a restart', async () => {
    const mail = await dana.find('inbox', /A small bakery/);
    const changed = await dana.json('PATCH', at(mail), { isRead: true, categories: ['Tracked to CRM'] });
    expect(changed).toMatchObject({ isRead: true, categories: ['Tracked to CRM'] });
    await local.stop();
    local = await begin();
    expect(await dana.find('inbox', /A small bakery/)).toMatchObject({
      id: mail.id,
      isRead: true,
      categories: ['Tracked to CRM'],
    });
    expect(await miguel.find('inbox', /A small bakery/)).toMatchObject({ isRead: false, categories: [] });
  });

  test('the category of tracked mails exists from the start; another one can be added once', async () => {
    expect((await miguel.json<Values<object>>('GET', '/me/outlook/masterCategories')).value).toEqual([
      expect.objectContaining({ displayName: 'Tracked to CRM', color: 'preset7' }),
    ]);
    expect(
      (await miguel.send('POST', '/me/outlook/masterCategories', { displayName: 'Later', color: 'preset1' })).status,
    ).toBe(201);
    expect(
      (await miguel.send('POST', '/me/outlook/masterCategories', { displayName: 'Later', color: 'preset1' })).status,
    ).toBe(409);
  });

  test('custom properties belong to a mail, roaming settings to the mailbox', async () => {
    const path = `${at(await dana.find('inbox', /New address/))}/extensions/alongside.customProperties`;
    expect((await dana.send('GET', path)).status).toBe(404);
    await dana.send('PATCH', path, { value: { 'alongside.state': 'done' } });
    expect(await dana.json('GET', path)).toMatchObject({
      extensionName: 'alongside.customProperties',
      value: { 'alongside.state': 'done' },
    });
    await dana.send('POST', '/me/extensions/alongside.roamingSettings', { value: { theme: 'dark' } });
    expect((await dana.json<{ value: object }>('GET', '/me/extensions/alongside.roamingSettings')).value).toEqual({
      theme: 'dark',
    });
    expect((await miguel.send('GET', '/me/extensions/alongside.roamingSettings')).status).toBe(404);
  });

  test('a received mail can be neither changed nor deleted', async () => {
    const mail = await dana.find('inbox', /Cake at three/);
    expect((await dana.send('PATCH', at(mail), { subject: 'No cake' })).status).toBe(403);
    expect((await dana.send('DELETE', at(mail))).status).toBe(403);
  });
});

describe('writing', () => {
  test('an answer goes to the right people, stands in the thread and arrives next door', async () => {
    const question = await miguel.find('inbox', 'Cake at three');
    const reply = await miguel.json('POST', `${at(question)}/createReplyAll`, {});
    expect(reply).toMatchObject({
      subject: 'Re: Cake at three',
      isDraft: true,
      conversationId: question.conversationId,
    });
    expect(reply.toRecipients.map(({ emailAddress }) => emailAddress.address)).toEqual([
      'dana@contoso.example',
      'hello@contoso.example',
    ]);
    await miguel.send('PATCH', at(reply), {
      subject: 'Re: Cake at three ☕ – ich bringe Löffel',
      body: { contentType: 'html', content: '<p>Löffel &amp; <img src="cid:spoon"></p>' },
      toRecipients: [{ emailAddress: { name: 'Whitfield, Dana', address: 'dana@contoso.example' } }],
      bccRecipients: [{ emailAddress: { address: 'zoe@elsewhere.example' } }],
    });
    const spoon = Buffer.from([137, 80, 78, 71, 0, 255]);
    for (const facts of [
      { name: 'spoon.png', contentType: 'image/png', isInline: true, contentId: 'spoon' },
      { name: 'Löffel "groß".txt', contentType: 'text/plain' },
    ]) {
      const made = await miguel.send('POST', `${at(reply)}/attachments`, {
        '@odata.type': '#microsoft.graph.fileAttachment',
        ...facts,
        contentBytes: spoon.toString('base64'),
      });
      expect(made.status).toBe(201);
    }
    expect((await miguel.send('POST', `${at(reply)}/send`)).status).toBe(202);

    const sent = await miguel.find('sentitems', /Löffel/);
    expect(sent.id).toBe(reply.id);
    const received = await dana.find('inbox', /Löffel/);
    expect(received).toMatchObject({
      isRead: false,
      internetMessageId: sent.internetMessageId,
      conversationId: question.conversationId,
    });
    const raw = Buffer.from(await (await dana.send('GET', `${at(received)}/$value`)).arrayBuffer());
    expect(raw.toString('latin1')).toMatch(/^(?:[\t\x20-\x7e]{0,998}\r\n)+$/);
    const parsed = await PostalMime.parse(raw);
    expect(parsed).toMatchObject({
      subject: 'Re: Cake at three ☕ – ich bringe Löffel',
      inReplyTo: question.internetMessageId,
      to: [{ name: 'Whitfield, Dana', address: 'dana@contoso.example' }],
    });
    expect(parsed.bcc).toBeUndefined();
    expect(parsed.attachments.map(({ filename }) => filename)).toEqual(['spoon.png', 'Löffel "groß".txt']);
    expect(Buffer.from(parsed.attachments[1]!.content as ArrayBuffer)).toEqual(spoon);
    expect(
      (await PostalMime.parse(await (await miguel.send('GET', `${at(sent)}/$value`)).arrayBuffer())).bcc,
    ).toHaveLength(1);
  });

  test('a header cannot be smuggled in through a subject or a name', async () => {
    const draft = await dana.json('POST', '/me/messages', {
      subject: 'Hello\r\nBcc: everybody@example.com',
      toRecipients: [{ emailAddress: { name: 'M\r\nX-Evil: 1', address: 'miguel@contoso.example' } }],
      internetMessageHeaders: [{ name: 'x-alongside', value: 'one\r\nX-Evil: 2' }],
    });
    await dana.send('POST', `${at(draft)}/send`);
    const mail = await PostalMime.parse(
      await (await miguel.send('GET', `${at(await miguel.find('inbox', /^Hello/))}/$value`)).arrayBuffer(),
    );
    expect(mail.headers.map(({ key }) => key)).not.toContain('x-evil');
    expect(mail.bcc).toBeUndefined();
  });

  test('a draft can be thrown away, and sent only once and only to somebody', async () => {
    const draft = await dana.json('POST', '/me/messages', { subject: 'Nobody' });
    expect((await dana.send('POST', `${at(draft)}/send`)).status).toBe(400);
    expect((await dana.send('DELETE', at(draft))).status).toBe(204);
    expect((await dana.send('GET', at(draft))).status).toBe(404);
    const twice = await dana.json('POST', '/me/messages', {
      subject: 'Once',
      toRecipients: [{ emailAddress: { address: 'sales@contoso.example' } }],
    });
    const answers = await Promise.all([1, 2].map(() => dana.send('POST', `${at(twice)}/send`)));
    const [first, second] = answers.map(({ status }) => status).sort();
    expect(first).toBe(202);
    expect([403, 404]).toContain(second);
    expect((await miguel.messages('inbox')).filter(({ subject }) => subject === 'Once')).toHaveLength(1);
  });
});

describe('who may', () => {
  test('without a valid token nothing is shown', async () => {
    for (const authorization of ['', 'Bearer nonsense', 'Basic ZGFuYTo=']) {
      const answer = await fetch(`${local.hostUrl}/graph/v1.0/me`, { headers: { authorization } });
      expect(await codeOf(answer)).toEqual([401, 'InvalidAuthenticationToken']);
    }
  });

  test('a mailbox opens to its owner, also under its address', async () => {
    expect((await dana.json<Folder>('GET', '/users/dana%40contoso.example/mailFolders/inbox')).displayName).toBe(
      'Inbox',
    );
    const refused = await dana.send('GET', '/users/miguel@contoso.example/mailFolders');
    expect(await codeOf(refused)).toEqual([403, 'ErrorAccessDenied']);
  });

  test('an application, as the daemon is one, opens any mailbox but has none of its own', async () => {
    const { accessToken } = await (await openIdentity(dataDir)).token(undefined, 'application');
    const headers = { authorization: `Bearer ${accessToken}` };
    const his = await fetch(`${local.hostUrl}/graph/v1.0/users/miguel@contoso.example/mailFolders/inbox`, { headers });
    expect((await read<Folder>(his)).totalItemCount).toBeGreaterThan(20);
    expect((await fetch(`${local.hostUrl}/graph/v1.0/me`, { headers })).status).toBe(400);
  });

  test('what the mailbox does not understand it refuses in Graph’s words', async () => {
    for (const query of ['$search="x"', '$filter=subject eq 1', '$top=-1', '$orderby=size']) {
      const answer = await dana.send('GET', `/me/messages?${query}`);
      expect(await codeOf(answer)).toEqual([400, 'ErrorInvalidRequest']);
    }
    expect((await dana.send('POST', '/me/translateExchangeIds', {})).status).toBe(404);
    expect((await dana.send('GET', `/me/messages/${encodeURIComponent('AAAA/+=')}`)).status).toBe(404);
  });
});
