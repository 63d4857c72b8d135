import { beforeAll, describe, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client, type World } from '../world.ts';

type Rows = { value: Record<string, unknown>[] } & Record<string, unknown>;

const everything = { prefer: 'odata.include-annotations="*"' };

/** A condition on accounts. */
const where = (conditions: string, type = 'and') =>
  `<fetch><entity name="account"><attribute name="name"/><order attribute="name"/><filter type="${type}">${conditions}</filter></entity></fetch>`;

forEachEngine('FetchXML', (engine) => {
  let world: World;
  let client: Client;
  let ids: Record<string, string>;
  const ask = (set: string, xml: string, headers = {}) =>
    client.get<Rows>(`${set}?fetchXml=${encodeURIComponent(xml)}`, headers);
  const names = async (xml: string, set = 'accounts', column = 'name') => {
    const { body, status, text } = await ask(set, xml);
    if (status !== 200) throw new Error(`${status} ${text}`);
    return body.value.map((row) => row[column]);
  };

  beforeAll(async () => {
    world = await createWorld(await engine.open(), { now: () => new Date('2023-08-30T12:00:00Z') });
    client = world.as(dana);
    const account = (name: string, more: object = {}) => client.create('accounts', { name, ...more });
    const contact = (firstname: string, lastname: string, company?: string) =>
      client.create('contacts', {
        firstname,
        lastname,
        ...(company === undefined ? {} : { 'parentcustomerid_account@odata.bind': `accounts(${company})` }),
      });
    const litware = await account('Litware', {
      numberofemployees: 6000,
      address1_city: 'Dallas',
      revenue: 10.5,
      industrycode: 33,
      overriddencreatedon: '2023-03-25T10:00:00Z',
    });
    const contoso = await account('Contoso', {
      numberofemployees: 1500,
      address1_city: 'Redmond',
      revenue: 20.25,
      industrycode: 1,
      'parentaccountid@odata.bind': `accounts(${litware})`,
    });
    const fabrikam = await account('Fabrikam', { numberofemployees: 2900, address1_city: 'redmond', industrycode: 12 });
    const tailspin = await account('Tailspin 100%', { numberofemployees: 2900 });
    const susanna = await contact('Susanna', 'Stubberod', litware);
    const nancy = await contact('Nancy', 'Anderson', litware);
    const yvonne = await contact('Yvonne', 'Yvonne', contoso);
    await contact('Free', 'Lance');
    await client.send('PATCH', `accounts(${litware})`, { 'primarycontactid@odata.bind': `contacts(${susanna})` });
    await client.send('PATCH', `accounts(${contoso})`, { 'primarycontactid@odata.bind': `contacts(${yvonne})` });
    ids = { litware, contoso, fabrikam, tailspin, susanna, nancy, yvonne };
  });

  test.each([
    ['eq', '<condition attribute="address1_city" operator="eq" value="Redmond"/>', ['Contoso', 'Fabrikam']],
    [
      'ne also finds nothing',
      '<condition attribute="address1_city" operator="ne" value="Redmond"/>',
      ['Litware', 'Tailspin 100%'],
    ],
    ['gt', '<condition attribute="numberofemployees" operator="gt" value="2900"/>', ['Litware']],
    ['le', '<condition attribute="numberofemployees" operator="le" value="1500"/>', ['Contoso']],
    ['a broken number', '<condition attribute="revenue" operator="eq" value="20.25"/>', ['Contoso']],
    ['like', '<condition attribute="name" operator="like" value="%to%"/>', ['Contoso']],
    ['like with _', '<condition attribute="name" operator="like" value="l_tware"/>', ['Litware']],
    ['like with a set', '<condition attribute="name" operator="like" value="[cf]%"/>', ['Contoso', 'Fabrikam']],
    [
      'like with an escaped percent sign',
      '<condition attribute="name" operator="like" value="%[%]"/>',
      ['Tailspin 100%'],
    ],
    ['like from the start', '<condition attribute="name" operator="like" value="fab%"/>', ['Fabrikam']],
    ['not-like', '<condition attribute="name" operator="not-like" value="%i%"/>', ['Contoso']],
    ['begins-with', '<condition attribute="name" operator="begins-with" value="con"/>', ['Contoso']],
    [
      'not-begin-with',
      '<condition attribute="name" operator="not-begin-with" value="con"/>',
      ['Fabrikam', 'Litware', 'Tailspin 100%'],
    ],
    ['ends-with', '<condition attribute="name" operator="ends-with" value="ware"/>', ['Litware']],
    [
      'not-end-with',
      '<condition attribute="name" operator="not-end-with" value="o"/>',
      ['Fabrikam', 'Litware', 'Tailspin 100%'],
    ],
    [
      'in',
      '<condition attribute="name" operator="in"><value>litware</value><value>Contoso</value></condition>',
      ['Contoso', 'Litware'],
    ],
    [
      'not-in',
      '<condition attribute="numberofemployees" operator="not-in"><value>2900</value></condition>',
      ['Contoso', 'Litware'],
    ],
    [
      'between',
      '<condition attribute="numberofemployees" operator="between"><value>1500</value><value>2900</value></condition>',
      ['Contoso', 'Fabrikam', 'Tailspin 100%'],
    ],
    [
      'not-between',
      '<condition attribute="numberofemployees" operator="not-between"><value>1500</value><value>2900</value></condition>',
      ['Litware'],
    ],
    ['null', '<condition attribute="address1_city" operator="null"/>', ['Tailspin 100%']],
    ['not-null', '<condition attribute="address1_city" operator="not-null"/>', ['Contoso', 'Fabrikam', 'Litware']],
    [
      'eq-userid',
      '<condition attribute="ownerid" operator="eq-userid"/>',
      ['Contoso', 'Fabrikam', 'Litware', 'Tailspin 100%'],
    ],
    ['ne-userid', '<condition attribute="ownerid" operator="ne-userid"/>', []],
    [
      'eq-businessid',
      '<condition attribute="owningbusinessunit" operator="eq-businessid"/>',
      ['Contoso', 'Fabrikam', 'Litware', 'Tailspin 100%'],
    ],
    ['on', '<condition attribute="createdon" operator="on" value="2023-03-25"/>', ['Litware']],
    [
      'on-or-after',
      '<condition attribute="createdon" operator="on-or-after" value="2023-03-26"/>',
      ['Contoso', 'Fabrikam', 'Tailspin 100%'],
    ],
    [
      'last-x-days',
      '<condition attribute="createdon" operator="last-x-days" value="7"/>',
      ['Contoso', 'Fabrikam', 'Tailspin 100%'],
    ],
    ['olderthan-x-months', '<condition attribute="createdon" operator="olderthan-x-months" value="2"/>', ['Litware']],
    ['today', '<condition attribute="createdon" operator="today"/>', ['Contoso', 'Fabrikam', 'Tailspin 100%']],
    [
      'this-year',
      '<condition attribute="createdon" operator="this-year"/>',
      ['Contoso', 'Fabrikam', 'Litware', 'Tailspin 100%'],
    ],
    [
      'in-fiscal-period-and-year',
      '<condition attribute="createdon" operator="in-fiscal-period-and-year"><value>1</value><value>2023</value></condition>',
      ['Litware'],
    ],
    [
      'column comparison',
      '<condition attribute="createdon" operator="eq" valueof="modifiedon"/>',
      ['Contoso', 'Fabrikam', 'Tailspin 100%'],
    ],
    [
      'nested or',
      '<condition attribute="numberofemployees" operator="ge" value="2900"/><filter type="or"><condition attribute="name" operator="eq" value="Litware"/><condition attribute="address1_city" operator="null"/></filter>',
      ['Litware', 'Tailspin 100%'],
    ],
    ['an empty filter', '<filter/>', ['Contoso', 'Fabrikam', 'Litware', 'Tailspin 100%']],
    [
      'any',
      '<link-entity name="contact" from="parentcustomerid" to="accountid" link-type="any"/>',
      ['Contoso', 'Litware'],
    ],
    [
      'not any',
      '<link-entity name="contact" from="parentcustomerid" to="accountid" link-type="not any"/>',
      ['Fabrikam', 'Tailspin 100%'],
    ],
    [
      'any with a filter',
      '<link-entity name="contact" from="parentcustomerid" to="accountid" link-type="any"><filter><condition attribute="lastname" operator="eq" value="Anderson"/></filter></link-entity>',
      ['Litware'],
    ],
    [
      'all: there are rows, none of which fulfils the filter',
      '<link-entity name="contact" from="parentcustomerid" to="accountid" link-type="all"><filter><condition attribute="lastname" operator="eq" value="Anderson"/></filter></link-entity>',
      ['Contoso'],
    ],
    [
      'not all is another name of any',
      '<link-entity name="contact" from="parentcustomerid" to="accountid" link-type="not all"><filter><condition attribute="lastname" operator="eq" value="Anderson"/></filter></link-entity>',
      ['Litware'],
    ],
  ])('%s', async (_, conditions, expected) => {
    expect(await names(where(conditions))).toEqual(expected);
  });

  test('an id may stand in braces, and a hierarchy may be climbed', async () => {
    const under = (operator: string) =>
      names(
        where(`<condition attribute="accountid" operator="${operator}" value="{${ids['litware']!.toUpperCase()}}"/>`),
      );
    expect(await under('eq')).toEqual(['Litware']);
    expect(await under('under')).toEqual(['Contoso']);
    expect(await under('eq-or-under')).toEqual(['Contoso', 'Litware']);
  });

  describe('links', () => {
    const link = (type: string, inside = '', more = '') =>
      `<fetch><entity name="account"><attribute name="name"/><order attribute="name"/>${more}<link-entity name="contact" from="parentcustomerid" to="accountid" link-type="${type}" alias="c">${inside}</link-entity></entity></fetch>`;
    const lastName = '<attribute name="lastname"/><order attribute="lastname"/>';
    const anderson = (entity = '') =>
      `<filter><condition ${entity}attribute="lastname" operator="eq" value="Anderson"/></filter>`;

    test.each([
      [
        'inner: one row for each pair',
        link('inner', lastName),
        ['Contoso/Yvonne', 'Litware/Anderson', 'Litware/Stubberod'],
      ],
      ['natural is inner', link('natural', lastName), ['Contoso/Yvonne', 'Litware/Anderson', 'Litware/Stubberod']],
      [
        'outer: also those without',
        link('outer', lastName),
        ['Contoso/Yvonne', 'Fabrikam/', 'Litware/Anderson', 'Litware/Stubberod', 'Tailspin 100%/'],
      ],
      [
        'a filter inside an outer link belongs to the join',
        link('outer', lastName + anderson()),
        ['Contoso/', 'Fabrikam/', 'Litware/Anderson', 'Tailspin 100%/'],
      ],
      [
        'with entityname it comes after the join',
        link('outer', lastName, anderson('entityname="c" ')),
        ['Litware/Anderson'],
      ],
      ['exists: each row once', link('exists'), ['Contoso/', 'Litware/']],
      ['in: each row once', link('in'), ['Contoso/', 'Litware/']],
      [
        'the first row only',
        link('matchfirstrowusingcrossapply', '<attribute name="lastname"/>' + anderson()),
        ['Litware/Anderson'],
      ],
      ['the first row, once', link('matchfirstrowusingcrossapply'), ['Contoso/', 'Litware/']],
    ])('%s', async (_, xml, expected) => {
      const { body } = await ask('accounts', xml);
      const last = (row: Record<string, unknown>) => (typeof row['c.lastname'] === 'string' ? row['c.lastname'] : '');
      expect(body.value.map((row) => `${String(row['name'])}/${last(row)}`)).toEqual(expected);
    });

    test('a link within a link: an inner one takes nothing from an outer one', async () => {
      const xml = `<fetch><entity name="contact"><attribute name="lastname"/><order attribute="lastname"/>
        <link-entity name="account" from="accountid" to="parentcustomerid" link-type="outer" alias="company"><attribute name="name"/>
          <link-entity name="account" from="accountid" to="parentaccountid" alias="group"><attribute name="name"/></link-entity>
        </link-entity></entity></fetch>`;
      const { body } = await ask('contacts', xml);
      expect(body.value.map((row) => [row['lastname'], row['company.name'], row['group.name']])).toEqual([
        ['Anderson', undefined, undefined],
        ['Lance', undefined, undefined],
        ['Stubberod', undefined, undefined],
        ['Yvonne', 'Contoso', 'Litware'],
      ]);
    });

    test('columns of two tables are compared', async () => {
      const xml = `<fetch><entity name="contact"><attribute name="lastname"/>
        <filter><condition attribute="lastname" operator="ne" valueof="acct.name"/><condition attribute="firstname" operator="eq" valueof="lastname"/></filter>
        <link-entity name="account" from="accountid" to="parentcustomerid" link-type="outer" alias="acct"/></entity></fetch>`;
      expect(await names(xml, 'contacts', 'lastname')).toEqual(['Yvonne']);
    });

    test('annotations and names: a link is called by its table on the way to one row', async () => {
      const xml = `<fetch><entity name="account"><attribute name="name" alias="firm"/><attribute name="primarycontactid"/><attribute name="industrycode"/>
        <filter><condition attribute="name" operator="eq" value="Litware"/></filter>
        <link-entity name="contact" from="contactid" to="primarycontactid"><attribute name="fullname"/><attribute name="parentcustomerid"/></link-entity></entity></fetch>`;
      const { body } = await ask('accounts', xml, everything);
      expect(body['@odata.context']).toBe(
        'http://localhost:80/api/data/v9.2/$metadata#accounts(firm,primarycontactid,industrycode)',
      );
      expect(body.value[0]).toMatchObject({
        '@odata.etag': expect.stringMatching(/^W\/"\d+"$/),
        accountid: ids['litware'],
        firm: 'Litware',
        'firm@OData.Community.Display.V1.AttributeName': 'name',
        _primarycontactid_value: ids['susanna'],
        '_primarycontactid_value@OData.Community.Display.V1.FormattedValue': 'Susanna Stubberod',
        '_primarycontactid_value@Microsoft.Dynamics.CRM.lookuplogicalname': 'contact',
        'industrycode@OData.Community.Display.V1.FormattedValue': 'Wholesale',
        'contact.fullname': 'Susanna Stubberod',
        'contact.parentcustomerid': ids['litware'],
        'contact.parentcustomerid@OData.Community.Display.V1.FormattedValue': 'Litware',
        'contact.parentcustomerid@Microsoft.Dynamics.CRM.lookuplogicalname': 'account',
      });
    });

    test('what is empty is left out; all-attributes brings every column', async () => {
      const { body } = await ask(
        'accounts',
        '<fetch top="1"><entity name="account"><all-attributes/><order attribute="name" descending="true"/></entity></fetch>',
      );
      const [row] = body.value;
      expect(row).toMatchObject({ name: 'Tailspin 100%', numberofemployees: 2900, statecode: 0 });
      expect(row).not.toHaveProperty('address1_city');
    });
  });

  test('choices are sorted by their labels, lookups by the names of their rows', async () => {
    const sorted = (order: string, raw = '') =>
      names(
        `<fetch ${raw}><entity name="account"><attribute name="name"/>${order}<order attribute="name"/></entity></fetch>`,
      );
    expect(await sorted('<order attribute="industrycode"/>')).toEqual([
      'Tailspin 100%',
      'Contoso',
      'Fabrikam',
      'Litware',
    ]);
    expect(await sorted('<order attribute="industrycode" descending="true"/>', 'useraworderby="1"')).toEqual([
      'Litware',
      'Fabrikam',
      'Contoso',
      'Tailspin 100%',
    ]);
    expect(await sorted('<order attribute="primarycontactid" descending="true"/>')).toEqual([
      'Contoso',
      'Litware',
      'Fabrikam',
      'Tailspin 100%',
    ]);
    expect(await sorted('<order attribute="ownerid"/>')).toEqual(['Contoso', 'Fabrikam', 'Litware', 'Tailspin 100%']);
  });

  test('a row says how many stand directly below it', async () => {
    const xml = `<fetch top="2"><entity name="account"><attribute name="name"/><attribute name="accountid" alias="below" rowaggregate="CountChildren"/><order attribute="name" descending="true"/><filter><condition attribute="name" operator="in"><value>Contoso</value><value>Litware</value></condition></filter></entity></fetch>`;
    const { body } = await ask('accounts', xml);
    expect(body.value.map(({ name, below }) => [name, below])).toEqual([
      ['Litware', 1],
      ['Contoso', 0],
    ]);
  });

  test('distinct rows, by what is selected', async () => {
    const xml = `<fetch distinct="true"><entity name="account"><attribute name="numberofemployees"/><order attribute="numberofemployees"/></entity></fetch>`;
    const { body } = await ask('accounts', xml);
    expect(body.value).toEqual([{ numberofemployees: 1500 }, { numberofemployees: 2900 }, { numberofemployees: 6000 }]);
  });

  test.each([
    ['one table', '<order attribute="address1_city"/>', '', ['Tailspin 100%', 'Litware', 'Contoso', 'Fabrikam']],
    [
      'pairs of rows',
      '<order attribute="name"/>',
      '<link-entity name="contact" from="parentcustomerid" to="accountid" link-type="outer" alias="c"/>',
      ['Contoso', 'Fabrikam', 'Litware', 'Litware', 'Tailspin 100%'],
    ],
  ])('pages are turned with the cookie of the page before: %s', async (_, order, link, expected) => {
    const found: unknown[] = [];
    let cookie = '';
    for (let page = 1; ; page += 1) {
      const xml = `<fetch count="2" page="${page}" ${cookie} returntotalrecordcount="true"><entity name="account"><attribute name="name"/>${order}${link}</entity></fetch>`;
      const { body, status } = await ask('accounts', xml, everything);
      expect(status).toBe(200);
      expect(body['@odata.count']).toBe(expected.length);
      found.push(...body.value.map(({ name }) => name));
      if (body['@Microsoft.Dynamics.CRM.morerecords'] === false) break;
      const annotation = String(body['@Microsoft.Dynamics.CRM.fetchxmlpagingcookie']);
      const inner = /^<cookie pagenumber="(\d+)" pagingcookie="([^"]+)" istracking="False" \/>$/.exec(annotation)!;
      expect(inner[1]).toBe(String(page + 1));
      const plain = decodeURIComponent(decodeURIComponent(inner[2]!));
      cookie = `paging-cookie="${plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')}"`;
    }
    expect(found).toEqual(expected);
  });

  test('pages are also found without a cookie', async () => {
    const page = (n: number) =>
      names(
        `<fetch count="3" page="${n}"><entity name="account"><attribute name="name"/><order attribute="name"/></entity></fetch>`,
      );
    expect(await page(1)).toEqual(['Contoso', 'Fabrikam', 'Litware']);
    expect(await page(2)).toEqual(['Tailspin 100%']);
    expect(await page(3)).toEqual([]);
  });
});
