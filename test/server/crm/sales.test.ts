import { expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client, type World } from '../world.ts';

const nobody = '00000000-0000-4000-8000-00000000dead';
const everything = { CreateAccount: true, CreateContact: true, CreateOpportunity: true, Status: 3 };

interface Made {
  value: { '@odata.type': string; accountid?: string; contactid?: string; opportunityid?: string }[];
}

forEachEngine('From lead to sale', (engine) => {
  let world: World;
  const start = async (): Promise<Client> => (world ??= await createWorld(await engine.open())).as(dana);
  const count = async (client: Client, set: string) => Number((await client.get(`${set}/$count`)).text);
  const qualify = (client: Client, id: string, body: object) =>
    client.send<Made>('POST', `leads(${id})/Microsoft.Dynamics.CRM.QualifyLead`, body);

  test('a lead is qualified, and everything is there once', async () => {
    const client = await start();
    const leadid = await client.create('leads', {
      subject: 'A roof for the lounge',
      firstname: 'Ada',
      lastname: 'Lund',
      companyname: 'Fabrikam',
      jobtitle: 'Architect',
      emailaddress1: 'ada@fabrikam.example',
      telephone1: '+45 1',
      address1_city: 'Aarhus',
      estimatedvalue: 12_000,
      estimatedclosedate: '2026-12-24',
      leadqualitycode: 1,
    });
    const answer = await qualify(client, leadid, everything);
    expect([answer.status, answer.body.value.map((made) => made['@odata.type'])]).toEqual([
      200,
      ['account', 'contact', 'opportunity'].map((name) => `#Microsoft.Dynamics.CRM.${name}`),
    ]);
    const [{ accountid } = {}, { contactid } = {}, { opportunityid } = {}] = answer.body.value;
    expect((await client.get(`leads(${leadid})`)).body).toMatchObject({
      statecode: 1,
      statuscode: 3,
      _parentaccountid_value: accountid,
      _parentcontactid_value: contactid,
      _qualifyingopportunityid_value: opportunityid,
    });
    // Its form is read-only in the original; the Web API is not.
    expect((await client.send('PATCH', `leads(${leadid})`, { description: 'Met at the fair' })).status).toBe(204);
    expect((await client.get(`leads(${leadid})`)).body).toMatchObject({ statecode: 1, description: 'Met at the fair' });
    expect((await client.get(`accounts(${accountid})`)).body).toMatchObject({
      name: 'Fabrikam',
      telephone1: '+45 1',
      address1_city: 'Aarhus',
    });
    expect((await client.get(`contacts(${contactid})`)).body).toMatchObject({
      fullname: 'Ada Lund',
      jobtitle: 'Architect',
      emailaddress1: 'ada@fabrikam.example',
      _parentcustomerid_value: accountid,
    });
    expect((await client.get(`opportunities(${opportunityid})`)).body).toMatchObject({
      name: 'A roof for the lounge',
      estimatedvalue: 12_000,
      estimatedclosedate: '2026-12-24',
      opportunityratingcode: 1,
      _customerid_value: accountid,
      _parentcontactid_value: contactid,
      _originatingleadid_value: leadid,
      statecode: 0,
    });
    const again = await qualify(client, leadid, everything);
    expect([again.status, again.body]).toMatchObject([
      400,
      { error: { message: expect.stringContaining('not open') } },
    ]);
    const made = await client.get<{ value: object[] }>(`opportunities?$filter=_originatingleadid_value eq ${leadid}`);
    expect(made.body.value).toHaveLength(1);
  });

  test('what the lead is joined to is used, and another customer may be named', async () => {
    const client = await start();
    const accountid = await client.create('accounts', { name: 'Litware' });
    const other = await client.create('contacts', { lastname: 'Bo' });
    const leadid = await client.create('leads', {
      subject: 'Second roof',
      lastname: 'Cy',
      companyname: 'Litware Inc.',
      'parentaccountid@odata.bind': `accounts(${accountid})`,
    });
    const answer = await qualify(client, leadid, {
      ...everything,
      Status: -1,
      OpportunityCustomerId: { contactid: other, '@odata.type': 'Microsoft.Dynamics.CRM.contact' },
    });
    const opportunity = answer.body.value.find(({ opportunityid }) => opportunityid !== undefined);
    expect(answer.body.value.map((made) => made['@odata.type'])).toEqual([
      '#Microsoft.Dynamics.CRM.contact',
      '#Microsoft.Dynamics.CRM.opportunity',
    ]);
    expect((await client.get(`opportunities(${opportunity?.opportunityid})`)).body).toMatchObject({
      _customerid_value: other,
      _parentaccountid_value: accountid,
    });
  });

  test('a sale is won, reopened and lost', async () => {
    const client = await start();
    const id = await client.create('opportunities', { name: 'Lounge', estimatedvalue: 500 });
    const bound = { subject: 'Signed', 'opportunityid@odata.bind': `/opportunities(${id})` };
    const won = await client.send('POST', 'WinOpportunity', {
      OpportunityClose: { ...bound, actualrevenue: 450.5, actualend: '2026-11-21T10:00:00Z' },
      Status: 3,
    });
    expect([won.status, won.text]).toEqual([204, '']);
    const path = `opportunities(${id})`;
    expect((await client.get(path)).body).toMatchObject({
      statecode: 1,
      statuscode: 3,
      actualvalue: 450.5,
      actualclosedate: '2026-11-21',
    });
    const closes = await client.get<{ value: object[] }>(`opportunitycloses?$filter=_opportunityid_value eq ${id}`);
    expect(closes.body.value).toMatchObject([
      { subject: 'Signed', statecode: 1, actualrevenue: 450.5, opportunitystatecode: 1, _regardingobjectid_value: id },
    ]);
    const twice = await client.send('POST', 'LoseOpportunity', { OpportunityClose: bound, Status: 4 });
    expect([twice.status, twice.body]).toMatchObject([
      400,
      { error: { message: 'The opportunity has already been closed.' } },
    ]);
    const edited = await client.send('PATCH', path, { name: 'Another' });
    expect([edited.status, edited.text]).toEqual([400, expect.stringContaining("'name'")]);
    expect((await client.send('PATCH', path, { statecode: 0, statuscode: 1 })).status).toBe(204);
    expect((await client.get(path)).body).toMatchObject({ statecode: 0, actualvalue: null, actualclosedate: null });
    expect((await client.send('POST', 'LoseOpportunity', { OpportunityClose: bound, Status: 5 })).status).toBe(204);
    expect((await client.get(path)).body).toMatchObject({ statecode: 2, statuscode: 5, actualvalue: 0 });
  });

  test.each<[string, string, object | ((id: string) => object), number, string]>([
    ['a missing parameter', 'WinOpportunity', { Status: 3 }, 400, 'OpportunityClose'],
    ['an unknown parameter', 'WinOpportunity', { OpportunityClose: {}, Status: 3, Constructor: 1 }, 400, 'Constructor'],
    ['a status as text', 'WinOpportunity', { OpportunityClose: {}, Status: '3' }, 400, 'Status'],
    [
      'no opportunity',
      'WinOpportunity',
      { OpportunityClose: { subject: 'x' }, Status: 3 },
      400,
      'opportunityid@odata.bind',
    ],
    ['a status of the other state', 'WinOpportunity', (id) => closeOf(id, 4), 400, 'Status'],
    ['an unknown column', 'LoseOpportunity', (id) => closeOf(id, 4, { nonsense: 1 }), 400, 'nonsense'],
    ['a row that is not there', 'WinOpportunity', () => closeOf(nobody, 3), 404, nobody],
    [
      'another activity',
      'WinOpportunity',
      (id) => closeOf(id, 3, { '@odata.type': 'Microsoft.Dynamics.CRM.task' }),
      400,
      'task',
    ],
  ])('%s is refused by name, and nothing is written', async (_, message, given, status, named) => {
    const client = await start();
    const id = await client.create('opportunities', { name: 'Untouched' });
    const before = await count(client, 'opportunitycloses');
    const answer = await client.send('POST', message, typeof given === 'function' ? given(id) : given);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(named)]);
    expect((await client.get(`opportunities(${id})`)).body).toMatchObject({ statecode: 0 });
    expect(await count(client, 'opportunitycloses')).toBe(before);
  });

  test.each<[string, object, number, string]>([
    ['a missing parameter', { CreateAccount: true, CreateContact: true, CreateOpportunity: true }, 400, 'Status'],
    ['a word for yes', { ...everything, CreateContact: 'yes' }, 400, 'CreateContact'],
    ['an unknown parameter', { ...everything, CreateQuote: true }, 400, 'CreateQuote'],
    ['a status of an open lead', { ...everything, Status: 1 }, 400, 'Status'],
    [
      'a customer of another table',
      { ...everything, OpportunityCustomerId: { '@odata.id': `leads(${nobody})` } },
      400,
      'OpportunityCustomerId',
    ],
    [
      'a customer who is not there',
      { ...everything, OpportunityCustomerId: { '@odata.id': `accounts(${nobody})` } },
      404,
      nobody,
    ],
  ])('a lead with %s stays open, and nothing is made of it', async (_, body, status, named) => {
    const client = await start();
    const leadid = await client.create('leads', { subject: 'Open', lastname: 'Dee', companyname: 'Dee Ltd' });
    const before = await count(client, 'accounts');
    const answer = await qualify(client, leadid, body);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(named)]);
    expect((await client.get(`leads(${leadid})`)).body).toMatchObject({ statecode: 0 });
    expect(await count(client, 'accounts')).toBe(before);
  });
});

function closeOf(id: string, Status: number, more: object = {}): object {
  return { OpportunityClose: { subject: 'x', 'opportunityid@odata.bind': `/opportunities(${id})`, ...more }, Status };
}
