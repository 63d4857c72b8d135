import { beforeAll, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client } from '../world.ts';

interface Expanded {
  name: string;
  accountid: string;
  contact_customer_accounts: { lastname: string; opportunity_customer_contacts?: { name: string }[] }[];
  'contact_customer_accounts@odata.nextLink'?: string;
}

const relative = (link: unknown) => String(link).replace(/^.*\/v9\.2\//, '');
const REFUSED = 'Only $select and $filter clause can be provided';

forEachEngine('Expanded navigations', (engine) => {
  let client: Client;
  const ids = new Map<string, string>();
  beforeAll(async () => {
    client = (await createWorld(await engine.open())).as(dana);
    for (const name of ['Full', 'Single', 'Empty']) ids.set(name, await client.create('accounts', { name }));
    for (const [company, count] of [
      ['Full', 5],
      ['Single', 1],
    ] as const) {
      for (let index = 1; index <= count; index += 1) {
        const contact = await client.create('contacts', {
          lastname: `${company} ${index}`,
          'parentcustomerid_account@odata.bind': `accounts(${ids.get(company)})`,
        });
        ids.set(`${company} ${index}`, contact);
        for (let sale = 1; sale <= (index === 1 ? 3 : 0); sale += 1)
          await client.create('opportunities', {
            name: `${company} sale ${sale}`,
            'customerid_contact@odata.bind': `contacts(${contact})`,
          });
      }
    }
    await client.send('PATCH', `accounts(${ids.get('Full')})`, {
      'primarycontactid@odata.bind': `contacts(${ids.get('Full 1')})`,
    });
  }, 60_000);

  const list = async (query: string, pageSize?: number) => {
    const prefer = pageSize === undefined ? {} : { prefer: `odata.maxpagesize=${pageSize}` };
    const { body, status, text } = await client.get<{ value: Expanded[]; '@odata.context': string }>(query, prefer);
    if (status !== 200) throw new Error(text);
    return body;
  };
  const names = (rows: { lastname: string }[]) => rows.map(({ lastname }) => lastname).sort();

  test('come whole, however small the page is, with the address of the collection beside them', async () => {
    const body = await list(
      "accounts?$select=name&$orderby=name&$expand=contact_customer_accounts($select=lastname;$filter=contains(lastname,'l'))",
      2,
    );
    expect(relative(body['@odata.context'])).toBe('$metadata#accounts(name,contact_customer_accounts(lastname))');
    expect(body.value.map((row) => [row.name, row.contact_customer_accounts.length])).toEqual([
      ['Empty', 0],
      ['Full', 5],
    ]);
    const link = relative(body.value[1]?.['contact_customer_accounts@odata.nextLink']);
    expect(link).toBe(
      `accounts(${ids.get('Full')})/contact_customer_accounts?$select=lastname&$filter=contains(lastname,'l')`,
    );
    const again = await client.get<{ value: { lastname: string }[] }>(link);
    expect(names(again.body.value)).toEqual(['Full 1', 'Full 2', 'Full 3', 'Full 4', 'Full 5']);
  });

  test('are cut and sorted where nothing is nested', async () => {
    const { value } = await list(
      'accounts?$select=name&$orderby=name&$expand=contact_customer_accounts($select=lastname;$orderby=lastname desc;$top=2)',
    );
    expect(value.map((row) => row.contact_customer_accounts.map(({ lastname }) => lastname))).toEqual([
      [],
      ['Full 5', 'Full 4'],
      ['Single 1'],
    ]);
  });

  test('are paged one by one as soon as something is nested, and no row is lost', async () => {
    const { value } = await list(
      "accounts?$filter=name eq 'Full'&$expand=contact_customer_accounts($select=lastname;$expand=opportunity_customer_contacts($select=name))",
      2,
    );
    const rows = [...(value[0]?.contact_customer_accounts ?? [])];
    expect(rows).toHaveLength(2);
    let next = value[0]?.['contact_customer_accounts@odata.nextLink'];
    while (next !== undefined) {
      const page = await list(relative(next), 2);
      expect(page.value.length).toBeLessThanOrEqual(2);
      rows.push(...(page.value as unknown as typeof rows));
      next = (page as unknown as Record<string, string | undefined>)['@odata.nextLink'];
    }
    expect(names(rows)).toEqual(['Full 1', 'Full 2', 'Full 3', 'Full 4', 'Full 5']);
    const [person] = rows.filter(({ lastname }) => lastname === 'Full 1') as unknown as Record<string, unknown>[];
    const sales = [...(person?.['opportunity_customer_contacts'] as { name: string }[])];
    for (let link = person?.['opportunity_customer_contacts@odata.nextLink']; link !== undefined;) {
      const { body } = await client.get(relative(link), { prefer: 'odata.maxpagesize=2' });
      sales.push(...(body['value'] as { name: string }[]));
      link = body['@odata.nextLink'];
    }
    expect(sales.map(({ name }) => name).sort()).toEqual(['Full sale 1', 'Full sale 2', 'Full sale 3']);
  });

  test('of many to many come along from both sides', async () => {
    const team = await client.create('teams', { name: 'Sales' });
    const me = String((await client.get('WhoAmI')).body['UserId']);
    await client.send('POST', `teams(${team})/teammembership_association/$ref`, { '@odata.id': `systemusers(${me})` });
    const teams = await client.get(`teams(${team})?$select=name&$expand=teammembership_association($select=fullname)`);
    expect(teams.body['teammembership_association']).toMatchObject([{ fullname: 'Dana Whitfield' }]);
    const users = await client.get<{ value: Record<string, unknown>[] }>(
      "systemusers?$select=fullname&$expand=teammembership_association($select=name;$filter=name eq 'Sales')&$filter=teammembership_association/any(t:t/name eq 'Sales')",
    );
    expect(users.body.value).toMatchObject([{ systemuserid: me, teammembership_association: [{ name: 'Sales' }] }]);
    await client.send('DELETE', `teams(${team})`);
  });

  test('of a lookup are the row, only its address, or nothing', async () => {
    const full = `accounts(${ids.get('Full')})?$select=name`;
    const row = (await client.get(`${full}&$expand=primarycontactid($select=lastname)`)).body;
    expect(row['primarycontactid']).toMatchObject({ lastname: 'Full 1', contactid: ids.get('Full 1') });
    const reference = (await client.get(`${full}&$expand=primarycontactid/$ref`)).body;
    expect(relative(reference['@odata.context'])).toBe('$metadata#accounts(name,primarycontactid/$ref())/$entity');
    expect(reference['primarycontactid']).toEqual({
      '@odata.id': expect.stringMatching(new RegExp(`contacts\\(${ids.get('Full 1')}\\)$`)),
    });
    const other = await client.get(`${full}&$expand=primarycontactid($select=lastname;$filter=lastname eq 'Nobody')`);
    expect(other.body['primarycontactid']).toBeNull();
  });

  test.each([
    ['primarycontactid($top=1)', REFUSED],
    ['primarycontactid($orderby=lastname)', REFUSED],
    ['contact_customer_accounts($top=1;$expand=parentcustomerid_account)', REFUSED],
    ['contact_customer_accounts($orderby=lastname),primarycontactid($expand=createdby)', REFUSED],
    ['contact_customer_accounts/$ref', 'Expand with $ref is only supported on lookup type'],
    ['contact_customer_accounts($count=true)', '$count=true'],
    ['contact_customer_accounts($skip=1)', '$skip=1'],
    ['contact_customer_accounts($levels=2)', '$levels=2'],
    ['contact_customer_accounts($search=x)', '$search=x'],
    ['contact_customer_accounts($select=lastname;$select=lastname)', 'twice'],
    ['contact_customer_accounts($filter=lastname eq @p)&@p=%27x%27', '@p'],
    ['contact_customer_accounts($filter=lastname eq)', 'end'],
    ['contact_customer_accounts($filter=nothing eq 1)', 'nothing'],
    ['contact_customer_accounts($select=nothing)', 'nothing'],
    ['contact_customer_accounts(', 'not closed'],
    ['contact_customer_accounts)', 'not opened'],
    ['*', '*'],
    ['name', 'name'],
    [Array.from({ length: 16 }, () => 'primarycontactid').join(','), 'at most 15'],
    [`${'primarycontactid($expand='.repeat(12)}createdby${')'.repeat(12)}`, 'deeper than 10'],
  ])('%s is refused: %s', async (expand, word) => {
    const { status, body } = await client.get(`accounts?$expand=${expand}`);
    expect([status, body['error']]).toEqual([400, { code: '0x80060888', message: expect.stringContaining(word) }]);
  });
});
