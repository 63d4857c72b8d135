import { beforeAll, describe, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client } from '../world.ts';

const inEntity = (inside: string, options = '') =>
  `<fetch ${options}><entity name="account"><attribute name="name"/>${inside}</entity></fetch>`;
const filter = (inside: string) => inEntity(`<filter>${inside}</filter>`);
const link = (more: string, inside = '') =>
  `<link-entity name="contact" from="parentcustomerid" to="accountid" ${more}>${inside}</link-entity>`;
const laughs = Array.from({ length: 10 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('');

/** [what, the XML, the code, what the message names] */
const refused: [what: string, xml: string, code: string, named: string][] = [
  [
    'a billion laughs',
    `<!DOCTYPE fetch [<!ENTITY l0 "ha">${laughs}]><fetch>&l9;</fetch>`,
    '0x80040201',
    'document type',
  ],
  [
    'an external entity',
    '<!DOCTYPE fetch [<!ENTITY x SYSTEM "file:///etc/passwd">]><fetch>&x;</fetch>',
    '0x80040201',
    'document type',
  ],
  ['an external DTD', '<!DOCTYPE fetch SYSTEM "http://127.0.0.1/x.dtd"><fetch/>', '0x80040201', 'document type'],
  ['an unknown entity', inEntity('&nbsp;'), '0x80040201', 'entity'],
  ['a processing instruction', `<?php evil?>${inEntity('')}`, '0x80040201', 'php'],
  ['a tag that is not closed', '<fetch><entity name="account">', '0x80040201', 'unclosed'],
  ['two roots', `${inEntity('')}<fetch/>`, '0x80040201', ''],
  ['no XML', 'select * from account', '0x80040201', ''],
  ['nothing', '', '', ''],
  ['an attribute twice', '<fetch top="1" top="2"><entity name="account"/></fetch>', '0x80040201', 'top'],
  ['ten thousand filters', filter('<filter>'.repeat(10_000) + '</filter>'.repeat(10_000)), '', ''],
  ['a hundred filters', filter('<filter>'.repeat(100) + '</filter>'.repeat(100)), '0x80060888', '40'],
  ['six hundred conditions', filter('<condition attribute="a" operator="b"/>'.repeat(501)), '0x80060888', '500'],
  ['another root', '<query/>', '0x8004111c', 'query'],
  ['no entity', '<fetch/>', '0x80041123', 'entity'],
  ['two entities', '<fetch><entity name="account"/><entity name="contact"/></fetch>', '0x8004111c', 'entity'],
  ['an unknown element', inEntity('<columns/>'), '0x8004111c', 'columns'],
  ['an unknown attribute', inEntity('', 'limit="1"'), '0x8004111c', 'limit'],
  [
    'an unknown attribute of a condition',
    filter('<condition attribute="name" operator="eq" values="x"/>'),
    '0x8004111c',
    'values',
  ],
  ['an unknown attribute of a link', inEntity(link('jointype="inner"')), '0x8004111c', 'jointype'],
  [
    'an element inside a value',
    filter('<condition attribute="name" operator="in"><value><b/></value></condition>'),
    '0x8004111c',
    'value',
  ],
  ['a condition without its column', filter('<condition operator="null"/>'), '0x8004111e', 'attribute'],
  ['a link without columns', inEntity('<link-entity name="contact"/>'), '0x8004111e', 'from'],
  ['an unknown table', '<fetch><entity name="unicorn"/></fetch>', '0x80041128', 'unicorn'],
  ['another table', '<fetch><entity name="contact"/></fetch>', '0x80041128', 'contact'],
  [
    'an unknown linked table',
    inEntity('<link-entity name="unicorn" from="a" to="accountid"/>'),
    '0x80041102',
    'unicorn',
  ],
  ['an unknown column', inEntity('<attribute name="colour"/>'), '0x80041103', 'colour'],
  [
    'an unknown column in a condition',
    filter('<condition attribute="colour" operator="null"/>'),
    '0x80041103',
    'colour',
  ],
  ['an unknown column of an order', inEntity('<order attribute="colour"/>'), '0x80041103', 'colour'],
  [
    'an unknown column of a link',
    inEntity('<link-entity name="contact" from="colour" to="accountid"/>'),
    '0x80041103',
    'colour',
  ],
  ['constructor', inEntity('<attribute name="constructor"/>'), '0x80041103', 'constructor'],
  ['__proto__', inEntity('<attribute name="__proto__"/>'), '0x80041103', '__proto__'],
  [
    'a table called __proto__',
    inEntity('<link-entity name="__proto__" from="a" to="accountid"/>'),
    '0x80041102',
    '__proto__',
  ],
  ['an attribute called __proto__', inEntity('', '__proto__="1"'), '0x8004111c', '__proto__'],
  ['the operator toString', filter('<condition attribute="name" operator="toString"/>'), '0x80041120', 'toString'],
  [
    'an unknown operator',
    filter('<condition attribute="name" operator="resembles" value="x"/>'),
    '0x80041120',
    'resembles',
  ],
  [
    'an operator of $filter',
    filter('<condition attribute="name" operator="LastXDays" value="1"/>'),
    '0x80041120',
    'LastXDays',
  ],
  ['no value', filter('<condition attribute="name" operator="eq"/>'), '0x80041106', 'name'],
  [
    'two values',
    filter('<condition attribute="name" operator="eq"><value>a</value><value>b</value></condition>'),
    '0x80041106',
    'name',
  ],
  ['an empty list', filter('<condition attribute="name" operator="in"/>'), '0x80041106', 'name'],
  [
    'half a range',
    filter('<condition attribute="numberofemployees" operator="between"><value>1</value></condition>'),
    '0x80060888',
    'two',
  ],
  [
    'a value where none is taken',
    filter('<condition attribute="name" operator="null" value="x"/>'),
    '0x80041106',
    'name',
  ],
  [
    'a text for a number',
    filter('<condition attribute="numberofemployees" operator="eq" value="many"/>'),
    '0x80060888',
    'numberofemployees',
  ],
  [
    'a text for an id',
    filter('<condition attribute="accountid" operator="eq" value="me"/>'),
    '0x80060888',
    'accountid',
  ],
  [
    'a text for a date',
    filter('<condition attribute="createdon" operator="on" value="soon"/>'),
    '0x80060888',
    'createdon',
  ],
  ['days of a name', filter('<condition attribute="name" operator="last-x-days" value="3"/>'), '0x80060888', 'name'],
  [
    'a pattern for a number',
    filter('<condition attribute="numberofemployees" operator="like" value="1%"/>'),
    '0x80041106',
    'numberofemployees',
  ],
  ['an unknown alias', filter('<condition entityname="x" attribute="name" operator="null"/>'), '0x8004110a', 'x'],
  [
    'an unknown alias in valueof',
    filter('<condition attribute="name" operator="eq" valueof="x.name"/>'),
    '0x8004110a',
    'x',
  ],
  [
    'columns of two kinds',
    filter('<condition attribute="name" operator="eq" valueof="createdon"/>'),
    '0x80060888',
    'createdon',
  ],
  [
    'valueof with like',
    filter('<condition attribute="name" operator="like" valueof="address1_city"/>'),
    '0x80041106',
    'like',
  ],
  [
    'a join that cannot be',
    inEntity('<link-entity name="contact" from="fullname" to="numberofemployees"/>'),
    '0x80041104',
    'fullname',
  ],
  ['an unknown link-type', inEntity(link('link-type="full"')), '0x80041117', 'full'],
  ['a join inside a filter', filter(link('link-type="inner"')), '0x80041121', 'inner'],
  ['sixteen links', inEntity(Array.from({ length: 16 }, (_, n) => link(`alias="a${n}"`)).join('')), '0x8004430D', ''],
  ['an alias twice', inEntity(link('alias="a"') + link('alias="a"')), '0x80041130', 'a'],
  ['a column name twice', inEntity('<attribute name="address1_city" alias="name"/>'), '0x80041130', 'name'],
  ['an alias that is no name', inEntity(link('alias="a b"')), '0x80041109', 'a b'],
  [
    'an alias as an injection',
    inEntity('<attribute name="address1_city" alias="x&quot;;drop table account;--"/>'),
    '0x80041109',
    'drop',
  ],
  ['an order by alias', inEntity('<order alias="name"/>'), '0x80041133', ''],
  ['descending: perhaps', inEntity('<order attribute="name" descending="perhaps"/>'), '0x80041139', 'descending'],
  ['or, spelt otherwise', inEntity('<filter type="xor"/>'), '0x80041122', 'xor'],
  [
    'an aggregate in a query that is none',
    inEntity('<attribute name="revenue" aggregate="sum" alias="s"/>'),
    '0x8004111a',
    'revenue',
  ],
  ['top zero', inEntity('', 'top="0"'), '0x8004110c', 'top'],
  ['top of 5,001', inEntity('', 'top="5001"'), '0x80060888', '5000'],
  ['top with pages', inEntity('', 'top="5" page="2"'), '0x80060888', 'page'],
  [
    'top with a count of all',
    inEntity('', 'top="5" returntotalrecordcount="1"'),
    '0x80060888',
    'returntotalrecordcount',
  ],
  ['a page beyond 50,000 rows', inEntity('', 'count="5000" page="12"'), '0x8004112A', '50000'],
  [
    'a cookie of somebody else',
    inEntity('', 'page="2" paging-cookie="&lt;cookie page=&quot;1&quot;/&gt;"'),
    '0x8004112A',
    'cookie',
  ],
];

forEachEngine('Bad FetchXML', (engine) => {
  let client: Client;
  beforeAll(async () => {
    client = (await createWorld(await engine.open())).as(dana);
  });
  const ask = (xml: string, more = '') =>
    client.get<{ error: { code: string; message: string } }>(`accounts?fetchXml=${encodeURIComponent(xml)}${more}`);

  describe('is refused by name', () => {
    test.each(refused)('%s', async (_, xml, code, named) => {
      const { status, body } = await ask(xml);
      expect([400, 414]).toContain(status);
      if (code !== '') expect(body.error.code).toBe(code);
      expect(body.error.message).toContain(named);
    });
  });

  test('a megabyte is refused at the door, and inside a batch', async () => {
    const xml = encodeURIComponent(
      filter(`<condition attribute="name" operator="eq" value="${'x'.repeat(1_000_000)}"/>`),
    );
    expect((await client.get(`accounts?fetchXml=${xml}`)).status).toBeGreaterThanOrEqual(400);
    const batch = `--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nGET accounts?fetchXml=${xml} HTTP/1.1\r\n\r\n\r\n--b--\r\n`;
    const answer = await client.send('POST', '$batch', batch, { 'content-type': 'multipart/mixed;boundary=b' });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  });

  test.each([
    ['columns', (n: number) => `<attribute name="name" alias="a${n}"/>`, '', 1_510],
    ['orders', () => '<order attribute="name"/>', '', 1_510],
    ['groups', (n: number) => `<attribute name="name" alias="a${n}" groupby="1"/>`, 'aggregate="1"', 600],
  ])('more %s than a statement can have are refused', async (_, part, options, length) => {
    const parts = Array.from({ length }, (__, n) => part(n)).join('');
    const xml = encodeURIComponent(`<fetch ${options}><entity name="account">${parts}</entity></fetch>`);
    const batch = `--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nGET accounts?fetchXml=${xml} HTTP/1.1\r\n\r\n\r\n--b--\r\n`;
    const answer = await client.send('POST', '$batch', batch, { 'content-type': 'multipart/mixed;boundary=b' });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('more columns than can be read');
  });

  test('other options of an address cannot be combined with it', async () => {
    const { status, body } = await ask(inEntity(''), '&$filter=name eq null');
    expect(status).toBe(400);
    expect(body.error.message).toContain('$filter');
  });

  test('inside a batch it is answered like anywhere', async () => {
    await client.create('accounts', { name: 'Northwind' });
    const xml = encodeURIComponent(filter('<condition attribute="name" operator="like" value="north%"/>'));
    const batch = `--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nGET accounts?fetchXml=${xml} HTTP/1.1\r\n\r\n\r\n--b--\r\n`;
    const answer = await client.send('POST', '$batch', batch, { 'content-type': 'multipart/mixed;boundary=b' });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('Northwind');
  });
});
