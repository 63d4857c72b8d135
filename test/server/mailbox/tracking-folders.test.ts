import { expect, test } from '@jest/globals';
import { createDataverse } from '../../../src/api/dataverse.ts';
import { createHttp } from '../../../src/api/http.ts';
import { createTrackingFolders } from '../../../src/server/mailbox/rules/tracking-folders.ts';
import { forEachEngine } from '../engines.ts';
import { fetchInto } from '../fetch-into.ts';
import { createWorld, daemon, dana } from '../world.ts';

forEachEngine("the CRM's own table of tracked folders", ({ open }) => {
  test('is read as rules for new mail without sub-folders, once a minute for all mailboxes', async () => {
    const world = await createWorld(await open(), { services: [daemon.objectId] });
    const admin = world.as(dana);
    const mailbox = await admin.create('mailboxes', { name: 'Dana', emailaddress: 'Dana@contoso.example' });
    const bo = await admin.create('contacts', { lastname: 'Bo' });
    const folder = { folderonboardingstatus: 0, 'mailboxid@odata.bind': `/mailboxes(${mailbox})` };
    const id = `AAMk${'A'.repeat(40)}/+w=`;
    await admin.create('mailboxtrackingfolders', {
      ...folder,
      exchangefolderid: id,
      'regardingobjectid_contact@odata.bind': `/contacts(${bo})`,
    });
    let clock = 0;
    let requests = 0;
    let isAway = true;
    const fetch: typeof globalThis.fetch = async (...given) => {
      requests += 1;
      if (isAway) throw new TypeError('fetch failed');
      return fetchInto(world)(...given);
    };
    const http = createHttp({ fetch, baseUrl: 'http://localhost/api/data/v9.2/', token: () => world.token(daemon) });
    const foldersOf = createTrackingFolders(createDataverse(http), () => clock);
    // Nothing is known yet: to go on would mean to look past mail that lies in a tracked folder.
    await expect(foldersOf('dana@contoso.example')).rejects.toMatchObject({ code: 'offline' });
    isAway = false;
    requests = 0;
    const [first] = await Promise.all(['dana@contoso.example', 'bo@contoso.example'].map(foldersOf));
    expect(first).toMatchObject([
      {
        trouble: null,
        rule: {
          folderId: id.replace('/', '-').replace('+', '_'),
          includeSubfolders: false,
          appliesTo: 'new',
          origin: 'crm',
          regarding: { table: 'contact', id: bo, name: 'Bo' },
        },
      },
    ]);
    expect(await foldersOf('miguel@contoso.example')).toEqual([]);
    expect(requests).toBe(1);
    await admin.create('mailboxtrackingfolders', { ...folder, exchangefolderid: 'INBOX/Orders' });
    clock = 61_000;
    isAway = true;
    expect(await foldersOf('dana@contoso.example')).toHaveLength(1);
    expect(await foldersOf('dana@contoso.example')).toHaveLength(1);
    expect(requests).toBe(2);
    isAway = false;
    clock = 72_000;
    const both = await foldersOf('dana@contoso.example');
    expect(both.map(({ rule }) => [rule.folderId, rule.regarding?.name])).toEqual([
      [id.replace('/', '-').replace('+', '_'), 'Bo'],
      ['INBOX/Orders', undefined],
    ]);
  });
});
