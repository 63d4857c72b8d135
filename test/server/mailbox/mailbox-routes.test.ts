// What people and administrators see of mailboxes over HTTP, and what they may say.
import { afterEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { MailboxItems, MailboxList, MailboxReport, MailFound } from '../../../src/model/mailbox-report.ts';
import { createDataverse } from '../../../src/api/dataverse.ts';
import { createHttp } from '../../../src/api/http.ts';
import { createAdministrators } from '../../../src/server/mailbox/administrators.ts';
import { makeDue } from '../../../src/server/mailbox/claim.ts';
import { registerMailboxRoutes } from '../../../src/server/mailbox/routes.ts';
import { createSecrets } from '../../../src/server/mailbox/secrets.ts';
import { forEachEngine } from '../engines.ts';
import { fetchInto } from '../fetch-into.ts';
import { daemon, dana, miguel, type Person } from '../world.ts';
import { closeWorlds, createMailboxWorld, type MailboxWorld } from './mailbox-world.ts';

afterEach(closeWorlds);

const key = Buffer.alloc(32, 7).toString('base64');
const imap = { kind: 'imap', host: 'mail.contoso.example', port: 993, secure: true, user: 'miguel' };

function register(at: MailboxWorld): void {
  const { world } = at;
  const door = {
    fetch: fetchInto(world),
    baseUrl: 'http://localhost/api/data/v9.2/',
    token: () => world.token(daemon),
  };
  const http = createHttp(door);
  registerMailboxRoutes(world.app, {
    store: at.store,
    ledger: at.ledger,
    secrets: createSecrets(key),
    isAdministrator: createAdministrators(createDataverse(http), () => at.now()),
    crmFor: (objectId) => createDataverse(createHttp({ ...door, headers: { CallerObjectId: objectId } })),
    newId: at.services.newId,
    folders: false,
  });
}

function client(at: MailboxWorld, person: Person) {
  return async <Body = unknown>(method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown) => {
    const answer = await at.world.app.inject({
      method,
      url: `/sync/v1/${path}`,
      headers: { authorization: `Bearer ${await at.world.token(person)}` },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    const text = answer.body;
    return { status: answer.statusCode, text, body: (text === '' ? null : JSON.parse(text)) as Body };
  };
}

forEachEngine('mailboxes over HTTP', ({ open }) => {
  const start = async () => {
    const at = await createMailboxWorld(await open(), register);
    return { at, hers: client(at, dana), his: client(at, miguel) };
  };

  test('a person sees their own, an administrator all, and nobody but its owner a subject', async () => {
    const { at, hers, his } = await start();
    const id = await at.mailbox(miguel, { automatic: 'off' });
    at.source.add('inbox', { to: miguel.address, subject: 'Salary' });
    await at.poll();
    const own = await his<MailboxList>('GET', 'mailboxes');
    expect(own.body).toMatchObject({ administrator: false, mailboxes: [{ id, own: true, state: 'ready' }] });
    expect(own.body.mailboxes[0]!.counts).toMatchObject({ 'not-tracked': 1, tracked: 0 });
    expect((await his('GET', 'mailboxes?all=true')).status).toBe(403);
    expect((await hers<MailboxList>('GET', 'mailboxes')).body.mailboxes).toEqual([]);
    const all = await hers<MailboxList>('GET', 'mailboxes?all=true');
    expect(all.body).toMatchObject({ administrator: true, mailboxes: [{ id, own: false, settings: null }] });
    const mine = await his<MailboxItems>('GET', `mailboxes/${id}/items`);
    expect(mine.body).toMatchObject({
      items: [{ subject: 'Salary', folder: 'Inbox', why: { code: 'automatic-off' } }],
    });
    const theirs = await hers('GET', `mailboxes/${id}/items`);
    expect(theirs.text).not.toContain('Salary');
    expect(theirs.body).toMatchObject({ items: [{ subject: null, why: { code: 'automatic-off' } }] });
    const other = await at.mailbox(dana);
    for (const path of ['/items', '/alerts', '/folders'])
      expect((await his('GET', `mailboxes/${other}${path}`)).status).toBe(404);
  });

  test('the pane is told why the open mail is or is not tracked, of one’s own mailboxes only', async () => {
    const { at, hers, his } = await start();
    const id = await at.mailbox(miguel, { automatic: 'off' });
    at.source.add('inbox', { to: miguel.address });
    await at.poll();
    const [{ item_key: itemKey } = { item_key: '' }] = await at.items(id);
    const { rows } = await sql<{ since: number }>`select process_from as since from mailbox_account`.execute(
      at.store.tables,
    );
    const since = new Date(Number(rows[0]?.since)).toISOString();
    const why = await his<MailFound>('POST', 'items/why', { itemKey });
    expect(why.body).toMatchObject({ found: { state: 'not-tracked', why: { code: 'automatic-off' } }, since });
    const hidden = await hers<MailFound>('POST', 'items/why', { itemKey });
    expect([hidden.status, hidden.body]).toEqual([200, { found: null, since: null, untracked: false }]);
    const unseen = await his<MailFound>('POST', 'items/why', { itemKey: 'another' });
    expect(unseen.body).toEqual({ found: null, since, untracked: false });
    await his('PATCH', `mailboxes/${id}`, { enabled: false });
    expect((await his<MailFound>('POST', 'items/why', { itemKey: 'another' })).body.since).toBeNull();
    expect((await his('POST', 'items/why', {})).status).toBe(400);
  });

  test('entered by a person, approved by an administrator, tested, switched off; a password goes in and never comes out', async () => {
    const { at, hers, his } = await start();
    const wanted = { address: miguel.address, owner: miguel.objectId, source: imap, password: 'open sesame' };
    const made = await his<MailboxReport>('POST', 'mailboxes', wanted);
    expect(made).toMatchObject({
      status: 201,
      body: { approved: false, enabled: false, nextAt: null, source: 'imap' },
    });
    const { id } = made.body;
    expect((await his('POST', 'mailboxes', wanted)).status).toBe(409);
    expect((await his('PATCH', `mailboxes/${id}`, { approved: true })).status).toBe(403);
    const approved = await hers('PATCH', `mailboxes/${id}`, { approved: true, enabled: true });
    expect(approved.body).toMatchObject({ approved: true, enabled: true, nextAt: expect.any(String) });
    const row = await at.account(id);
    expect(JSON.stringify(row)).not.toContain('sesame');
    expect(createSecrets(key)!.open(row.secret!, id)).toBe('open sesame');
    expect(() => createSecrets(key)!.open(row.secret!, 'another')).toThrow();
    expect((await hers('GET', 'mailboxes?all=true')).text).not.toContain(row.secret);
    const off = await his('PATCH', `mailboxes/${id}`, { enabled: false });
    expect(off.body).toMatchObject({ enabled: false, nextAt: null });
    expect((await his('POST', `mailboxes/${id}/sync`)).status).toBe(202);
    expect((await at.account(id)).next_at).toBeNull();
  });

  test.each([
    ['POST', '', [], 'object'],
    ['POST', '', { address: 'nobody', owner: miguel.objectId, source: { kind: 'graph' } }, 'address'],
    ['POST', '', { address: miguel.address, owner: 'me', source: { kind: 'graph' } }, 'owner'],
    ['POST', '', { address: miguel.address, owner: miguel.objectId, source: { kind: 'pop3' } }, 'source.kind'],
    ['POST', '', { address: miguel.address, owner: miguel.objectId, source: { ...imap, port: 0 } }, 'source.port'],
    [
      'POST',
      '',
      { address: miguel.address, owner: miguel.objectId, source: { kind: 'folder', path: '/etc' } },
      'folders',
    ],
    ['PATCH', '/ID', { sudo: true }, 'sudo'],
    ['PATCH', '/ID', { enabled: 'yes' }, 'enabled'],
    ['PATCH', '/ID', { settings: { nonsense: 1 } }, 'nonsense'],
    ['GET', '/ID/items?state=lost', undefined, 'state'],
    ['GET', '/ID/items?before=x', undefined, 'before'],
    ['PUT', '/ID/folders/inbox/rule', { regarding: { table: 'systemuser', id: 'x', name: '' } }, 'regarding'],
    ['PUT', '/ID/folders/inbox/rule', { appliesTo: 'some' }, 'appliesTo'],
    ['GET', '/not-an-id/items', undefined, 'mailbox'],
  ] as const)('%s mailboxes%s with what is not right is refused, naming it (%#)', async (method, path, body, named) => {
    const { at, his } = await start();
    const id = await at.mailbox(miguel);
    const answer = await his<{ error: { message: string } }>(method, `mailboxes${path.replace('ID', id)}`, body);
    expect([answer.status, answer.body.error.message]).toEqual([400, expect.stringContaining(named)]);
  });

  test.each(['new', 'all'] as const)(
    'a rule for %s mail counts at once, also for a run that began before',
    async (appliesTo) => {
      const { at, his } = await start();
      const id = await at.mailbox(miguel, { automatic: 'off' });
      if (appliesTo === 'all') at.source.add('deals', { subject: 'Old' });
      await at.poll();
      at.later(600_000);
      const { changes } = at.source;
      at.source.changes = async (folder, ...more) => {
        if (folder === 'deals') {
          at.source.changes = changes;
          expect((await his('PUT', `mailboxes/${id}/folders/deals/rule`, { appliesTo })).status).toBe(200);
          at.source.add('deals', { subject: 'New', receivedAt: new Date(at.now() + 1_000).toISOString() });
        }
        return changes(folder, ...more);
      };
      await at.store.tables.updateTable('mailbox_account').set({ next_at: 0 }).execute();
      await at.poll();
      await at.settled();
      const wanted = appliesTo === 'all' ? ['New', 'Old'] : ['New'];
      expect((await at.emails()).map(({ subject }) => subject).sort()).toEqual(wanted);
    },
  );

  test('a folder rule is its owner’s; what already lies in the folder is looked at again if it is for all', async () => {
    const { at, hers, his } = await start();
    const id = await at.mailbox(miguel);
    at.source.add('deals', { to: miguel.address, subject: 'Filed long ago' });
    await at.poll();
    expect((await at.items(id))[0]).toMatchObject({ state: 'not-tracked', why_code: 'folder-not-watched' });
    const path = `mailboxes/${id}/folders/deals/rule`;
    expect((await hers('PUT', path, { appliesTo: 'all' })).status).toBe(403);
    expect((await his('PUT', `mailboxes/${id}/folders/nowhere/rule`, {})).status).toBe(404);
    const put = await his('PUT', path, { appliesTo: 'all' });
    expect(put).toMatchObject({
      status: 200,
      body: { id: 'deals', rule: { appliesTo: 'all', includeSubfolders: false } },
    });
    await his('POST', `mailboxes/${id}/sync`);
    await at.poll();
    await at.settled();
    expect((await at.items(id))[0]).toMatchObject({ state: 'tracked', why_code: 'folder-rule' });
    const preview = await his('POST', `mailboxes/${id}/folders/deals/preview`, { regarding: null });
    expect(preview.body).toEqual({ mails: 1, regardingNow: [{ regarding: null, mails: 1, byHand: false }] });
    // The folder goes: its rule does nothing, which is said here and as an alert, until somebody takes the rule away.
    const { folderList } = at.source;
    at.source.folderList = folderList.filter(({ id: each }) => each !== 'deals');
    at.later(31 * 60_000);
    await at.poll();
    await at.poll();
    expect(await at.alerts()).toEqual(['warning mailbox rule-folder-gone']);
    const alerts = await his<{ alerts: { message: string }[] }>('GET', `mailboxes/${id}/alerts`);
    expect(alerts.body.alerts.map(({ message }) => message)).toEqual([
      expect.stringMatching(/not in the mailbox any more: “Deals”\. Stop tracking/),
    ]);
    const gone = await his<{ folders: unknown[] }>('GET', `mailboxes/${id}/folders`);
    expect(gone.body.folders).toContainEqual(
      expect.objectContaining({ id: 'deals', name: 'Deals', trouble: 'folder-gone' }),
    );
    expect((await his('DELETE', path)).status).toBe(204);
    expect(await at.alerts()).toEqual([]);
    at.source.folderList = folderList;
    const { body } = await his<{ folders: { rule: unknown }[] }>('GET', `mailboxes/${id}/folders`);
    expect(body.folders.every(({ rule }) => rule === null)).toBe(true);
  });

  test('who has just made a folder and asks for a look finds it in the list; a hint alone reads no folders', async () => {
    const { at, his } = await start();
    const id = await at.mailbox(miguel);
    await at.poll();
    at.source.folderList = [...at.source.folderList, { id: 'fairs', name: 'Fairs', parentId: null, role: null }];
    const listed = async () => {
      const { body } = await his<{ folders: { id: string }[] }>('GET', `mailboxes/${id}/folders`);
      return body.folders.some((folder) => folder.id === 'fairs');
    };
    at.later(60_000);
    await makeDue(at.store, { id }, 'hint');
    expect(await at.poll()).toBe(1);
    expect(await listed()).toBe(false);
    await his('POST', `mailboxes/${id}/sync`);
    expect(await at.poll()).toBe(1);
    expect(await listed()).toBe(true);
  });
});
