import { beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Database } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client, type World } from '../world.ts';

const pictures = [
  ['image/png', '89504e470d0a1a0a0000000d49484452'],
  ['image/jpeg', 'ffd8ffe000104a46'],
  ['image/gif', '4749463839610100'],
  ['image/tiff', '49492a0008000000'],
  ['image/bmp', '424d460000000000'],
] as const;

forEachEngine('The address of a picture', (engine) => {
  let database: Database;
  let world: World;
  let admin: Client;
  beforeAll(async () => {
    database = await engine.open();
    world = await createWorld(database);
    admin = world.as(dana);
  });
  const load = async (url: string, headers: Record<string, string> = {}, person = dana) =>
    world.app.inject({ url, headers: { authorization: `Bearer ${await world.token(person)}`, ...headers } });
  const pictured = async (hex: string) => {
    const entityimage = Buffer.from(hex, 'hex').toString('base64');
    const path = `contacts(${await admin.create('contacts', { lastname: 'Pictured', entityimage })})`;
    return { path, url: await urlOf(path) };
  };
  const urlOf = async (path: string) =>
    String((await admin.get(`${path}?$select=entityimage_url`)).body['entityimage_url']);

  test.each(pictures)('gives %s, said to be what it begins with', async (type, hex) => {
    const { url } = await pictured(hex);
    for (const address of [url, `${url}&Full=true`, url.replace('Entity=', 'entity=').replace('&Id=', '&id=')]) {
      const answer = await load(address);
      expect([answer.statusCode, answer.rawPayload.toString('hex')]).toEqual([200, hex]);
      expect(answer.headers).toMatchObject({
        'content-type': type,
        'x-content-type-options': 'nosniff',
        'content-disposition': `inline; filename="contact.${type.slice(6)}"`,
        'cache-control': 'private, no-cache',
      });
    }
  });

  test('is another one for another picture, and a picture that is known is not sent again', async () => {
    const { path, url } = await pictured(pictures[0][1]);
    const { etag } = (await load(url)).headers;
    const again = await load(url, { 'if-none-match': String(etag) });
    expect([again.statusCode, again.rawPayload.length, again.headers.etag]).toEqual([304, 0, etag]);
    await admin.send('PATCH', path, { entityimage: Buffer.from(pictures[2][1], 'hex').toString('base64') });
    expect((await load(url, { 'if-none-match': String(etag) })).statusCode).toBe(404);
    const next = await load(await urlOf(path), { 'if-none-match': String(etag) });
    expect([next.statusCode, next.headers['content-type']]).toEqual([200, 'image/gif']);
    await admin.send('PATCH', path, { entityimage: null });
    expect((await load(url)).statusCode).toBe(404);
  });

  test('is read by a user who is signed in, with the right to the column', async () => {
    const { url } = await pictured(pictures[0][1]);
    expect((await world.app.inject({ url })).statusCode).toBe(401);
    expect((await load(url, {}, miguel)).statusCode).toBe(200);
    const column = "EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='entityimage')";
    const secure = async (IsSecured: boolean) =>
      expect((await admin.send('PUT', column, { AttributeType: 'Virtual', IsSecured })).status).toBe(204);
    await secure(true);
    const refused = await load(url, {}, miguel);
    expect([refused.statusCode, refused.json()]).toEqual([
      403,
      { error: { code: '0x8004f504', message: expect.stringContaining('entityimage') } },
    ]);
    expect((await load(url)).statusCode).toBe(200);
    await secure(false);
  });

  test('gives nothing that is no picture, however it came into the database', async () => {
    const { url } = await pictured(pictures[0][1]);
    const page = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>');
    await sql`update contact set entityimage = ${page} where entityimage_url = ${url}`.execute(database.db);
    const answer = await load(url);
    expect([answer.statusCode, answer.json()]).toMatchObject([404, { error: { code: '0x80040217' } }]);
    const me = await admin.get<{ UserId: string }>('WhoAmI');
    const sent = await admin.send('PATCH', `systemusers(${me.body.UserId})`, { entityimage: page.toString('base64') });
    expect([sent.status, sent.body]).toMatchObject([400, { error: { code: '0x80072553' } }]);
  });

  const id = '7a4814f9-b0b8-ea11-a812-000d3a122b89';
  const whole = `Entity=contact&Attribute=entityimage&Id=${id}`;
  test.each([
    [whole, 404, id],
    [`${whole}&Timestamp=637388308718090885`, 404, id],
    ['', 400, 'Entity'],
    [`Entity=contact&Id=${id}`, 400, 'Attribute'],
    ['Entity=contact&Attribute=entityimage', 400, 'Id'],
    ['Entity=contact&Attribute=entityimage&Id=7a4814f9', 400, '7a4814f9'],
    [`Entity=constructor&Attribute=entityimage&Id=${id}`, 400, 'constructor'],
    [`Entity=contact&Attribute=__proto__&Id=${id}`, 400, '__proto__'],
    [`Entity=contact&Attribute=lastname&Id=${id}`, 400, 'lastname'],
    [`Entity=annotation&Attribute=documentbody&Id=${id}`, 400, 'documentbody'],
    [`${whole}&Timestamp=yesterday`, 400, 'Timestamp'],
    [`${whole}&Full=maybe`, 400, 'Full'],
    [`${whole}&Size=7`, 400, 'Size'],
    [`${whole}&id=${id}`, 400, 'Id'],
    [`${whole}&Full=true&Full=true`, 400, 'Full'],
  ])('%s answers %i', async (query, status, word) => {
    const answer = await load(`/Image/download.aspx?${query}`);
    expect([answer.statusCode, answer.body]).toEqual([status, expect.stringContaining(word)]);
  });
});
