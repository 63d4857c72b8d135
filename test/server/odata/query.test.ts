import { beforeAll, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client, type World } from '../world.ts';

const ids = {
  fabrikam: 'a0000000-0000-4000-8000-000000000001',
  northwind: 'a0000000-0000-4000-8000-000000000002',
  soren: 'c0000000-0000-4000-8000-000000000001',
  ada: 'c0000000-0000-4000-8000-000000000002',
  percent: 'c0000000-0000-4000-8000-000000000003',
  lonely: 'c0000000-0000-4000-8000-000000000004',
};

async function seed(client: Client): Promise<void> {
  await client.create('accounts', {
    accountid: ids.fabrikam,
    name: 'Fabrikam',
    revenue: 1250000.5,
    numberofemployees: 40,
  });
  await client.create('accounts', { accountid: ids.northwind, name: 'Northwind', revenue: 10 });
  await client.create('contacts', {
    contactid: ids.soren,
    firstname: 'Søren',
    lastname: 'Ångström',
    emailaddress1: 'Soren@Fabrikam.example',
    jobtitle: "Chef d'équipe",
    overriddencreatedon: '2026-01-02T03:04:05Z',
    'parentcustomerid_account@odata.bind': `/accounts(${ids.fabrikam})`,
  });
  await client.create('contacts', {
    contactid: ids.ada,
    firstname: 'Ada',
    lastname: 'Byron',
    emailaddress2: 'ada@northwind.example',
    donotemail: true,
    overriddencreatedon: '2026-03-01T00:00:00Z',
    'parentcustomerid_account@odata.bind': `/accounts(${ids.northwind})`,
  });
  await client.create('contacts', {
    contactid: ids.percent,
    firstname: '100%',
    lastname: 'sure_thing [x]',
    statecode: 1,
    overriddencreatedon: '2026-04-01T00:00:00Z',
    'parentcustomerid_contact@odata.bind': `/contacts(${ids.ada})`,
  });
  await client.create('contacts', {
    contactid: ids.lonely,
    lastname: 'Zoë',
    overriddencreatedon: '2026-05-01T00:00:00Z',
  });
  await client.send('PATCH', `accounts(${ids.fabrikam})`, { 'primarycontactid@odata.bind': `contacts(${ids.soren})` });
  for (const [name, value] of [
    ['Lounge chairs', 120000],
    ['Espresso bar', 8000],
  ] as const) {
    await client.create('opportunities', {
      name,
      estimatedvalue: value,
      'customerid_contact@odata.bind': `/contacts(${ids.soren})`,
    });
  }
  await client.create('emails', {
    subject: 'Chairs',
    'regardingobjectid_contact_email@odata.bind': `/contacts(${ids.soren})`,
    email_activity_parties: [
      { participationtypemask: 1, addressused: 'dana@contoso.example' },
      {
        participationtypemask: 2,
        'partyid_contact@odata.bind': `/contacts(${ids.soren})`,
        addressused: 'soren@fabrikam.example',
      },
    ],
  });
  await client.create('tasks', {
    subject: 'Call Søren',
    'regardingobjectid_contact@odata.bind': `/contacts(${ids.soren})`,
  });
}

/** query -> the first letters of what it finds, in order */
const contacts: [string, string][] = [
  ['', 'Søren,Ada,100%,'],
  ["$filter=fullname eq 'soren angstrom'", ''],
  ["$filter=fullname eq 'SØREN ÅNGSTRÖM'", 'Søren'],
  ["$filter=fullname eq 'søren angstrom'", 'Søren'],
  ["$filter=lastname eq 'ANGSTROM'", 'Søren'],
  ["$filter=emailaddress1 eq 'soren@fabrikam.example'", 'Søren'],
  ["$filter=emailaddress1 eq 'x' or emailaddress2 eq 'ADA@northwind.example'", 'Ada'],
  ["$filter=jobtitle eq 'chef d''équipe'", 'Søren'],
  ["$filter=contains(fullname,'ngst')", 'Søren'],
  ["$filter=contains(fullname,'ad')", 'Ada'],
  ["$filter=contains(fullname,'a%25b%25n')", 'Ada'],
  ["$filter=contains(fullname,'b_ron')", 'Ada'],
  ["$filter=contains(fullname,'[%25]')", '100%'],
  ["$filter=contains(fullname,'sure[_]thing')", '100%'],
  ["$filter=contains(fullname,'[[]x]')", '100%'],
  ["$filter=contains(fullname,'b[xy]r')", 'Ada'],
  ["$filter=contains(fullname,'b[^xz]ron')", 'Ada'],
  ["$filter=contains(fullname,'*')", ''],
  ["$filter=contains(jobtitle,'%C3%A9quipe')", 'Søren'],
  ["$filter=startswith(fullname,'ada b')", 'Ada'],
  ["$filter=endswith(lastname,'OE')", ''],
  ["$filter=not contains(fullname,'a')", '100%,'],
  ['$filter=not (statecode eq 0) or donotemail eq true', 'Ada,100%'],
  ['$filter=statecode eq 0 and donotemail eq false', 'Søren,'],
  ["$filter=firstname eq 'Ada' or firstname eq 'Søren' and statecode eq 1", 'Ada'],
  ["$filter=not firstname eq 'Ada' and statecode eq 0", 'Søren,'],
  ['$filter=emailaddress1 eq null', 'Ada,100%,'],
  ["$filter=firstname ne 'Ada'", 'Søren,100%,'],
  ['$filter=null ne firstname', 'Søren,Ada,100%'],
  [`$filter=_parentcustomerid_value eq ${ids.fabrikam}`, 'Søren'],
  [`$filter=contactid eq '${ids.ada}'`, 'Ada'],
  ["$filter=parentcustomerid_account/name eq 'fabrikam'", 'Søren'],
  ["$filter=parentcustomerid_contact/parentcustomerid_account/name eq 'northwind'", '100%'],
  ['$filter=parentcustomerid_account/name eq null', '100%,'],
  ["$filter=Contact_Emails/any(e:e/subject eq 'chairs')", 'Søren'],
  [
    '$filter=contact_activity_parties/any(p:p/participationtypemask eq 2 and p/activityid_email/statecode eq 0)',
    'Søren',
  ],
  ['$filter=opportunity_customer_contacts/any()', 'Søren'],
  ['$filter=opportunity_customer_contacts/all(o:o/estimatedvalue gt 10000)', 'Ada,100%,'],
  ['$filter=createdon lt 2026-03-01T00:00:00Z', 'Søren'],
  ['$filter=createdon ge 2026-03-01 and createdon le 2026-04-01T02:00:00%2B02:00', 'Ada,100%'],
  ["$filter=Microsoft.Dynamics.CRM.In(PropertyName='firstname',PropertyValues=[\"ada\",'SØREN'])", 'Søren,Ada'],
  ["$filter=Microsoft.Dynamics.CRM.In(PropertyName='statecode',PropertyValues=['1'])", '100%'],
  [
    "$filter=Microsoft.Dynamics.CRM.Between(PropertyName='createdon',PropertyValues=['2026-01-01','2026-03-15'])",
    'Søren,Ada',
  ],
  ["$filter=Microsoft.Dynamics.CRM.EqualUserId(PropertyName='ownerid')", 'Søren,Ada,100%,'],
  ["$filter=Microsoft.Dynamics.CRM.On(PropertyName='createdon',PropertyValue='2026-03-01')", 'Ada'],
  ['$filter=firstname eq @name&@name=%27ADA%27', 'Ada'],
  ['$orderby=lastname desc', ',100%,Ada,Søren'],
  ['$orderby=parentcustomerid_account/name desc,createdon', 'Ada,Søren,100%,'],
  ['$orderby=emailaddress2 asc,createdon desc&$top=2', ',100%'],
  ['$filter=firstname ne lastname', 'Søren,Ada,100%,'],
  ['$filter=lastname gt firstname', 'Ada,100%'],
  ['$filter=parentcustomerid_account/primarycontactid/lastname eq lastname', 'Søren'],
  ["$filter=contains(parentcustomerid_account/name,'wind')", 'Ada'],
  ["$filter=startswith(parentcustomerid_account/name,'FAB')", 'Søren'],
  ["$filter=endswith(parentcustomerid_contact/lastname,'ron')", '100%'],
  ["$filter=parentcustomerid_account/contact_customer_accounts/any(c:c/firstname eq 'Ada')", 'Ada'],
  ['$filter=parentcustomerid_account/revenue gt 100', 'Søren'],
  ['$filter=parentcustomerid_account/revenue lt 100', 'Ada'],
  ['$filter=parentcustomerid_account/revenue ne 10', 'Søren,100%,'],
  ['$filter=not (parentcustomerid_account/revenue gt 100)', 'Ada,100%,'],
  ['$filter=contact_customer_contacts/any(c:c/statecode eq 1)', 'Ada'],
  ["$filter=opportunity_customer_contacts/any(o:o/estimatedvalue gt 10000 and o/name eq 'lounge chairs')", 'Søren'],
  [
    '$filter=opportunity_customer_contacts/any(o:o/estimatedvalue gt 10000) and opportunity_customer_contacts/any(o:o/estimatedvalue lt 10000)',
    'Søren',
  ],
  ['$filter=not opportunity_customer_contacts/any()', 'Ada,100%,'],
  ["$filter=account_primary_contact/any(a:a/name eq 'fabrikam')", 'Søren'],
  ["$filter=account_primary_contact/any(a:a/contact_customer_accounts/any(c:c/firstname eq 'søren'))", 'Søren'],
  ['$filter=account_primary_contact/all(a:a/revenue lt 1)', 'Ada,100%,'],
  ["$filter=owninguser/fullname eq 'Dana Whitfield'", 'Søren,Ada,100%,'],
  ["$filter=createdby/internalemailaddress eq 'DANA@contoso.example'", 'Søren,Ada,100%,'],
  ['$filter=donotemail ne true', 'Søren,100%,'],
  ['$filter=false eq donotemail', 'Søren,100%,'],
  ['$filter=statecode ne 0', '100%'],
  ['$filter=statuscode ge 2', '100%'],
  ['$filter=2 le statuscode', '100%'],
  ['$filter=_parentcustomerid_value ne null', 'Søren,Ada,100%'],
  [`$filter=_parentcustomerid_value ne '${ids.fabrikam}'`, 'Ada,100%,'],
  [`$filter=parentcustomerid_account/accountid eq ${ids.fabrikam}`, 'Søren'],
  ['$filter=parentcustomerid_contact/contactid ne null', '100%'],
  ['$filter=createdon gt 2026-03-01T00:00:00Z', '100%,'],
  ['$filter=createdon eq 2026-01-02T03:04:05Z', 'Søren'],
  ['$filter=createdon ne 2026-01-02T03:04:05Z', 'Ada,100%,'],
  ['$filter=birthdate eq null', 'Søren,Ada,100%,'],
  ["$filter=(((firstname eq 'Ada')))", 'Ada'],
  ["$filter=not not (firstname eq 'Ada')", 'Ada'],
  ["$filter=not(firstname eq 'Ada') and not(statecode eq 1)", 'Søren,'],
  ["$filter=firstname eq 'Ada' or(statecode eq 1)", 'Ada,100%'],
  ["$filter=contains(emailaddress1,'@fabrikam')", 'Søren'],
  ["$filter=fullname ge 'b' and fullname lt 'z'", 'Søren'],
  [
    '$filter=Microsoft.Dynamics.CRM.In(PropertyName=\'parentcustomerid_account/name\',PropertyValues=["FABRIKAM"])',
    'Søren',
  ],
  ['$filter=@c eq @v&@c=firstname&@v=%27Ada%27', 'Ada'],
  ['$filter=emailaddress1 ne @nothing', 'Søren'],
  ['$filter=contains(fullname,@v)&@v=%27ada%27', 'Ada'],
  ['$orderby=@p desc&@p=lastname', ',100%,Ada,Søren'],
  ['$orderby=_parentcustomerid_value,createdon', ',100%,Søren,Ada'],
  ['$orderby=parentcustomerid desc', 'Ada,Søren,100%,'],
  ['$orderby=statecode desc,lastname', '100%,Søren,Ada,'],
  ['$top=2', 'Søren,Ada'],
];

const wrong: [string, number, string][] = [
  ['contacts?$select=fullnam', 400, 'fullnam'],
  ["contacts?$filter=constructor eq 'x'", 400, 'constructor'],
  ["contacts?$filter=__proto__ eq 'x'", 400, '__proto__'],
  ['contacts?$orderby=nothing', 400, 'nothing'],
  ['contacts?$expand=nothing', 400, 'nothing'],
  ["contacts?$filter=Contact_Emails/any(e:e/nix eq 'x')", 400, 'nix'],
  ["contacts?$filter=statecode eq 'active'", 400, 'statecode'],
  ['contacts?$filter=statecode eq 1.5', 400, 'statecode'],
  ['contacts?$filter=createdon eq 2026-02-30', 400, 'createdon'],
  ['contacts?$filter=fullname eq', 400, 'end'],
  ["contacts?$filter=(fullname eq 'x'", 400, 'end'],
  ["contacts?$filter=fullname eq 'x", 400, 'unterminated'],
  ["contacts?$filter=fullname like 'x'", 400, 'like'],
  ["contacts?$filter=substringof('x',fullname)", 400, 'substringof'],
  ['contacts?$skip=5', 400, '$skip'],
  ['contacts?$top=-1', 400, '$top'],
  ['contacts?$Filter=x', 400, '$Filter'],
  ['contacts?$top=1&$top=2', 400, 'twice'],
  ['contacts?$filter=%ff', 400, 'UTF-8'],
  ['contacts?$filter=fullname eq %27%00%27', 400, 'UTF-8'],
  ['contacts?$skiptoken=abc', 400, '$skiptoken'],
  ['contacts?$expand=parentcustomerid_account($top=1)', 400, 'Only $select and $filter clause'],
  ['contacts(123)', 400, 'GUID'],
  ["contacts(emailaddress1='x')", 400, 'emailaddress1'],
  [`contacts(${ids.fabrikam})`, 404, 'Does Not Exist'],
  ['nothings', 404, 'nothings'],
  ['contacts/nothing', 404, 'nothing'],
  ['%24metadata/x', 404, 'metadata'],
  [`contacts(${ids.ada})/nothing`, 400, 'nothing'],
  ["contacts?$filter=firstname in ('Ada')", 400, 'use Microsoft.Dynamics.CRM.In'],
  ['contacts?$filter=statecode has 1', 400, 'has'],
  ['contacts?$filter=statecode add 1 eq 2', 400, 'add'],
  ['contacts?$filter=year(createdon) eq 2026', 400, 'year'],
  ["contacts?$filter=tolower(firstname) eq 'ada'", 400, 'tolower'],
  ['contacts?$filter=length(firstname) gt 3', 400, 'length'],
  ["contacts?$filter=indexof(firstname,'a') eq 0", 400, 'indexof'],
  ['contacts?$filter=now() gt createdon', 400, 'now'],
  ['contacts?$filter=donotemail', 400, 'end'],
  ["contacts?$filter=firstname eq 'a' and", 400, 'end'],
  ["contacts?$filter=and firstname eq 'a'", 400, '"firstname"'],
  ["contacts?$filter=firstname eq 'a')", 400, '")"'],
  ['contacts?$filter=firstname eq (1)', 400, '"("'],
  ['contacts?$filter=1 eq 1', 400, 'needs a column'],
  ['contacts?$filter=null eq null', 400, 'needs a column'],
  ['contacts?$filter=firstname gt true', 400, 'firstname'],
  ["contacts?$filter=donotemail eq 'yes'", 400, 'donotemail'],
  ['contacts?$filter=contactid eq 5', 400, 'contactid'],
  ["contacts?$filter=_parentcustomerid_value eq 'x'", 400, 'parentcustomerid'],
  ['contacts?$filter=parentcustomerid_account eq null', 400, 'parentcustomerid_account'],
  ["contacts?$filter=contains(statecode,'1')", 400, 'statecode'],
  ['contacts?$filter=contains(firstname)', 400, '")"'],
  ["contacts?$filter=contains('a','b')", 400, 'needs a column'],
  ['contacts?$filter=contains(firstname,lastname)', 400, 'needs a text'],
  ['contacts?$filter=firstname eq donotemail', 400, 'firstname and donotemail cannot be compared'],
  ["contacts?$filter=opportunity_customer_contacts/any(o:name eq 'x')", 400, 'variable o'],
  ["contacts?$filter=opportunity_customer_contacts/any(o o/name eq 'x')", 400, '"o"'],
  ['contacts?$filter=opportunity_customer_contacts/all()', 400, '")"'],
  ["contacts?$filter=opportunity_customer_contacts/some(o:o/name eq 'x')", 400, 'some'],
  ["contacts?$filter=opportunity_customer_contacts/name eq 'x'", 400, 'opportunity_customer_contacts'],
  ['contacts?$filter=fullname/any(f:f/x eq 1)', 400, 'fullname'],
  ["contacts?$filter=$it/fullname eq 'x'", 400, '$it'],
  ['contacts?$filter=fullname eq @@p', 400, '@@p'],
  ['contacts?$filter=fullname eq @p&@p=@q&@q=%27x%27', 400, '@q'],
  ['contacts?$filter=fullname eq @p&@p=[%27x%27]', 400, 'list'],
  ['contacts?$filter=fullname eq @p&@p=', 400, 'end'],
  ['contacts?@1=5', 400, '@1'],
  ['contacts?$orderby=', 400, 'not a column'],
  ['contacts?$orderby=fullname up', 400, 'fullname up'],
  ['contacts?$orderby=@p', 400, '@p'],
  ['contacts?$orderby=opportunity_customer_contacts/name', 400, 'opportunity_customer_contacts'],
  [`contacts?$orderby=${'fullname,'.repeat(50)}fullname`, 400, 'at most 50'],
  ['contacts?$select=', 400, 'not a column'],
  ['contacts?$top=1.5', 400, '$top'],
  ['contacts?$count=yes', 400, '$count'],
  ['contacts?$search=x', 400, '$search'],
  ['contacts?$compute=x', 400, '$compute'],
  [`contacts?$skiptoken=${Buffer.from('{"page":1,"values":[1],"key":"x"}').toString('base64url')}`, 400, '$skiptoken'],
  [`contacts(${ids.ada})?$filter=statecode eq 0`, 400, '$filter'],
  [`contacts(${ids.ada})?$apply=aggregate($count as n)`, 400, '$apply'],
  ['contacts/$count?$apply=aggregate($count as n)', 400, '$apply'],
];

forEachEngine('Queries', (engine) => {
  let world: World;
  let client: Client;
  beforeAll(async () => {
    world = await createWorld(await engine.open());
    client = world.as(dana);
    await seed(client);
  });

  test.each(contacts)('contacts?%s -> %s', async (query, expected) => {
    const ordered = query.includes('$orderby') ? query : `${query}&$orderby=createdon`;
    const answer = await client.get<{ value: { firstname: string | null }[] }>(
      `contacts?$select=firstname&${encodeURI(ordered).replaceAll('%25', '%')}`,
    );
    expect(
      answer.status === 200 ? answer.body.value.map(({ firstname }) => firstname ?? '').join(',') : answer.text,
    ).toBe(expected);
  });

  test.each(wrong)('%s is answered %i with a word about it', async (path, status, word) => {
    const answer = await client.get<{ error: { code: string; message: string } }>(path.replaceAll(' ', '%20'));
    expect([answer.status, answer.body.error?.message]).toEqual([status, expect.stringContaining(word)]);
    expect(answer.headers['odata-version']).toBe('4.0');
  });

  test('a row is shown with its annotations when they are asked for', async () => {
    const path = `contacts(${ids.soren})?$select=fullname,_parentcustomerid_value,statecode,createdon`;
    const { body } = await client.get(path, { prefer: 'odata.include-annotations="*"' });
    expect(body).toEqual({
      '@odata.context': expect.stringContaining(
        '$metadata#contacts(fullname,_parentcustomerid_value,statecode,createdon)/$entity',
      ),
      '@odata.etag': expect.stringMatching(/^W\/"\d+"$/),
      contactid: ids.soren,
      fullname: 'Søren Ångström',
      _parentcustomerid_value: ids.fabrikam,
      '_parentcustomerid_value@OData.Community.Display.V1.FormattedValue': 'Fabrikam',
      '_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname': 'account',
      '_parentcustomerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty': 'parentcustomerid_account',
      statecode: 0,
      'statecode@OData.Community.Display.V1.FormattedValue': 'Active',
      createdon: '2026-01-02T03:04:05Z',
      'createdon@OData.Community.Display.V1.FormattedValue': expect.stringContaining('1/2/26'),
    });
    const plain = await client.get(path);
    expect(Object.keys(plain.body)).not.toContain('statecode@OData.Community.Display.V1.FormattedValue');
  });

  test('what belongs to a row comes along, each part with its own options', async () => {
    const { body } = await client.get(
      `contacts(${ids.soren})?$select=fullname&$expand=parentcustomerid_account($select=name;$expand=primarycontactid($select=lastname)),opportunity_customer_contacts($select=name;$filter=estimatedvalue gt 10000),Contact_ActivityPointers($select=subject,activitytypecode)`,
    );
    expect(body).toMatchObject({
      parentcustomerid_account: { name: 'Fabrikam', primarycontactid: { lastname: 'Ångström' } },
      opportunity_customer_contacts: [{ name: 'Lounge chairs' }],
      Contact_ActivityPointers: expect.arrayContaining([
        expect.objectContaining({ subject: 'Call Søren', activitytypecode: 'task' }),
        expect.objectContaining({ subject: 'Chairs', activitytypecode: 'email' }),
      ]),
    });
    const all = await client.get<{
      value: { opportunity_customer_contacts: object[]; parentcustomerid_account: object | null }[];
    }>(
      'contacts?$select=fullname&$expand=opportunity_customer_contacts($select=name),parentcustomerid_account($select=name)&$orderby=createdon',
    );
    expect(
      all.body.value.map((row) => [row.opportunity_customer_contacts.length, row.parentcustomerid_account !== null]),
    ).toEqual([
      [2, true],
      [0, true],
      [0, false],
      [0, false],
    ]);
  });

  test('pages follow each other by an opaque link until nothing is left', async () => {
    const seen: string[] = [];
    let next: string | undefined = 'contacts?$select=lastname&$orderby=emailaddress1,lastname desc&$count=true&$top=1';
    while (next !== undefined) {
      const page: { body: Record<string, unknown>; headers: Record<string, unknown> } = await client.get(next, {
        prefer: 'odata.maxpagesize=1',
      });
      expect(page.body['@odata.count']).toBe(4);
      expect(page.headers['preference-applied']).toBe('odata.maxpagesize=1');
      seen.push(...(page.body['value'] as { lastname: string }[]).map(({ lastname }) => lastname));
      next = (page.body['@odata.nextLink'] as string | undefined)?.replace(/^.*\/v9\.2\//, '');
    }
    expect(seen).toEqual(['Zoë', 'sure_thing [x]', 'Byron', 'Ångström']);
  });

  test('rows that come and go between two pages move no other row to another page', async () => {
    const make = (name: string) => client.create('teams', { name });
    const first = await make('Page 1');
    for (const name of ['Page 2', 'Page 3', 'Page 4']) await make(name);
    const query = "teams?$select=name&$filter=startswith(name,'Page')&$orderby=name desc";
    const seen: string[] = [];
    for (let next: string | undefined = query; next !== undefined;) {
      const page: { body: Record<string, unknown> } = await client.get(next, { prefer: 'odata.maxpagesize=2' });
      const names = (page.body['value'] as { name: string }[]).map(({ name }) => name);
      if (seen.length === 0) {
        await make('Page 9');
        await client.send('DELETE', `teams(${first})`);
      }
      seen.push(...names);
      next = (page.body['@odata.nextLink'] as string | undefined)?.replace(/^.*\/v9\.2\//, '');
    }
    expect(seen).toEqual(['Page 4', 'Page 3', 'Page 2']);
  });

  test('a set is counted, a property and a lookup are read by their own addresses', async () => {
    expect((await client.get('contacts/$count?$filter=statecode eq 0')).text).toBe('3');
    expect((await client.get(`contacts(${ids.ada})/lastname`)).body['value']).toBe('Byron');
    expect((await client.get(`contacts(${ids.ada})/lastname/$value`)).text).toBe('Byron');
    expect((await client.get(`contacts(${ids.ada})/parentcustomerid_account?$select=name`)).body['name']).toBe(
      'Northwind',
    );
    expect(
      (await client.get(`accounts(${ids.northwind})/contact_customer_accounts?$select=lastname`)).body['value'],
    ).toMatchObject([{ lastname: 'Byron' }]);
    expect((await client.get(`contacts(${ids.lonely})/parentcustomerid_account`)).status).toBe(204);
  });

  test('everybody of the organisation reads, and who reads is known', async () => {
    const me = await world.as(miguel).get('WhoAmI()');
    expect(me.body).toMatchObject({
      UserId: expect.any(String),
      BusinessUnitId: expect.any(String),
      OrganizationId: expect.any(String),
    });
    const found = await world
      .as(miguel)
      .get(`systemusers(${String(me.body['UserId'])})?$select=fullname,internalemailaddress`);
    expect(found.body).toMatchObject({ fullname: 'Miguel Santos', internalemailaddress: 'miguel@contoso.example' });
  });
});
