import { beforeAll, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, type Client, type World } from '../world.ts';

interface Failure {
  error: { code: string; message: string };
}

forEachEngine('A file', (engine) => {
  let world: World;
  let client: Client;
  // A picture, as far as its first bytes say; with what multipart and text would take for their own.
  const bytes = Buffer.from([0x42, 0x4d, 0, 250, 251, 252, 13, 10, 45, 45]);
  beforeAll(async () => {
    const database = await engine.open();
    world = await createWorld(database, {
      crm: {
        organisation: 'Contoso',
        firstSignIn: 'create',
        administrators: [dana.address],
        attachmentLimit: 1_000,
      },
    });
    client = world.as(dana);
    const organisations = await client.get<{ value: { organizationid: string }[] }>('organizations');
    await client.send('PATCH', `organizations(${organisations.body.value[0]!.organizationid})`, {
      blockedattachments: 'exe;vbs',
    });
  });
  const send = async (method: 'PUT' | 'PATCH', path: string, body: Buffer, headers: Record<string, string> = {}) =>
    world.app.inject({
      method,
      url: `/api/data/v9.2/${path}`,
      payload: body,
      headers: {
        authorization: `Bearer ${await world.token(dana)}`,
        'content-type': 'application/octet-stream',
        ...headers,
      },
    });
  const load = async (path: string) =>
    world.app.inject({
      url: `/api/data/v9.2/${path}`,
      headers: { authorization: `Bearer ${await world.token(dana)}` },
    });

  test('of a column is sent and fetched as it is, replaced and taken away', async () => {
    const path = `contacts(${await client.create('contacts', { lastname: 'Pictured' })})/entityimage`;
    expect((await load(`${path}/$value`)).statusCode).toBe(204);
    const put = await send('PUT', path, bytes);
    expect(put.statusCode).toBe(204);
    const loaded = await load(`${path}/$value`);
    expect([loaded.statusCode, loaded.headers['content-type'], loaded.headers['x-ms-file-size']]).toEqual([
      200,
      'application/octet-stream',
      '10',
    ]);
    expect(loaded.rawPayload.equals(bytes)).toBe(true);
    expect((await client.get(path)).body['value']).toBe(bytes.toString('base64'));
    expect((await send('PATCH', path, bytes.subarray(0, 3))).statusCode).toBe(204);
    expect((await load(`${path}/$value`)).rawPayload).toHaveLength(3);
    expect((await client.send('DELETE', path)).status).toBe(204);
    expect((await load(`${path}/$value`)).statusCode).toBe(204);
  });

  test('of a note or an attachment is base64 text, whichever way it came', async () => {
    const email = await client.create('emails', { subject: 'With a file' });
    const attachment = await client.create('activitymimeattachments', {
      'objectid_email@odata.bind': `/emails(${email})`,
      filename: 'a.txt',
      mimetype: 'text/plain',
      body: bytes.toString('base64'),
    });
    const loaded = await load(`activitymimeattachments(${attachment})/body/$value`);
    expect([loaded.headers['content-type'], loaded.payload]).toEqual(['text/plain', bytes.toString('base64')]);
    const note = await client.create('annotations', { subject: 'Note' });
    const sent = await send('PUT', `annotations(${note})/documentbody`, bytes, { 'x-ms-file-name': 'caf%C3%A9.bin' });
    expect(sent.statusCode).toBe(204);
    expect((await client.get(`annotations(${note})?$select=filename,filesize,documentbody`)).body).toMatchObject({
      filename: 'café.bin',
      filesize: 10,
      documentbody: bytes.toString('base64'),
    });
  });

  test.each([
    ['too large', { filename: 'a.txt', documentbody: Buffer.alloc(1_001).toString('base64') }, '0x80044a02'],
    ['of a blocked kind', { filename: 'Run.EXE', documentbody: 'aGk=' }, '0x80043e09'],
    ['not base64', { filename: 'a.txt', documentbody: 'a b' }, '0x80048d19'],
  ])('that is %s is refused', async (_name, row, code) => {
    const before = (await client.get('annotations/$count')).text;
    const answer = await client.send<Failure>('POST', 'annotations', row);
    expect([answer.status, answer.body.error.code]).toEqual([400, code]);
    expect((await client.get('annotations/$count')).text).toBe(before);
    const note = await client.create('annotations', { filename: 'a.txt', documentbody: 'aGk=' });
    expect((await client.send('PATCH', `annotations(${note})`, row)).status).toBe(400);
    expect((await client.get(`annotations(${note})`)).body).toMatchObject({ filename: 'a.txt', documentbody: 'aGk=' });
  });

  test.each([
    ['for a column that holds none', 'lastname', bytes, {}],
    ['that is empty', 'entityimage', Buffer.alloc(0), {}],
    ['for a column that is not there', 'constructor', bytes, {}],
  ])('%s is refused', async (_name, column, body, headers) => {
    const contact = await client.create('contacts', { lastname: 'None' });
    const answer = await send('PUT', `contacts(${contact})/${column}`, body, headers);
    expect(answer.statusCode).toBe(400);
  });

  test('without its name is refused where a name belongs to it', async () => {
    const note = await client.create('annotations', { subject: 'Note' });
    expect((await send('PUT', `annotations(${note})/documentbody`, bytes)).statusCode).toBe(400);
    expect((await send('PUT', `annotations(${note})/documentbody?x-ms-file-name=a.exe`, bytes)).statusCode).toBe(400);
    expect((await send('PUT', `annotations(${note})/documentbody?x-ms-file-name=a.txt`, bytes)).statusCode).toBe(204);
  });

  test('comes in chunks, and is there with the last of them', async () => {
    const path = `contacts(${await client.create('contacts', { lastname: 'Parts' })})/entityimage`;
    const announce = async (to = path) => {
      const announced = await send('PATCH', to, Buffer.alloc(0), { 'x-ms-transfer-mode': 'chunked' });
      expect([announced.statusCode, announced.headers['x-ms-chunk-size']]).toEqual([200, '4194304']);
      return String(announced.headers['location']).split('/v9.2/')[1]!;
    };
    const chunk = async (to: string, from: number, until: number, range = `bytes ${from}-${until}/10`) =>
      (await send('PATCH', to, bytes.subarray(from, until + 1), { 'content-range': range })).statusCode;
    const location = await announce();
    for (const range of ['', 'bytes 0-5/10', 'bytes 0-4/4', 'bytes 4-0/10', 'bytes 0-4/999999999', 'bits 0-4/10'])
      expect([range, await chunk(location, 0, 4, range)]).toEqual([range, 400]);
    expect(await chunk(location, 0, 4)).toBe(206);
    expect((await load(`${path}/$value`)).statusCode).toBe(204);
    expect(await chunk(location, 6, 9)).toBe(400);
    const other = `contacts(${await client.create('contacts', { lastname: 'Other' })})/entityimage`;
    expect(await chunk(location.replace(path, other), 5, 9)).toBe(400);
    expect(await chunk(location, 5, 9)).toBe(204);
    expect((await load(`${path}/$value`)).rawPayload.equals(bytes)).toBe(true);
    expect(await chunk(location, 5, 9)).toBe(400);
    expect(await chunk(`${path}?sessiontoken=x`, 0, 4)).toBe(400);
    expect(await chunk(path, 0, 4)).toBe(400);
    expect(await chunk(path, 0, 9)).toBe(204);
    const authorization = `Bearer ${await world.token(dana)}`;
    const part = async (range: string) =>
      world.app.inject({ url: `/api/data/v9.2/${path}/$value`, headers: { authorization, range } });
    const first = await part('bytes=2-4');
    expect([first.statusCode, first.headers['content-range']]).toEqual([206, 'bytes 2-4/10']);
    expect(first.rawPayload.equals(bytes.subarray(2, 5))).toBe(true);
    expect((await part('bytes=8-99')).rawPayload).toHaveLength(2);
    expect((await part('bytes=10-')).statusCode).toBe(416);
  });

  test('comes through a batch unharmed', async () => {
    const path = `contacts(${await client.create('contacts', { lastname: 'Batched' })})/entityimage`;
    await send('PUT', path, bytes);
    const answer = await world.app.inject({
      method: 'POST',
      url: '/api/data/v9.2/$batch',
      headers: { authorization: `Bearer ${await world.token(dana)}`, 'content-type': 'multipart/mixed; boundary=b' },
      payload: `--b\r\nContent-Type: application/http\r\n\r\nGET ${path}/$value HTTP/1.1\r\n\r\n\r\n--b--`,
    });
    expect(answer.rawPayload.includes(bytes)).toBe(true);
  });

  test('is taken from a batch with the line ends and spaces that it ends with', async () => {
    const path = `contacts(${await client.create('contacts', { lastname: 'Batched' })})/entityimage`;
    const file = Buffer.concat([bytes, Buffer.from('\n \r\n\r\n')]);
    const head = `--b\r\nContent-Type: application/http\r\n\r\nPUT ${path} HTTP/1.1\r\nContent-Type: application/octet-stream\r\n\r\n`;
    const answer = await world.app.inject({
      method: 'POST',
      url: '/api/data/v9.2/$batch',
      headers: { authorization: `Bearer ${await world.token(dana)}`, 'content-type': 'multipart/mixed; boundary=b' },
      payload: Buffer.concat([Buffer.from(head), file, Buffer.from('\r\n--b--')]),
    });
    expect(answer.payload).toContain('HTTP/1.1 204');
    expect((await load(`${path}/$value`)).rawPayload.equals(file)).toBe(true);
  });
});
