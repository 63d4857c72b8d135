import { beforeAll, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, daemon, miguel, type Client, type Person, type World } from '../world.ts';

type Rows = { value: Record<string, unknown>[] };

const lena: Person = {
  objectId: 'd0000000-0000-4000-8000-000000000009',
  address: 'lena@contoso.example',
  name: 'Lena Ortiz',
};

/** Set -> a row that somebody keeps for themselves. */
const personal: [string, object][] = [
  ['mailboxes', { name: 'Mine', emailaddress: 'lena@contoso.example' }],
  ['syncerrors', { name: 'A conflict', errortime: '2026-03-01T08:00:00Z', errordetail: 'secret' }],
  ['userqueries', { name: 'My view', returnedtypecode: 'contact' }],
  ['templates', { title: 'My words', templatetypecode: 'contact', languagecode: 1033, ispersonal: true }],
];

forEachEngine('what people keep for themselves', ({ open }) => {
  let world: World;
  let admin: Client;
  let owner: Client;
  let colleague: Client;
  let ownerId: string;
  let colleagueId: string;

  beforeAll(async () => {
    world = await createWorld(await open());
    admin = world.as(dana);
    owner = world.as(lena);
    colleague = world.as(miguel);
    ownerId = String((await owner.get('WhoAmI')).body['UserId']);
    colleagueId = String((await colleague.get('WhoAmI')).body['UserId']);
  });

  async function become(user: string, name: string): Promise<void> {
    const path = `systemusers(${user})/systemuserroles_association`;
    for (const { roleid } of (await admin.get<Rows>(path)).body.value)
      expect((await admin.send('DELETE', `${path}(${String(roleid)})/$ref`)).status).toBe(204);
    const roles = await admin.get<Rows>(`roles?$filter=name eq '${name}'`);
    const role = { '@odata.id': `roles(${String(roles.body.value[0]!['roleid'])})` };
    expect((await admin.send('POST', `${path}/$ref`, role)).status).toBe(204);
  }

  test.each(['Salesperson', 'Sales Manager', 'Customer Service Representative'])(
    'is seen by nobody else with the role %s, but by an administrator and the synchronisation',
    async (role) => {
      await become(colleagueId, role);
      const rows: [string, string, object][] = [];
      for (const [set, row] of personal) rows.push([set, await owner.create(set, row), row]);
      const mailbox = rows[0]![1];
      const folder = { exchangefoldername: 'Deals', 'mailboxid@odata.bind': `/mailboxes(${mailbox})` };
      const folders = 'mailboxtrackingfolders';
      rows.push([folders, await owner.create(folders, folder), folder]);
      for (const [set, id] of [...rows, ['usersettingscollection', ownerId] as const]) {
        const path = `${set}(${id})`;
        expect([path, (await owner.get(path)).status]).toEqual([path, 200]);
        expect([path, (await admin.get(path)).status]).toEqual([path, 200]);
        expect([path, (await world.as(daemon).get(path)).status]).toEqual([path, set === 'userqueries' ? 404 : 200]);
        expect([path, (await colleague.get(path)).status]).toEqual([path, 404]);
        const list = await colleague.get(set);
        expect([path, list.status, list.text.includes(id)]).toEqual([path, 200, false]);
      }
      // Nor is anything hung on them.
      const theft = { exchangefoldername: 'Mine', 'mailboxid@odata.bind': `/mailboxes(${mailbox})` };
      expect((await colleague.send('POST', folders, theft)).status).toBe(404);
    },
  );

  test('templates for everybody, notes and connections are found by everybody, whatever the depth', async () => {
    await become(colleagueId, 'Salesperson');
    const shared = { title: 'Our words', templatetypecode: 'contact', languagecode: 1033, ispersonal: false };
    const contact = await owner.create('contacts', { lastname: 'Bauer' });
    const other = await owner.create('contacts', { lastname: 'Vogt' });
    const rows = [
      `templates(${await owner.create('templates', shared)})`,
      `annotations(${await owner.create('annotations', { subject: 'Met', 'objectid_contact@odata.bind': `/contacts(${contact})` })})`,
      `connections(${await owner.create('connections', {
        'record1id_contact@odata.bind': `/contacts(${contact})`,
        'record2id_contact@odata.bind': `/contacts(${other})`,
      })})`,
    ];
    for (const path of rows) {
      expect([path, (await colleague.get(path)).status]).toEqual([path, 200]);
      expect([path, (await colleague.send('DELETE', path)).status]).toEqual([path, 403]);
    }
  });

  test("options are there from the first sign-in, or from when an administrator enters the user, and are one's own", async () => {
    const mine = `usersettingscollection(${ownerId})`;
    expect((await owner.get(mine)).body).toMatchObject({ paginglimit: 50, timezonecode: 92 });
    expect((await owner.send('PATCH', mine, { timezonecode: 110 })).status).toBe(204);
    expect((await owner.get(mine)).body).toMatchObject({ timezonecode: 110 });
    expect((await colleague.send('PATCH', mine, { timezonecode: 1 })).status).toBe(404);
    const unit = await admin.create('businessunits', { name: 'Harbour' });
    const bind = { 'businessunitid@odata.bind': `/businessunits(${unit})` };
    const entered = await admin.create('systemusers', { lastname: 'New', ...bind });
    const theirs = `usersettingscollection(${entered})`;
    expect((await admin.get(theirs)).body).toMatchObject({ paginglimit: 50, _businessunitid_value: unit });

    expect((await admin.send('PATCH', `systemusers(${ownerId})`, bind)).status).toBe(204);
    expect((await owner.get(mine)).body).toMatchObject({ timezonecode: 110, _businessunitid_value: unit });
  });
});
