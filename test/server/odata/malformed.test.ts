import { beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Database } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type World } from '../world.ts';

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const id = '00000000-0000-0000-0000-000000000001';

/** Bodies for a contact that no client should send, and a word that tells what is wrong. */
const bodies: readonly (readonly [name: string, body: string | Buffer, word: string])[] = [
  ['nothing', '', 'JSON'],
  ['blanks', ' \n ', 'JSON'],
  ['half an object', '{"lastname":"x"', 'JSON'],
  ['a trailing comma', '{"lastname":"x",}', 'JSON'],
  ['two values', '{"lastname":"x"}{}', 'JSON'],
  ['single quotes', "{'lastname':'x'}", 'JSON'],
  ['a comment', '{"lastname":"x"/* y */}', 'JSON'],
  ['NaN', '{"numberofchildren":NaN}', 'JSON'],
  ['an open text', '{"lastname":"x', 'JSON'],
  ['a text that ends in an escape', '{"lastname":"x\\', 'JSON'],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 'UTF-8'],
  ['UTF-16', Buffer.from('\ufeff{"lastname":"x"}', 'utf16le'), 'UTF-8'],
  ['a name twice', '{"lastname":"x","lastname":"y"}', 'lastname'],
  ['a name twice, once escaped', '{"lastname":"x","last\\u006eame":"y"}', 'lastname'],
  ['a name twice, further in', '{"parentcustomerid_account":{"name":"x","name":"y"}}', 'name'],
  ['__proto__ twice', '{"__proto__":1,"__proto__":2}', '__proto__'],
  ['__proto__', '{"__proto__":{"lastname":"x"}}', '__proto__'],
  ['constructor', '{"constructor":"x"}', 'constructor'],
  ['toString', '{"toString":"x"}', 'toString'],
  ['__proto__ as a lookup', `{"__proto__@odata.bind":"/accounts(${id})"}`, '__proto__'],
  ['ten thousand lists', deep(10_000), 'nested'],
  ['ten thousand objects', nested(10_000), 'nested'],
  ['ten thousand lists in a column', `{"lastname":${deep(10_000)}}`, 'nested'],
  ['a list', '[{"lastname":"x"}]', 'object'],
  ['a number', '5', 'object'],
  ['null', 'null', 'object'],
  ['rows six levels deep', `${'{"lastname":"x","contact_customer_contacts":['.repeat(7)}${']}'.repeat(7)}`, 'nested'],
  ['a number for a text', '{"lastname":5}', 'lastname'],
  ['an object for a text', '{"lastname":{}}', 'lastname'],
  ['a text for yes or no', '{"lastname":"x","donotemail":"true"}', 'donotemail'],
  ['a number for yes or no', '{"lastname":"x","donotemail":1}', 'donotemail'],
  ['a text for a choice', '{"lastname":"x","preferredcontactmethodcode":"1"}', 'preferredcontactmethodcode'],
  ['a list for a choice', '{"lastname":"x","preferredcontactmethodcode":[[[1]]]}', 'preferredcontactmethodcode'],
  ['a choice that is none', '{"lastname":"x","preferredcontactmethodcode":1e300}', 'preferredcontactmethodcode'],
  ['a number for a date', '{"lastname":"x","birthdate":20260101}', 'birthdate'],
  ['a date that is none', '{"lastname":"x","birthdate":"2026-02-30"}', 'birthdate'],
  ['a date far away', '{"lastname":"x","birthdate":"99999-01-01"}', 'birthdate'],
  ['an id that is none', '{"lastname":"x","contactid":"5"}', 'contactid'],
  ['bytes that are no base64', '{"lastname":"x","entityimage":"%%%"}', 'entityimage'],
  ['a lookup by its value', `{"lastname":"x","_parentcustomerid_value":"${id}"}`, '_parentcustomerid_value'],
  ['a list for a lookup', '{"lastname":"x","parentcustomerid_account@odata.bind":[]}', 'address'],
  ['a lookup to nothing', '{"lastname":"x","parentcustomerid_account@odata.bind":""}', 'address'],
  ['a lookup to itself as a function', '{"lastname":"x","ownerid@odata.bind":"WhoAmI"}', 'address'],
  ['a text for a collection', '{"lastname":"x","contact_customer_contacts":"y"}', 'contact_customer_contacts'],
  ['numbers for rows', '{"lastname":"x","contact_customer_contacts":[1,2]}', 'object'],
  ['a text for links', '{"lastname":"x","contactleads_association@odata.bind":"y"}', 'contactleads_association'],
  ['an annotation that OData does not have', '{"lastname":"x","lastname@odata.unknown":1}', 'lastname@odata.unknown'],
  ['an annotation without a namespace', '{"lastname":"x","@nonsense":1}', '@nonsense'],
];

forEachEngine('A malformed body', (engine) => {
  let world: World;
  let database: Database;
  let contact: string;
  beforeAll(async () => {
    database = await engine.open();
    world = await createWorld(database);
    contact = await world.as(dana).create('contacts', { lastname: 'Before' });
  });
  const send = async (method: 'POST' | 'PATCH', path: string, body: string | Buffer) =>
    world.app.inject({
      method,
      url: `/api/data/v9.2/${path}`,
      payload: body,
      headers: { authorization: `Bearer ${await world.token(dana)}`, 'content-type': 'application/json' },
    });
  const rows = async () => {
    const tables = ['contact', 'account', 'lead', 'contactleads'];
    const counts = tables.map(async (name) => {
      const { rows: found } = await sql<{ n: number }>`select count(*) as n from ${sql.raw(name)}`.execute(database.db);
      return Number(found[0]?.n);
    });
    const { rows: versions } = await sql<{ v: number }>`select max(versionnumber) as v from contact`.execute(
      database.db,
    );
    return [...(await Promise.all(counts)), Number(versions[0]?.v)];
  };

  test.each(bodies)('of %s is refused by name, and nothing is written', async (_name, body, word) => {
    const before = await rows();
    for (const [method, path] of [
      ['POST', 'contacts'],
      ['PATCH', `contacts(${contact})`],
      ['PATCH', `contacts(${id})`],
    ] as const) {
      const answer = await send(method, path, body);
      const { error } = answer.json<{ error: { code: string; message: string } }>();
      expect([method, answer.statusCode]).toEqual([method, 400]);
      expect(error.code).toMatch(/^0x[0-9a-f]{8}$/);
      // An existing row takes no new rows around it, and says so before it looks at them.
      if (method === 'POST') expect(error.message).toContain(word);
    }
    expect(await rows()).toEqual(before);
  });

  test('is not one that begins with a byte order mark, or says more than it must', async () => {
    const body = {
      '@odata.type': 'Microsoft.Dynamics.CRM.contact',
      '@odata.etag': 'W/"1"',
      lastname: 'Fine',
      'lastname@OData.Community.Display.V1.FormattedValue': 'x',
      createdon: '2001-01-01T00:00:00Z',
      createdby: null,
      fullname: 'ignored',
    };
    const answer = await send(
      'POST',
      'contacts?$select=fullname,createdon,_createdby_value',
      `\ufeff${JSON.stringify(body)}`,
    );
    expect(answer.statusCode).toBe(204);
    const address = String(answer.headers['location']).split('/v9.2/')[1]!;
    const stored = (await world.as(dana).get(address)).body;
    expect(stored).toMatchObject({ fullname: 'Fine', _createdby_value: expect.any(String) });
    expect(stored['createdon']).not.toContain('2001');
  });
});
