import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Database } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client, type World } from '../world.ts';

jest.setTimeout(60_000);

const megabyte = 1024 * 1024;
const nobody = '00000000-0000-0000-0000-000000000000';
const long = randomBytes(3 * megabyte + 1);
const deliver = `emails(${nobody})/Microsoft.Dynamics.CRM.DeliverPromoteEmail`;
const crm = {
  organisation: 'Contoso',
  firstSignIn: 'create' as const,
  administrators: [dana.address],
  attachmentLimit: 4 * megabyte,
};

const mailWith = (MessageId: string, ...bodies: string[]) => ({
  MessageId,
  Subject: 'The lounge is too loud',
  From: 'soren@fabrikam.example',
  To: dana.address,
  ReceivedOn: '2026-11-20T08:15:00Z',
  Body: '<p>Hello</p>',
  Attachments: bodies.map((body, index) => ({ filename: `${index}.bin`, mimetype: 'application/pdf', body })),
});
const base64 = long.toString('base64');

forEachEngine('A mail with long attachments', (engine) => {
  let database: Database;
  let world: World;
  let client: Client;
  beforeEach(async () => {
    database = await engine.open();
    world = await createWorld(database, { crm });
    client = world.as(dana);
  });
  afterEach(() => world.app.close());

  const stored = async () => {
    const { rows } = await sql<{ size: number; given: number }>`
      select (select sum(length(p.data)) from attachmentpiece as p where p.fileid = f.fileid) as size,
        case when attachmentid is null then 0 else 1 end as given from attachmentfile as f`.execute(database.db);
    return rows.map(({ size, given }) => [Number(size), given]);
  };
  const filesOf = async (mail: unknown) => {
    const select = 'activitymimeattachmentid,filename,filesize,body';
    const path = `emails(${String(mail)})/email_activity_mime_attachment?$select=${select}&$orderby=attachmentnumber`;
    return (await client.get<{ value: Record<string, unknown>[] }>(path)).body.value;
  };

  test('they are stored in pieces and read as any other, until they go with their mail', async () => {
    const small = btoa('small');
    const tooLong = randomBytes(4 * megabyte + 1).toString('base64');
    const mail = mailWith('<long@x>', base64, tooLong, small);
    const tracked = await client.send('POST', deliver, mail);
    expect([tracked.status, tracked.body]).toMatchObject([200, { attachmentcount: 2, notifications: 1 }]);
    expect(await stored()).toEqual([[long.length, 1]]);

    const files = await filesOf(tracked.body['activityid']);
    expect(files).toMatchObject([
      { filename: '0.bin', filesize: long.length, body: base64 },
      { filename: '2.bin', filesize: 5, body: small },
    ]);
    const [id, other] = files.map((file) => String(file['activitymimeattachmentid']));
    expect((await client.get(`activitymimeattachments(${id})/body/$value`)).text).toBe(base64);
    const filled = await client.get<{ value: object[] }>(
      'activitymimeattachments?$select=filename&$filter=body ne null&$orderby=filename',
    );
    expect(filled.body.value).toMatchObject([{ filename: '0.bin' }, { filename: '2.bin' }]);
    const fetched = await client.get<{ value: Record<string, unknown>[] }>(
      `activitymimeattachments?fetchXml=${encodeURIComponent(
        `<fetch><entity name="activitymimeattachment"><attribute name="body"/><filter><condition attribute="activitymimeattachmentid" operator="eq" value="${id}"/></filter></entity></fetch>`,
      )}`,
    );
    expect(fetched.body.value[0]?.['body']).toBe(base64);

    const Target = { '@odata.type': 'Microsoft.Dynamics.CRM.activitymimeattachment', activitymimeattachmentid: id };
    const opened = await client.send('POST', 'InitializeAttachmentBlocksDownload', { Target });
    expect(opened.body).toMatchObject({ FileSizeInBytes: long.length, FileName: '0.bin' });
    const { FileContinuationToken } = opened.body;
    for (const [Offset, BlockLength] of [
      [0, 4 * megabyte],
      [1_000_000, 1_000_000],
      [long.length - 1, 10],
    ] as const) {
      const block = await client.send('POST', 'DownloadBlock', { Offset, BlockLength, FileContinuationToken });
      expect(block.body['Data']).toBe(long.subarray(Offset, Offset + BlockLength).toString('base64'));
    }
    const behind = { Offset: long.length, BlockLength: 10, FileContinuationToken };
    expect((await client.send('POST', 'DownloadBlock', behind)).status).toBe(400);

    expect((await client.send('POST', deliver, mail)).body['activityid']).toBe(tracked.body['activityid']);
    expect(await stored()).toEqual([[long.length, 1]]);
    expect((await client.send('DELETE', `activitymimeattachments(${other})`)).status).toBe(204);
    expect(await stored()).toEqual([[long.length, 1]]);
    expect((await client.send('DELETE', `emails(${String(tracked.body['activityid'])})`)).status).toBe(204);
    expect(await stored()).toEqual([]);
  });

  test('another content takes the place of the pieces', async () => {
    const tracked = await client.send('POST', deliver, mailWith('<replaced@x>', base64));
    const [file] = await filesOf(tracked.body['activityid']);
    const path = `activitymimeattachments(${String(file?.['activitymimeattachmentid'])})`;
    expect((await client.send('PATCH', path, { filename: 'renamed.bin' })).status).toBe(204);
    expect(await filesOf(tracked.body['activityid'])).toMatchObject([{ filename: 'renamed.bin', body: base64 }]);
    expect((await client.send('PATCH', path, { body: btoa('new') })).status).toBe(204);
    expect(await filesOf(tracked.body['activityid'])).toMatchObject([{ filesize: 3, body: btoa('new') }]);
    expect(await stored()).toEqual([]);
  });

  test.each([
    ['no base64', JSON.stringify(mailWith('<bad@x>', `${base64}!`)), 400, 'Attachment 1 has no base64 body.'],
    ['the name of a file', JSON.stringify(mailWith('<bad@x>', `file:${nobody}`)), 400, 'Attachment 1 has no base64'],
    ['no JSON', `${JSON.stringify(mailWith('<bad@x>', base64)).slice(0, -1)}`, 400, 'The body is not valid JSON'],
    ['no mail', JSON.stringify({ ...mailWith('<bad@x>', base64), MessageId: '' }), 400, 'The parameter MessageId'],
    ['cut within the file', JSON.stringify(mailWith('<bad@x>', base64)).slice(0, 2 * megabyte), 400, 'not valid JSON'],
    ['twice the same name', `{"MessageId":"1","body":"${base64}","body":"${base64}"}`, 400, 'it holds "body" twice'],
  ])('what is refused, being %s, leaves nothing behind', async (_what, body, status, message) => {
    const answer = await client.send<{ error: { code: string; message: string } }>('POST', deliver, body);
    expect([answer.status, answer.body.error.code]).toEqual([status, '0x80048d19']);
    expect(answer.body.error.message).toContain(message);
    expect(await stored()).toEqual([]);
  });

  test('a body without its length, larger than any, is refused while it comes; one that breaks off leaves nothing', async () => {
    await world.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = world.app.server.address() as AddressInfo;
    const token = await world.token(miguel);
    const send = () => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const sent = request({ host: '127.0.0.1', port, path: `/api/data/v9.2/${deliver}`, method: 'POST', headers });
      sent.on('error', () => undefined);
      sent.write('{"Attachments":[{"body":"');
      return sent;
    };
    const broken = send();
    broken.write(base64);
    while (((await stored())[0]?.[0] ?? 0) < megabyte) await new Promise((resolve) => setTimeout(resolve, 10));
    broken.destroy();
    while ((await stored()).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));

    const endless = send();
    const piece = Buffer.alloc(megabyte, '!');
    // Who goes on sending to a connection that is closed may not hear why it was.
    let left = 181;
    const write = (error?: Error | null): void => {
      left -= 1;
      if (error == null && left >= 0) endless.write(piece, write);
    };
    write();
    const [answer] = (await once(endless, 'response')) as [{ statusCode: number }];
    expect(answer.statusCode).toBe(413);
    endless.destroy();
    while ((await stored()).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  });
});
