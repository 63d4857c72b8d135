import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Person, type World } from '../world.ts';

interface Preview {
  kind: string;
  encoding: string;
  delimiter: string | null;
  rows: number;
  columns: { heading: string; target: string | null; example: string }[];
  sample: { row: number; values: Record<string, string> }[];
  errors: { count: number; list: { row: number; column: string; message: string }[] };
  notes: { count: number; list: { row: number; message: string }[] };
  duplicates: {
    count: number;
    list: { row: number; email: string; of: { id?: string; row?: number; name: string } }[];
  };
}

forEachEngine('Import and export', ({ open }) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld(await open());
    await world.as(dana).get('WhoAmI');
  });

  const send = async <T>(path: string, file: string | Uint8Array, person: Person = dana) => {
    const answer = await world.app.inject({
      method: 'POST',
      url: `/crm/import/${path}`,
      headers: { authorization: `Bearer ${await world.token(person)}`, 'content-type': 'text/csv' },
      payload: Buffer.from(file),
    });
    return { status: answer.statusCode, body: answer.json<T & { error?: { code: string; message: string } }>() };
  };
  const preview = async (file: string | Uint8Array, table = 'contact', query = '') => {
    const { status, body } = await send<Preview>(`${table}/preview?name=people.csv${query}`, file);
    return { status, ...body };
  };
  const meaning = ({ columns }: Preview) => Object.fromEntries(columns.map(({ heading, target }) => [heading, target]));
  const count = async (filter: string, set = 'contacts') =>
    Number((await world.as(dana).get(`${set}/$count?$filter=${encodeURIComponent(filter)}`)).text);

  test('a file is shown before anything happens: what headings mean, what does not fit and where', async () => {
    const seen = await preview(
      [
        'Vorname;First Name;Last Name;E-mail Address;Birthday;Do not allow Emails;Preferred Method of Contact;Job Title',
        `x;Ana;Costa;ana@import.example;3.2.1980;yes;Phone;"Head; of ""things"""`,
        'x;Bo;Lind;bo@import.example;31.02.1980;perhaps;Pigeon;',
        `x;;;;;;;${'t'.repeat(101)}`,
        '',
      ].join('\r\n'),
    );
    expect(seen).toMatchObject({ status: 200, kind: 'csv', encoding: 'utf-8', delimiter: ';', rows: 3 });
    expect(meaning(seen)).toEqual({
      Vorname: null,
      'First Name': 'firstname',
      'Last Name': 'lastname',
      'E-mail Address': 'emailaddress1',
      Birthday: 'birthdate',
      'Do not allow Emails': 'donotemail',
      'Preferred Method of Contact': 'preferredcontactmethodcode',
      'Job Title': 'jobtitle',
    });
    expect(seen.sample[0]!.values).toMatchObject({ firstname: 'Ana', jobtitle: 'Head; of "things"' });
    expect(seen.errors.list.map(({ row, column }) => [row, column])).toEqual([
      [3, 'Birthday'],
      [3, 'Do not allow Emails'],
      [3, 'Preferred Method of Contact'],
      [4, 'Job Title'],
      [4, ''],
    ]);
    expect(seen.errors.list[2]!.message).toBe(
      '“Pigeon” does not fit: Preferred Method of Contact is one of: Any, Email, Phone, Fax, Mail.',
    );
  });

  test.each([
    [
      'Outlook',
      'First Name,Last Name,Company,Job Title,Business Street,Business City,Business State,Business Postal Code,Business Country/Region,Home Phone,Mobile Phone,Business Phone,E-mail Address,E-mail 2 Address,Notes,Web Page',
      'firstname lastname parentcustomerid jobtitle address1_line1 address1_city address1_stateorprovince address1_postalcode address1_country telephone2 mobilephone telephone1 emailaddress1 emailaddress2 description websiteurl',
    ],
    [
      'Google',
      'Name,Given Name,Family Name,E-mail 1 - Value,Phone 1 - Value,Organization 1 - Name,Organization 1 - Title,Address 1 - City',
      'fullname firstname lastname emailaddress1 telephone1 parentcustomerid jobtitle address1_city',
    ],
    [
      'logical names',
      'firstname,lastname,emailaddress1,address1_postofficebox',
      'firstname lastname emailaddress1 address1_postofficebox',
    ],
  ])('headings of %s are understood', async (_name, headings, targets) => {
    const seen = await preview(
      `${headings}\n${headings
        .split(',')
        .map(() => 'a')
        .join(',')}\n`,
    );
    expect(seen.columns.map(({ target }) => target).join(' ')).toBe(targets);
  });

  test.each([
    ['UTF-8 with a mark', Buffer.from('\ufeffName\nZoë Łuk\n'), 'utf-8'],
    ['UTF-16', Buffer.from('\ufeffName\nZoë Łuk\n', 'utf16le'), 'utf-16le'],
    ['UTF-16 without a mark', Buffer.from('Name\nZoë Luk\n', 'utf16le'), 'utf-16le'],
    ['Windows', Buffer.from('Name\nZo\xeb \x8auk\n', 'latin1'), 'windows-1252'],
  ])('text in %s is read', async (_name, file, encoding) => {
    const seen = await preview(file);
    expect(seen.encoding).toBe(encoding);
    expect(seen.sample[0]!.values['fullname']).toMatch(/^Zoë [ŁLŠ]uk$/);
  });

  test('everything is imported or nothing; the same import again has no effect', async () => {
    const file = 'First Name,Last Name,Email\nCy,Ames,cy@import.example\nDi,Beck,di@import.example\n';
    const broken = `${file}Ed,${'x'.repeat(60)},ed@import.example\n`;
    const id = randomUUID();
    expect(await send(`contact/${id}`, broken)).toMatchObject({
      status: 400,
      body: { error: { code: '0x80048d19', message: expect.stringMatching(/^Row 4: .*Nothing was imported\.$/) } },
    });
    expect(await count("endswith(emailaddress1,'@import.example')")).toBe(0);
    const result = { importId: id, created: 2, updated: 0, leftOut: 0 };
    expect(await send(`contact/${id}`, file)).toEqual({ status: 200, body: result });
    expect(await send(`contact/${id}`, file)).toEqual({ status: 200, body: result });
    expect(await count("endswith(emailaddress1,'@import.example')")).toBe(2);
    expect((await send(`contact/${id}`, `${file}Fay,Cole,fay@import.example\n`)).status).toBe(412);
    expect((await send(`contact/${id}`, file, miguel)).status).toBe(412);
  });

  test('what is there already is left out, updated or made again, as a person wishes', async () => {
    const first = 'Name,Email,Job Title\nGus Dale,gus@twice.example,Clerk\n';
    await send(`contact/${randomUUID()}`, first);
    const again =
      'Name,Email,Job Title\nGus Dale,GUS@twice.example,Chief\nHal East,hal@twice.example,\nHal East,hal@twice.example,Boss\n';
    const seen = await preview(again);
    expect(seen.duplicates.list).toEqual([
      { row: 2, email: 'GUS@twice.example', of: { id: expect.any(String), name: 'Gus Dale' } },
      { row: 4, email: 'hal@twice.example', of: { row: 3, name: 'hal@twice.example' } },
    ]);
    const run = async (duplicates: string) =>
      (await send(`contact/${randomUUID()}?duplicates=${duplicates}`, again)).body;
    expect(await run('skip')).toMatchObject({ created: 1, updated: 0, leftOut: 2 });
    expect(await run('update')).toMatchObject({ created: 0, updated: 3, leftOut: 0 });
    const { body } = await world
      .as(dana)
      .get<{ value: { jobtitle: string }[] }>(
        "contacts?$select=jobtitle&$filter=endswith(emailaddress1,'@twice.example')&$orderby=fullname",
      );
    expect(body.value.map(({ jobtitle }) => jobtitle)).toEqual(['Chief', 'Boss']);
    expect(await run('create')).toMatchObject({ created: 3 });
    expect(await count("endswith(emailaddress1,'@twice.example')")).toBe(5);
  });

  test('a company is linked where there is exactly one of that name', async () => {
    const account = await world.as(dana).create('accounts', { name: 'Wide World Importers' });
    const file = 'Name,Company\nIda Frost,wide world importers\nJo Gale,Nobody Ltd\n';
    const seen = await preview(file);
    expect(seen.notes.list).toEqual([
      { row: 3, column: 'Company', message: 'There is no account “Nobody Ltd”; the company stays empty.' },
    ]);
    await send(`contact/${randomUUID()}`, file);
    expect(await count(`parentcustomerid_account/accountid eq ${account}`)).toBe(1);
  });

  test('a row is shown as it would be stored; an address that is none is remarked', async () => {
    const seen = await preview('Name,Email,Birthday\nLea Moor,lea.moor,9 Dec 1986\n');
    expect(seen.sample[0]?.values).toMatchObject({ birthdate: '1986-12-09' });
    expect(seen).toMatchObject({ errors: { count: 0 } });
    expect(seen.notes.list).toEqual([
      {
        row: 2,
        column: 'Email',
        message: '“lea.moor” is not an e-mail address: mail will not be recognised by it.',
      },
    ]);
  });

  test('leads and accounts; a mapping that a person has changed', async () => {
    const file = 'Who,Mail,Firm\nKai Hart,kai@lead.example,Litware\n';
    const mapping = encodeURIComponent(JSON.stringify(['fullname', 'emailaddress1', 'companyname']));
    const done = await send(`lead/${randomUUID()}?name=fair.csv&mapping=${mapping}`, file);
    expect(done).toMatchObject({ status: 200, body: { created: 1 } });
    const { body } = await world
      .as(dana)
      .get<{ value: object[] }>(
        "leads?$select=subject,firstname,lastname,companyname&$filter=emailaddress1 eq 'kai@lead.example'",
      );
    expect(body.value[0]).toMatchObject({
      subject: 'Imported from fair.csv',
      firstname: 'Kai',
      lastname: 'Hart',
      companyname: 'Litware',
    });
    expect((await preview('Name,Employees,Annual Revenue\nLitware,"1,200","1.234,50"\n', 'account')).errors.count).toBe(
      0,
    );
    expect((await preview('Website\nhttps://x.example\n', 'account')).errors.list[0]!.message).toBe(
      'An account needs a name.',
    );
    for (const [wrong, sentence] of [
      ['["fullname"]', 'a list of 3'],
      ['["constructor",null,null]', 'cannot go into'],
      ['["ownerid",null,null]', 'cannot go into'],
      ['["lastname","lastname",null]', 'Two headings'],
      ['{', 'a list of 3'],
    ] as const)
      expect(await preview(file, 'lead', `&mapping=${encodeURIComponent(wrong)}`)).toMatchObject({
        status: 400,
        error: { message: expect.stringContaining(sentence) },
      });
  });

  describe('files that cannot be read are refused with the place', () => {
    test.each([
      ['', 'The file is empty.'],
      ['Name\n', 'The file holds headings but no rows.'],
      ['Name\nAna "the" Costa\n"open', 'A quotation mark'],
      [`Name\n${'a\n'.repeat(10_001)}`, 'more than 10000 rows'],
      ['BEGIN:VCARD\nVERSION:3.0\nFN:x', 'never ends'],
      ['BEGIN:VCARD\nVERSION:3.0\nFN:x\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nno colon\nEND:VCARD\n', 'Card 2 '],
      [Buffer.from([0x89, 0x50, 0, 1, 0, 0, 2, 0, 0, 0, 0]), 'not text'],
      [`${'h,'.repeat(301)}\nx\n`, 'more than 300 columns'],
    ])('%j', async (file, sentence) => {
      expect(await preview(file)).toMatchObject({
        status: 400,
        error: { code: '0x80048d19', message: expect.stringContaining(sentence) },
      });
    });

    test('too many bytes, unknown tables, nobody', async () => {
      expect((await preview('x'.repeat(10 * 1024 * 1024 + 1))).status).toBe(413);
      expect((await preview('Name\nx\n', 'systemuser')).status).toBe(404);
      expect((await preview('Name\nx\n', 'constructor')).status).toBe(404);
      expect((await send('contact/not-a-guid', 'Name\nx\n')).status).toBe(400);
      expect(
        (await world.app.inject({ method: 'POST', url: '/crm/import/contact/preview', payload: 'Name\nx' })).statusCode,
      ).toBe(401);
    });
  });

  test.each([
    [
      '2.1',
      'BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;;\r\nTEL;CELL;VOICE:+49 151 1\r\nTEL;WORK;FAX:+49 2\r\nEMAIL;INTERNET:joerg@card.example\r\nORG:Contoso, Ltd.;Sales\r\nNOTE;ENCODING=QUOTED-PRINTABLE:first line=0D=0Asecond=\r\n, long line\r\nEND:VCARD\r\n',
    ],
    [
      '3.0',
      'BEGIN:VCARD\r\nVERSION:3.0\r\nN:Müller;Jörg;;;\r\nTEL;TYPE=CELL:+49 151 1\r\nTEL;TYPE=WORK,FAX:+49 2\r\nitem1.EMAIL;type=INTERNET:joerg@card.exa\r\n mple\r\nORG:Contoso\\, Ltd.;Sales\r\nNOTE:first line\\nsecond\\, long line\r\nEND:VCARD\r\n',
    ],
    [
      '4.0',
      'BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Jörg Müller\r\nN:Müller;Jörg;;;\r\nTEL;VALUE=uri;TYPE=cell:tel:+49 151 1\r\nTEL;TYPE="fax,work":+49 2\r\nEMAIL;PREF=1:joerg@card.example\r\nORG:Contoso\\, Ltd.;Sales\r\nNOTE:first line\\nsecond\\, long line\r\nEND:VCARD\r\n',
    ],
  ])('a card in vCard %s', async (_version, card) => {
    const seen = await preview(card);
    expect(seen).toMatchObject({ status: 200, kind: 'vcard', rows: 1, errors: { count: 0 } });
    expect(seen.columns.find(({ heading }) => heading === 'Company')?.example).toBe('Contoso, Ltd.');
    const { values } = seen.sample[0]!;
    expect({ ...values, description: values['description']?.replace('\r', '') }).toMatchObject({
      firstname: 'Jörg',
      lastname: 'Müller',
      mobilephone: '+49 151 1',
      fax: '+49 2',
      emailaddress1: 'joerg@card.example',
      department: 'Sales',
      description: 'first line\nsecond, long line',
    });
  });

  test('an export is a CSV that no spreadsheet runs, and that comes back as it was', async () => {
    const secret = {
      firstname: '=HYPERLINK("http://evil")',
      lastname: 'Export, the "1st"',
      emailaddress1: 'x@export.example',
      telephone1: '+49 30 1',
      description: 'two\nlines',
      donotemail: true,
    };
    await world.as(dana).create('contacts', secret);
    await world.as(dana).create('contacts', { lastname: 'Plain', emailaddress1: 'y@export.example' });
    const token = await world.token(dana);
    const download = (query: string, path = 'contacts') =>
      world.app.inject({
        method: 'GET',
        url: `/crm/export/${path}?${query}`,
        headers: { authorization: `Bearer ${token}` },
      });
    const filter = `$filter=${encodeURIComponent("endswith(emailaddress1,'@export.example')")}&$orderby=emailaddress1`;
    const answer = await download(
      `$select=firstname,lastname,emailaddress1,telephone1,description,donotemail&${filter}&bom=1`,
    );
    expect(answer.headers['content-type']).toContain('text/csv');
    expect(answer.body).toBe(
      '\ufeffFirst Name,Last Name,Email,Business Phone,Description,Do not allow Emails\r\n' +
        `"'=HYPERLINK(""http://evil"")","Export, the ""1st""",x@export.example,'+49 30 1,"two\nlines",Yes\r\n` +
        ',Plain,y@export.example,,,No\r\n',
    );
    expect((await preview(answer.rawPayload)).sample[0]!.values).toMatchObject({ lastname: secret.lastname });
    await send(`contact/${randomUUID()}?duplicates=create`, answer.rawPayload);
    const { body } = await world
      .as(dana)
      .get<{ value: object[] }>(`contacts?$select=${Object.keys(secret).join(',')}&${filter}`);
    expect(body.value.filter((row) => 'firstname' in row && row.firstname === secret.firstname)).toMatchObject([
      secret,
      secret,
    ]);
    expect((await download('$select=constructor')).statusCode).toBe(400);
    expect((await download('', 'constructor')).statusCode).toBe(404);
    expect((await download('headings=logical&$top=1')).body.split(',').slice(0, 2)).toEqual(['firstname', 'lastname']);
  });

  test('more rows than a page', async () => {
    const file = `Name,Email\n${Array.from({ length: 2_500 }, (_, index) => `Many ${index},many${index}@many.example\n`).join('')}`;
    expect(await send(`contact/${randomUUID()}`, file)).toMatchObject({ body: { created: 2_500 } });
    const answer = await world.app.inject({
      method: 'GET',
      url: `/crm/export/contacts?$select=emailaddress1&$filter=${encodeURIComponent("endswith(emailaddress1,'@many.example')")}`,
      headers: { authorization: `Bearer ${await world.token(dana)}` },
    });
    expect(new Set(answer.body.trim().split('\r\n')).size).toBe(2_501);
  }, 60_000);
});
