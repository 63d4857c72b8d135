import { beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Database } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, daemon, miguel, type Client, type Person, type World } from '../world.ts';

type Rows = { value: Record<string, unknown>[] };

const lena: Person = {
  objectId: 'd0000000-0000-4000-8000-000000000009',
  address: 'lena@contoso.example',
  name: 'Lena Ortiz',
};

forEachEngine('rights as they change', ({ open }) => {
  let database: Database;
  let world: World;
  let admin: Client;
  let salesman: Client;
  let me: string;
  let other: string;

  beforeAll(async () => {
    database = await open();
    world = await createWorld(database);
    admin = world.as(dana);
    salesman = world.as(miguel);
    me = String((await salesman.get('WhoAmI')).body['UserId']);
    other = String((await world.as(lena).get('WhoAmI')).body['UserId']);
    const reading = await makeRole('Own rows', ['Account', 'Contact', 'Activity', 'Opportunity'], 'Basic');
    await onlyRole(me, reading);
  });

  async function makeRole(name: string, tables: string[], depth: string): Promise<string> {
    const id = await admin.create('roles', { name });
    const rights = ['Create', 'Read', 'Write', 'Delete', 'Append', 'AppendTo', 'Assign', 'Share'];
    const all = tables.flatMap((table) =>
      rights.map((right) => ({ PrivilegeName: `prv${right}${table}`, Depth: depth })),
    );
    const people = ['prvReadUser', 'prvReadTeam'].map((PrivilegeName) => ({ PrivilegeName, Depth: 'Global' }));
    await ok(
      admin.send('POST', `roles(${id})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, { Privileges: [...all, ...people] }),
    );
    return id;
  }

  async function onlyRole(user: string, role: string): Promise<void> {
    const path = `systemusers(${user})/systemuserroles_association`;
    for (const { roleid } of (await admin.get<Rows>(path)).body.value)
      await ok(admin.send('DELETE', `${path}(${String(roleid)})/$ref`));
    await ok(admin.send('POST', `${path}/$ref`, { '@odata.id': `roles(${role})` }));
  }

  async function ok(answer: ReturnType<Client['send']>): Promise<void> {
    const { status, text } = await answer;
    expect([text, status < 300]).toEqual(['', true]);
  }

  const entity = (table: string, id: string) => ({
    [`${table === 'email' ? 'activity' : table}id`]: id,
    '@odata.type': `Microsoft.Dynamics.CRM.${table}`,
  });
  const grant = (message: 'GrantAccess' | 'ModifyAccess', target: object, mask: string, to = me) =>
    admin.send('POST', message, {
      Target: target,
      PrincipalAccess: { AccessMask: mask, Principal: entity('systemuser', to) },
    });
  const sees = async (path: string) => (await salesman.get(path)).status;

  test('a share comes down to children, also to later ones, moves with them, and goes again', async () => {
    const account = await admin.create('accounts', { name: 'Harbour' });
    const bind = { 'parentcustomerid_account@odata.bind': `/accounts(${account})` };
    const contact = await admin.create('contacts', { lastname: 'Early', ...bind });
    const task = await admin.create('tasks', {
      subject: 'Call',
      'regardingobjectid_contact@odata.bind': `/contacts(${contact})`,
    });
    expect(await sees(`accounts(${account})`)).toBe(404);
    await ok(grant('GrantAccess', entity('account', account), 'ReadAccess'));
    const late = await admin.create('contacts', { lastname: 'Late', ...bind });
    const paths = [`accounts(${account})`, `contacts(${contact})`, `tasks(${task})`, `contacts(${late})`];
    for (const path of paths) expect([path, await sees(path)]).toEqual([path, 200]);
    expect((await salesman.send('PATCH', `contacts(${contact})`, { jobtitle: 'x' })).status).toBe(403);

    await ok(grant('ModifyAccess', entity('account', account), 'ReadAccess, WriteAccess'));
    await ok(salesman.send('PATCH', `contacts(${contact})`, { jobtitle: 'x' }));
    const shares = await admin.get<{ PrincipalAccesses: { AccessMask: string }[] }>(
      `RetrieveSharedPrincipalsAndAccess(Target=@t)?@t={"@odata.id":"contacts(${contact})"}`,
    );
    expect(shares.body.PrincipalAccesses).toMatchObject([
      { AccessMask: 'ReadAccess, WriteAccess', Principal: { systemuserid: me } },
    ]);

    await ok(admin.send('PATCH', `contacts(${late})`, { 'parentcustomerid_account@odata.bind': null }));
    expect(await sees(`contacts(${late})`)).toBe(404);
    await ok(
      admin.send('POST', 'RevokeAccess', { Target: entity('account', account), Revokee: entity('systemuser', me) }),
    );
    for (const path of paths) expect([path, await sees(path)]).toEqual([path, 404]);
  });

  test('nobody shares a right that they do not have, nor what they do not see', async () => {
    const id = await admin.create('contacts', { lastname: 'Guarded' });
    const share = (mask: string) =>
      salesman.send('POST', 'GrantAccess', {
        Target: entity('contact', id),
        PrincipalAccess: { AccessMask: mask, Principal: entity('systemuser', other) },
      });
    expect((await share('ReadAccess')).status).toBe(404);
    await ok(grant('GrantAccess', entity('contact', id), 'ReadAccess, ShareAccess'));
    expect((await share('DeleteAccess')).body).toMatchObject({ error: { code: '0x80048306' } });
    await ok(share('ReadAccess'));
    expect((await grant('GrantAccess', entity('contact', id), 'FlyAccess')).status).toBe(400);
  });

  test('children follow a new owner, into its business unit; the old one may keep a share', async () => {
    const unit = await admin.create('businessunits', { name: 'West' });
    await ok(admin.send('PATCH', `systemusers(${other})`, { 'businessunitid@odata.bind': `/businessunits(${unit})` }));
    const account = await salesman.create('accounts', { name: 'Moved' });
    const bind = { 'parentcustomerid_account@odata.bind': `/accounts(${account})` };
    const contact = await salesman.create('contacts', { lastname: 'Along', ...bind });
    const organization = String((await admin.get('WhoAmI')).body['OrganizationId']);
    const keep = (value: boolean) =>
      ok(admin.send('PATCH', `organizations(${organization})`, { sharetopreviousowneronassign: value }));
    await keep(true);
    await ok(salesman.send('PATCH', `accounts(${account})`, { 'ownerid@odata.bind': `/systemusers(${other})` }));
    await keep(false);
    for (const path of [`accounts(${account})`, `contacts(${contact})`])
      expect((await admin.get(path)).body).toMatchObject({ _ownerid_value: other, _owningbusinessunit_value: unit });
    expect(await sees(`accounts(${account})`)).toBe(200);

    const root = await admin.get<Rows>('businessunits?$filter=parentbusinessunitid eq null');
    const top = String(root.body.value[0]!['businessunitid']);
    await ok(admin.send('PATCH', `systemusers(${other})`, { 'businessunitid@odata.bind': `/businessunits(${top})` }));
    expect((await admin.get(`accounts(${account})`)).body['_owningbusinessunit_value']).toBe(top);
  });

  test('a team brings rights the moment somebody joins, and takes them along; an access team owns nothing', async () => {
    const role = await makeRole('All leads', ['Lead'], 'Global');
    const team = await admin.create('teams', { name: 'Hunters' });
    await ok(admin.send('POST', `teams(${team})/teamroles_association/$ref`, { '@odata.id': `roles(${role})` }));
    expect(await sees('leads')).toBe(403);
    await ok(
      admin.send('POST', `teams(${team})/teammembership_association/$ref`, { '@odata.id': `systemusers(${me})` }),
    );
    expect(await sees('leads')).toBe(200);
    await ok(admin.send('DELETE', `teams(${team})/teammembership_association(${me})/$ref`));
    expect(await sees('leads')).toBe(403);
    const access = await admin.create('teams', { name: 'Friends', teamtype: 1 });
    const owned = await admin.send('POST', 'contacts', { lastname: 'No', 'ownerid@odata.bind': `/teams(${access})` });
    expect(owned.status).toBe(400);
  });

  test('AddMembersTeam and RemoveMembersTeam take many users at once, and nobody who may not change the team', async () => {
    const team = await admin.create('teams', { name: 'Rowers' });
    const action = (who: Client, name: string, Members: unknown) =>
      who.send('POST', `teams(${team})/Microsoft.Dynamics.CRM.${name}`, { Members });
    const members = async () => {
      const path = `teams(${team})/teammembership_association?$select=systemuserid`;
      return (await admin.get<Rows>(path)).body.value.map(({ systemuserid }) => systemuserid).sort();
    };
    const both = [{ systemuserid: me }, entity('systemuser', other)];
    await ok(action(admin, 'AddMembersTeam', both));
    await ok(action(admin, 'AddMembersTeam', [{ systemuserid: me }]));
    expect(await members()).toEqual([me, other].sort());
    expect((await action(salesman, 'RemoveMembersTeam', [])).status).toBe(403);
    expect((await action(salesman, 'AddMembersTeam', both)).status).toBe(403);
    for (const wrong of [undefined, 'x', [1], [{}], [entity('team', team)]])
      expect([wrong, (await action(admin, 'AddMembersTeam', wrong)).status]).toEqual([wrong, 400]);
    const gone = [{ systemuserid: me }, { systemuserid: team }];
    expect((await action(admin, 'RemoveMembersTeam', gone)).status).toBe(404);
    expect(await members()).toEqual([me, other].sort());
    await ok(action(admin, 'RemoveMembersTeam', both));
    expect(await members()).toEqual([]);
  });

  test("an administrator's change counts at the very next request", async () => {
    const role = await makeRole('Leads of the unit', ['Lead'], 'Local');
    const harbour = await admin.create('businessunits', { name: 'Next door' });
    const top = String((await admin.get('WhoAmI')).body['BusinessUnitId']);
    const team = await admin.create('teams', { name: 'Readers' });
    const lead = await admin.create('leads', { subject: 'Close', lastname: 'Close' });
    const link = (path: string, to: string) => ok(admin.send('POST', `${path}/$ref`, { '@odata.id': to }));
    const unlink = (path: string, id: string) => ok(admin.send('DELETE', `${path}(${id})/$ref`));
    const move = (unit: string) =>
      ok(admin.send('PATCH', `systemusers(${me})`, { 'businessunitid@odata.bind': `/businessunits(${unit})` }));
    const disable = (isdisabled: boolean) => ok(admin.send('PATCH', `systemusers(${me})`, { isdisabled }));
    const own = `systemusers(${me})/systemuserroles_association`;
    const privilege = async (Depth: string) => {
      const Privileges = [{ PrivilegeName: 'prvReadLead', Depth }];
      await ok(admin.send('POST', `roles(${role})/Microsoft.Dynamics.CRM.ReplacePrivilegesRole`, { Privileges }));
    };
    const steps: [string, () => Promise<unknown>, number][] = [
      ['a role is given', () => link(own, `roles(${role})`), 200],
      ['the user moves away', () => move(harbour), 404],
      ['and back', () => move(top), 200],
      ['the depth of the role is less', () => privilege('Basic'), 404],
      ['and more', () => privilege('Global'), 200],
      ['the role is taken', () => unlink(own, role), 403],
      ['the user joins a team', () => link(`teams(${team})/teammembership_association`, `systemusers(${me})`), 403],
      ['the team gets the role', () => link(`teams(${team})/teamroles_association`, `roles(${role})`), 200],
      ['the user is disabled', () => disable(true), 403],
      ['and enabled', () => disable(false), 200],
      ["the team's role is taken", () => unlink(`teams(${team})/teamroles_association`, role), 403],
      [
        'the role is put on again from its own side',
        () => link(`roles(${role})/teamroles_association`, `teams(${team})`),
        200,
      ],
      ['the role is deleted', () => ok(admin.send('DELETE', `roles(${role})`)), 403],
    ];
    expect(await sees(`leads(${lead})`)).toBe(403);
    for (const [step, change, status] of steps) {
      await change();
      expect([step, await sees(`leads(${lead})`)]).toEqual([step, status]);
    }
  });

  test('nobody but an administrator changes roles, and the administrators cannot be changed', async () => {
    const roles = await admin.get<Rows>("roles?$filter=name eq 'System Administrator'");
    const role = String(roles.body.value[0]!['roleid']);
    const link = { '@odata.id': `roles(${role})` };
    expect((await salesman.send('POST', `systemusers(${me})/systemuserroles_association/$ref`, link)).status).toBe(403);
    const change = await admin.send('POST', `roles(${role})/Microsoft.Dynamics.CRM.ReplacePrivilegesRole`, {
      Privileges: [],
    });
    expect(change.status).toBe(400);
    expect((await salesman.send('POST', 'roles', { name: 'Mine' })).status).toBe(403);
    expect((await salesman.send('PATCH', `systemusers(${me})`, { title: 'King' })).status).toBe(403);
  });

  test('what others stand on is not deleted: units in use, the administrators', async () => {
    const root = String((await admin.get('WhoAmI')).body['BusinessUnitId']);
    expect((await admin.send('DELETE', `businessunits(${root})`)).status).toBe(400);
    const roles = await admin.get<Rows>("roles?$filter=name eq 'System Administrator'");
    expect((await admin.send('DELETE', `roles(${String(roles.body.value[0]!['roleid'])})`)).status).toBe(400);
    const empty = await admin.create('businessunits', { name: 'Empty' });
    await ok(admin.send('DELETE', `businessunits(${empty})`));
  });

  test('a role takes ten thousand privileges at once, and no more', async () => {
    const role = await admin.create('roles', { name: 'Too many' });
    const Privileges = Array.from({ length: 10_001 }, () => ({ PrivilegeName: 'prvReadContact', Depth: 'Basic' }));
    const answer = await admin.send('POST', `roles(${role})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, { Privileges });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('10000')]);
  });

  test('RetrieveUserPrivileges lists the deepest of each', async () => {
    const answer = await admin.get<{ RolePrivileges: Record<string, unknown>[] }>(
      `systemusers(${me})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()`,
    );
    expect(answer.body.RolePrivileges).toContainEqual(
      expect.objectContaining({ PrivilegeName: 'prvReadContact', Depth: 'Basic' }),
    );
    const names = answer.body.RolePrivileges.map(({ PrivilegeName }) => PrivilegeName);
    expect(new Set(names).size).toBe(names.length);
  });

  test('a secured column is empty, cannot be asked about or set, until a profile allows it', async () => {
    const id = await salesman.create('contacts', { lastname: 'Secret', mobilephone: '0170' });
    const definition = "EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='mobilephone')";
    const read = async () => (await admin.get(definition)).body;
    expect(await read()).toMatchObject({ IsSecured: false, CanBeSecuredForRead: true });
    const secured = { ...(await read()), IsSecured: true };
    expect((await salesman.send('PUT', definition, secured)).body).toMatchObject({ error: { code: '0x80040220' } });
    expect(await sees("contacts?$filter=mobilephone eq '0170'")).toBe(200);
    await ok(admin.send('PUT', definition, secured));
    expect(await read()).toMatchObject({ IsSecured: true, LogicalName: 'mobilephone' });
    const profile = await admin.create('fieldsecurityprofiles', { name: 'Phones' });
    const row = async () => (await salesman.get(`contacts(${id})?$select=mobilephone`)).body;
    expect(await row()).toMatchObject({ mobilephone: null });
    expect((await admin.get(`contacts(${id})?$select=mobilephone`)).body['mobilephone']).toBe('0170');
    const refused: [string, string][] = [
      ["contacts?$filter=mobilephone eq '0170'", '0x8004f504'],
      ['contacts?$orderby=mobilephone', '0x8004f504'],
      ['contacts?$apply=groupby((mobilephone))', '0x8004f504'],
      ["opportunities?$filter=parentcontactid/mobilephone eq '0170'", '0x8004f504'],
      ["accounts?$filter=contact_customer_accounts/any(c:startswith(c/mobilephone,'0'))", '0x8004f504'],
    ];
    for (const [path, code] of refused)
      expect([path, (await salesman.get(path)).body]).toMatchObject([path, { error: { code } }]);
    expect((await salesman.get(`contacts(${id})/mobilephone`)).status).toBe(204);
    const set = () => salesman.send('PATCH', `contacts(${id})`, { mobilephone: '0171' });
    expect(await set()).toMatchObject({ status: 403, body: { error: { code: '0x8004f507' } } });
    const made = await salesman.send('POST', 'contacts', { lastname: 'S', mobilephone: '1' });
    expect(made).toMatchObject({ status: 403, body: { error: { code: '0x8004f502' } } });

    await admin.create('fieldpermissions', {
      'fieldsecurityprofileid@odata.bind': `/fieldsecurityprofiles(${profile})`,
      ...{ entityname: 'contact', attributelogicalname: 'mobilephone', canread: 4, canupdate: 4 },
    });
    const link = { '@odata.id': `fieldsecurityprofiles(${profile})` };
    await ok(admin.send('POST', `systemusers(${me})/systemuserprofiles_association/$ref`, link));
    await ok(set());
    expect(await row()).toMatchObject({ mobilephone: '0171' });
    const freed = { AttributeType: 'String', IsSecured: false };
    await ok(admin.send('PUT', `${definition}/Microsoft.Dynamics.CRM.StringAttributeMetadata`, freed));
    expect((await world.as(lena).get("contacts?$filter=mobilephone eq '0171'")).status).toBe(200);
  });

  test('a secured column with a default is filled in for everybody, and set only by who may', async () => {
    const credit = "EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='creditonhold')";
    await ok(admin.send('PUT', credit, { AttributeType: 'Boolean', IsSecured: true }));
    const held = await salesman.send('POST', 'contacts', { lastname: 'Held', creditonhold: true });
    expect(held).toMatchObject({ status: 403, body: { error: { code: '0x8004f502' } } });
    await ok(salesman.send('POST', 'contacts', { lastname: 'Free' }));
    await ok(admin.send('PUT', credit, { AttributeType: 'Boolean', IsSecured: false }));
  });

  test('nothing but IsSecured of a column changes through its definition, and not for every column', async () => {
    const of = (column: string) => `EntityDefinitions(LogicalName='account')/Attributes(LogicalName='${column}')`;
    const whole = async (column: string) => {
      const path = `${of(column)}?$expand=OptionSet`;
      return { ...(await admin.get(column === 'industrycode' ? path : of(column))).body };
    };
    const refused: [string, object, number, string][] = [
      ['fax', { MaxLength: 7, IsSecured: true }, 400, 'MaxLength'],
      ['fax', { ...(await whole('fax')), DisplayName: { LocalizedLabels: [] } }, 400, 'DisplayName'],
      ['fax', { constructor: 1 }, 400, 'constructor'],
      ['fax', { IsSecured: 'yes' }, 400, 'IsSecured'],
      ['fax', [], 400, 'object'],
      ['name', { IsSecured: true }, 400, 'cannot be secured'],
      ['accountid', { IsSecured: true }, 400, 'cannot be secured'],
      ['ownerid', { IsSecured: true }, 400, 'cannot be secured'],
      ['statecode', { IsSecured: true }, 400, 'cannot be secured'],
      ['nothing', { IsSecured: true }, 404, 'nothing'],
    ];
    for (const [column, body, status, word] of refused) {
      const answer = await admin.send('PUT', of(column), body);
      expect([column, answer.status, answer.text]).toEqual([column, status, expect.stringContaining(word)]);
    }
    for (const column of ['fax', 'industrycode', 'name']) await ok(admin.send('PUT', of(column), await whole(column)));
    const patched = await admin.send('PATCH', of('fax'), { IsSecured: true });
    expect([patched.status, patched.headers['allow']]).toEqual([405, 'GET, PUT']);
    const rows = await sql`select * from securedcolumn`.execute(database.db);
    expect(rows.rows).toEqual([]);
  });

  test('who acts for somebody can do what both may do', async () => {
    const secret = await admin.create('contacts', { lastname: 'Other' });
    const asLena = { callerobjectid: lena.objectId };
    expect((await salesman.get('WhoAmI', asLena)).status).toBe(403);
    const delegates = await admin.get<Rows>("roles?$filter=name eq 'Delegate'");
    const role = { '@odata.id': `roles(${String(delegates.body.value[0]!['roleid'])})` };
    await ok(admin.send('POST', `systemusers(${me})/systemuserroles_association/$ref`, role));
    expect((await salesman.get('WhoAmI', asLena)).body['UserId']).toBe(other);
    expect((await world.as(lena).get(`contacts(${secret})`)).status).toBe(200);
    expect((await salesman.get(`contacts(${secret})`, asLena)).status).toBe(404);
    expect((await salesman.get(`contacts(${secret})`, { callerobjectid: dana.objectId })).status).toBe(404);
    expect((await salesman.send('POST', 'roles', { name: 'x' }, { callerobjectid: dana.objectId })).status).toBe(403);
    expect((await world.as(daemon).get(`contacts(${secret})`, asLena)).status).toBe(200);
  });

  test('units and managers make no loop; a disabled unit shuts its people out', async () => {
    const north = await admin.create('businessunits', { name: 'North' });
    const bind = (id: string) => ({ 'parentbusinessunitid@odata.bind': `/businessunits(${id})` });
    const harbour = await admin.create('businessunits', { name: 'Harbour', ...bind(north) });
    expect((await admin.send('PATCH', `businessunits(${north})`, bind(harbour))).status).toBe(400);
    const report = (id: string) => ({ 'parentsystemuserid@odata.bind': `/systemusers(${id})` });
    await ok(admin.send('PATCH', `systemusers(${me})`, report(other)));
    expect((await admin.send('PATCH', `systemusers(${other})`, report(me))).status).toBe(400);
    const unit = { 'businessunitid@odata.bind': `/businessunits(${harbour})` };
    await ok(admin.send('PATCH', `systemusers(${other})`, unit));
    await ok(admin.send('PATCH', `businessunits(${harbour})`, { isdisabled: true }));
    expect((await world.as(lena).get('WhoAmI')).status).toBe(403);
    await ok(admin.send('PATCH', `businessunits(${harbour})`, { isdisabled: false }));
    expect((await world.as(lena).get('WhoAmI')).status).toBe(200);
  });
});
