import { beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client } from '../world.ts';

type Rows = { value: Record<string, unknown>[]; '@odata.deltaLink'?: string };
type Failure = { error: { code: string; message: string } };

/** Miguel may read contacts and accounts of his own, no opportunities, no telephone numbers of contacts, no names of leads. */
forEachEngine('What FetchXML and delta links show to whom', (engine) => {
  let admin: Client;
  let reader: Client;
  let userId: string;
  let narrow: string;

  const fetchXml = (set: string, xml: string) => `${set}?fetchXml=${encodeURIComponent(xml)}`;
  const contacts = (inside: string, options = '') =>
    fetchXml('contacts', `<fetch ${options}><entity name="contact">${inside}</entity></fetch>`);
  const send = async (method: string, path: string, body?: unknown) => {
    const { status, text } = await admin.send(method, path, body);
    if (status >= 300) throw new Error(`${status} ${text}`);
  };
  const give = (role: string) =>
    send('POST', `systemusers(${userId})/systemuserroles_association/$ref`, { '@odata.id': `roles(${role})` });

  beforeAll(async () => {
    const database = await engine.open();
    await sql`insert into securedcolumn (entityname, attributelogicalname) values ('contact', 'telephone1'), ('lead', 'fullname')`.execute(
      database.db,
    );
    const world = await createWorld(database);
    admin = world.as(dana);
    reader = world.as(miguel);
    userId = (await reader.get<{ UserId: string }>('WhoAmI')).body.UserId;
    const roles = `systemusers(${userId})/systemuserroles_association`;
    for (const { roleid } of (await admin.get<Rows>(roles)).body.value)
      await send('DELETE', `${roles}(${String(roleid)})/$ref`);
    narrow = await admin.create('roles', { name: 'Narrow' });
    const depths = {
      Contact: 'Basic',
      Account: 'Basic',
      User: 'Global',
      Lead: 'Global',
      Role: 'Global',
      SavedQuery: 'Global',
    };
    await send('POST', `roles(${narrow})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, {
      Privileges: Object.entries(depths).map(([table, Depth]) => ({ PrivilegeName: `prvRead${table}`, Depth })),
    });
    await give(narrow);
    const mine = { 'ownerid@odata.bind': `/systemusers(${userId})` };
    const own = await admin.create('accounts', { name: 'Own', ...mine });
    const foreign = await admin.create('accounts', { name: 'Yonder' });
    const company = (id: string) => ({ 'parentcustomerid_account@odata.bind': `/accounts(${id})` });
    const lead = async (lastname: string) => ({
      'originatingleadid@odata.bind': `/leads(${await admin.create('leads', { subject: 'x', lastname })})`,
    });
    const [late, early] = [await lead('Zander'), await lead('Ahlberg')];
    await admin.create('contacts', { lastname: 'Berg', telephone1: '1', ...company(own), ...late, ...mine });
    await admin.create('contacts', { lastname: 'Dahl', telephone1: '2', ...company(foreign), ...early, ...mine });
    await admin.create('contacts', { lastname: 'Olsen', telephone1: '3', ...company(foreign) });
  });

  const names = async (path: string, ...columns: string[]) => {
    const { body, status, text } = await reader.get<Rows>(path);
    if (status !== 200) throw new Error(`${status} ${text}`);
    return body.value.map((row) => columns.map((column) => row[column]));
  };

  test('rows of every table of a query, and of those that only filter', async () => {
    const lastName = '<attribute name="lastname"/><order attribute="lastname"/>';
    const company = (more: string, inside = '<attribute name="name"/>') =>
      `<link-entity name="account" from="accountid" to="parentcustomerid" alias="a" ${more}>${inside}</link-entity>`;
    expect(await names(contacts(lastName), 'lastname')).toEqual([['Berg'], ['Dahl']]);
    expect(await names(contacts(lastName + company('')), 'lastname', 'a.name')).toEqual([['Berg', 'Own']]);
    expect(await names(contacts(lastName + company('link-type="outer"')), 'lastname', 'a.name')).toEqual([
      ['Berg', 'Own'],
      ['Dahl', undefined],
    ]);
    const any = (type: string) => `<filter>${company(`link-type="${type}"`, '')}</filter>`;
    expect(await names(contacts(lastName + any('any')), 'lastname')).toEqual([['Berg']]);
    expect(await names(contacts(lastName + any('not any')), 'lastname')).toEqual([['Dahl']]);
    const first = company('link-type="matchfirstrowusingcrossapply"');
    expect(await names(contacts(lastName + first), 'lastname', 'a.name')).toEqual([['Berg', 'Own']]);
    const count = '<attribute name="contactid" aggregate="count" alias="n"/>';
    expect(await names(contacts(count, 'aggregate="true"'), 'n')).toEqual([[2]]);
    // The order would tell the names of rows that are not seen: Yonder counts as nothing, and nothing comes first.
    const sorted = '<attribute name="lastname"/><order attribute="parentcustomerid"/>';
    expect(await names(contacts(sorted), 'lastname')).toEqual([['Dahl'], ['Berg']]);
  });

  test('a table without the right is refused wherever it stands', async () => {
    const link = (type: string) =>
      `<link-entity name="opportunity" from="parentcontactid" to="contactid" link-type="${type}"/>`;
    const places = ['inner', 'outer', 'exists', 'matchfirstrowusingcrossapply'].map(link);
    for (const inside of [...places, `<filter>${link('any')}</filter>`, `<filter>${link('not any')}</filter>`]) {
      const { status, body } = await reader.get<Failure>(contacts(inside));
      expect([status, body.error.code]).toEqual([403, '0x80040220']);
    }
  });

  test('a secured column is empty, and is neither compared nor sorted nor counted', async () => {
    const seen = await names(contacts('<attribute name="lastname"/><attribute name="telephone1"/>'), 'telephone1');
    expect(seen).toEqual([[undefined], [undefined]]);
    expect(await names(contacts('<attribute name="telephone1"/>', 'distinct="true"'), 'telephone1')).toEqual([
      [undefined],
    ]);
    const admins = await admin.get<Rows>(contacts('<attribute name="telephone1"/><order attribute="telephone1"/>'));
    expect(admins.body.value.map((row) => row['telephone1'])).toEqual(['1', '2', '3']);
    for (const inside of [
      '<filter><condition attribute="telephone1" operator="eq" value="1"/></filter>',
      '<filter><condition attribute="lastname" operator="eq" valueof="telephone1"/></filter>',
      '<order attribute="telephone1"/>',
      '<link-entity name="contact" from="telephone1" to="telephone1" alias="b"/>',
    ])
      expect((await reader.get(contacts(inside))).status).toBe(403);
    const grouped = '<attribute name="telephone1" groupby="true" alias="t"/>';
    expect((await reader.get(contacts(grouped, 'aggregate="true"'))).status).toBe(403);
  });

  test('a secured name does not sort those who point to it either', async () => {
    const sorted = '<attribute name="lastname"/><order attribute="originatingleadid"/>';
    const { body } = await admin.get<Rows>(contacts(sorted));
    expect(body.value.map((row) => row['lastname'])).toEqual(['Olsen', 'Dahl', 'Berg']);
    // Without the names both leads are alike, and the contacts come as they were made.
    expect(await names(contacts(sorted), 'lastname')).toEqual([['Berg'], ['Dahl']]);
    const grouped =
      '<attribute name="originatingleadid" groupby="true" alias="l"/><attribute name="contactid" aggregate="count" alias="n"/><order alias="l"/>';
    const groups = async (client: Client) =>
      (await client.get<Rows>(contacts(grouped, 'aggregate="true"'))).body.value.map((row) => row['l']);
    const inOrder = await groups(admin);
    expect(await groups(reader)).toEqual(inOrder.filter((id) => id !== undefined).reverse());
    expect((await reader.get<Rows>('contacts?$select=lastname&$orderby=originatingleadid')).body.value).toMatchObject([
      { lastname: 'Berg' },
      { lastname: 'Dahl' },
    ]);
  });

  test('many-to-many relationships are walked through their pairs', async () => {
    const xml = `<fetch><entity name="systemuser"><attribute name="fullname"/><filter><condition attribute="systemuserid" operator="eq-userid"/></filter>
      <link-entity name="systemuserroles" from="systemuserid" to="systemuserid" intersect="true">
        <link-entity name="role" from="roleid" to="roleid" alias="r"><attribute name="name"/></link-entity></link-entity></entity></fetch>`;
    expect(await names(fetchXml('systemusers', xml), 'fullname', 'r.name')).toEqual([['Miguel Santos', 'Narrow']]);
  });

  test('changes are for those who may read all rows, from the first to every next page', async () => {
    const tracking = { prefer: 'odata.track-changes' };
    const refused = await reader.get<Failure>('contacts?$select=lastname', tracking);
    expect([refused.status, refused.body.error.code]).toEqual([403, '0x80040220']);
    const { body } = await admin.get<Rows>('contacts?$select=lastname', tracking);
    const link = body['@odata.deltaLink']!.replace('http://localhost:80/api/data/v9.2/', '');
    await send('DELETE', `contacts(${await admin.create('contacts', { lastname: 'Brief' })})`);
    expect((await admin.get<Rows>(link)).body.value).toHaveLength(1);
    // Somebody else's link gives no right.
    expect((await reader.get(link)).status).toBe(403);
    expect((await reader.get(link.replace('contacts?', 'contacts/$count?'))).status).toBe(403);
  });
});
