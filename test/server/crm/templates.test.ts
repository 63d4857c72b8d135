import { expect, test } from '@jest/globals';
import { fillHtml, fillText } from '../../../src/server/crm/mail/template/fill.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client, type World } from '../world.ts';

const hostile = '<script>alert(1)</script>" onload="x';
const ada = (table: string, column: string) =>
  table === 'contact'
    ? new Map([
        ['firstname', 'Ada'],
        ['lastname', hostile],
        ['note', '{!contact:firstname}'],
      ]).get(column)
    : undefined;

test.each([
  ['<p>{!contact:firstname}</p>', '<p>Ada</p>'],
  ['{! contact : firstname ;you}', 'Ada'],
  ['{!contact:nickname;Sir & Madam}', 'Sir &amp; Madam'],
  ['{!contact:nickname}{!account:name}', ''],
  ['{!contact:lastname}', '&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&quot;x'],
  ['{!contact:note}', '{!contact:firstname}'],
  ['{!constructor:prototype}{!contact:__proto__}', ''],
])('%s becomes %s', (source, expected) => expect(fillHtml(source, ada)).toBe(expected));

const stylesheet = (inside: string) =>
  `<?xml version="1.0" ?><xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:output method="text" indent="no"/><xsl:template match="/data">${inside}</xsl:template></xsl:stylesheet>`;

test('the stylesheets of the original are read as far as templates use them', () => {
  const greeting = stylesheet(
    '<![CDATA[<p>Dear ]]><xsl:choose><xsl:when test="contact/salutation"><xsl:value-of select="contact/salutation" /></xsl:when><xsl:when test="contact/firstname"><xsl:value-of select="contact/firstname" /></xsl:when><xsl:otherwise>Customer</xsl:otherwise></xsl:choose><![CDATA[ ]]><xsl:value-of select="contact/lastname" /><![CDATA[</p>]]>',
  );
  expect(fillHtml(greeting, ada)).toBe('<p>Dear Ada &lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&quot;x</p>');
  expect(fillText(stylesheet('<![CDATA[Hello ]]><xsl:value-of select="contact/firstname" />'), ada)).toBe('Hello Ada');
  expect(() => fillHtml('<?xml version="1.0"?><xsl:template>', ada)).toThrow('not well-formed');
  const entity =
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xsl:template>&e;</xsl:template>';
  expect(() => fillHtml(entity, ada)).toThrow('not well-formed');
});

forEachEngine('A template', (engine) => {
  let world: World;
  const start = async (): Promise<Client> => (world ??= await createWorld(await engine.open())).as(dana);
  const template = (client: Client, more: object = {}) =>
    client.create('templates', {
      title: 'Greeting',
      templatetypecode: 'contact',
      languagecode: 1033,
      subject: 'Hello {!contact:firstname}',
      body: '<p>Dear {!Contact:Full Name}, at {!contact:parentcustomerid;home}: {!contact:description}</p><p>{!user:fullname}</p>',
      ...more,
    });
  const fill = (client: Client, TemplateId: string, ObjectId: string, ObjectType = 'contact') =>
    client.send<{ value: Record<string, unknown>[] }>('POST', 'InstantiateTemplate', {
      TemplateId,
      ObjectType,
      ObjectId,
    });
  const someone = async (client: Client) => {
    const account = await client.create('accounts', { name: 'Fabrikam & Sons' });
    return client.create('contacts', {
      firstname: 'Ada\nBcc: all@x',
      lastname: 'Lund',
      description: '<img src=x onerror=alert(1)>',
      emailaddress1: 'ada@fabrikam.example',
      'parentcustomerid_account@odata.bind': `accounts(${account})`,
    });
  };

  test('is filled from a row, with what is markup in it escaped, and can be stored as it comes', async () => {
    const client = await start();
    const contact = await someone(client);
    const answer = await fill(client, await template(client), contact);
    expect(answer.body.value).toEqual([
      {
        '@odata.type': '#Microsoft.Dynamics.CRM.email',
        subject: 'Hello Ada Bcc: all@x',
        description:
          '<p>Dear Ada<br>Bcc: all@x Lund, at Fabrikam &amp; Sons: &lt;img src=x onerror=alert(1)&gt;</p><p>Dana Whitfield</p>',
        'regardingobjectid_contact_email@odata.bind': `/contacts(${contact})`,
      },
    ]);
    expect((await client.send('POST', 'emails', answer.body.value[0])).status).toBe(204);
  });

  test('is sent in one go', async () => {
    const client = await start();
    const contact = await someone(client);
    const me = String((await client.get('WhoAmI')).body['UserId']);
    const answer = await client.send('POST', 'SendEmailFromTemplate', {
      TemplateId: await template(client),
      Regarding: { '@odata.type': 'Microsoft.Dynamics.CRM.contact', contactid: contact },
      Target: {
        '@odata.type': 'Microsoft.Dynamics.CRM.email',
        email_activity_parties: [
          { 'partyid_systemuser@odata.bind': `systemusers(${me})`, participationtypemask: 1 },
          { 'partyid_contact@odata.bind': `contacts(${contact})`, participationtypemask: 2 },
        ],
      },
    });
    expect(answer.status).toBe(200);
    expect((await client.get(`emails(${String(answer.body['Id'])})`)).body).toMatchObject({
      statuscode: 6,
      subject: 'Hello Ada Bcc: all@x',
      _regardingobjectid_value: contact,
      torecipients: 'ada@fabrikam.example;',
    });
  });

  test('of another table, or for a row that is not there, is refused', async () => {
    const client = await start();
    const account = await client.create('accounts', { name: 'Litware' });
    const id = await template(client);
    const nobody = '00000000-0000-4000-8000-00000000dead';
    for (const [answer, status, named] of [
      [await fill(client, id, account, 'account'), 400, 'contact'],
      [await fill(client, id, nobody), 404, nobody],
      [await fill(client, nobody, account), 404, nobody],
      [await fill(client, 'x', account), 400, 'TemplateId'],
      [await fill(client, id, account, 'constructor'), 400, 'ObjectType'],
      [await client.send('POST', 'InstantiateTemplate', { TemplateId: id }), 400, 'ObjectType'],
    ] as const)
      expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(named)]);
  });

  test('a new row takes over what the maps say', async () => {
    const client = await start();
    const account = await client.create('accounts', { name: 'Fabrikam', telephone1: '+45 1', address1_city: 'Aarhus' });
    const ask = (name: string, moniker = `accounts(${account})`) =>
      client.get(
        `InitializeFrom(EntityMoniker=@e,TargetEntityName=@n,TargetFieldType=@t)?@e={'@odata.id':'${moniker}'}&@n='${name}'&@t=Microsoft.Dynamics.CRM.TargetFieldType'ValidForCreate'`,
      );
    const contact = await ask('contact');
    expect(contact.body).toMatchObject({
      '@odata.type': '#Microsoft.Dynamics.CRM.contact',
      telephone1: '+45 1',
      address1_city: 'Aarhus',
      'parentcustomerid_account@odata.bind': `accounts(${account})`,
    });
    expect(contact.body).not.toHaveProperty('name');
    expect((await client.send('POST', 'contacts', { ...contact.body, lastname: 'Bo' })).status).toBe(204);
    expect([(await ask('email')).status, (await ask('nothing')).status]).toEqual([400, 400]);
    expect((await ask('contact', 'accounts(00000000-0000-4000-8000-00000000dead)')).status).toBe(404);
  });
});
