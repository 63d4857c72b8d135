import { randomBytes, randomUUID } from 'node:crypto';
import { beforeAll, expect, jest, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Database } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Answer, type Client, type World } from '../world.ts';

jest.setTimeout(60_000);

const MEGABYTE = 1024 * 1024;
const customTables = {
  publisher: 'new',
  columns: [
    {
      table: 'contact',
      columns: [
        { name: 'new_resume', label: 'Resume', type: 'file' },
        { name: 'new_secret', label: 'Secret', type: 'file', secured: true },
      ],
    },
  ],
};

const crm = {
  organisation: 'Contoso',
  firstSignIn: 'create' as const,
  administrators: [dana.address],
  attachmentLimit: 8 * MEGABYTE,
  customTables,
};

interface Failure {
  error: { code: string; message: string };
}

const idOf = (text: string) => Buffer.from(text).toString('base64');
const ids = ['one', 'two', 'six'].map(idOf);
const row = (table: string, key: string, more: object = {}) => ({
  '@odata.type': `Microsoft.Dynamics.CRM.${table}`,
  [table === 'activitymimeattachment' ? 'activitymimeattachmentid' : `${table}id`]: key,
  ...more,
});

forEachEngine('A file in blocks', (engine) => {
  let database: Database;
  let world: World;
  let client: Client;
  let others: Client;
  beforeAll(async () => {
    database = await engine.open();
    world = await createWorld(database, { crm });
    client = world.as(dana);
    others = world.as(miguel);
    const { body } = await client.get<{ value: { organizationid: string }[] }>('organizations');
    await client.send('PATCH', `organizations(${body.value[0]!.organizationid})`, { blockedattachments: 'exe;vbs' });
  });

  const ask = async <T = Record<string, unknown>>(name: string, body: object, who = client): Promise<Answer<T>> =>
    who.send<T>('POST', name, body);
  const begin = async (id: string, column = 'new_resume', who = client) =>
    ask<{ FileContinuationToken: string }>(
      'InitializeFileBlocksUpload',
      { Target: row('contact', id), FileName: 'a.pdf', FileAttributeName: column },
      who,
    );
  const sendBlock = (token: string, id: string, data: Uint8Array | string, who = client) =>
    ask<Failure>(
      'UploadBlock',
      {
        BlockId: id,
        BlockData: typeof data === 'string' ? data : Buffer.from(data).toString('base64'),
        FileContinuationToken: token,
      },
      who,
    );
  const commit = (token: string, list: unknown, who = client, filename = 'a.pdf') =>
    ask<{ FileId: string; FileSizeInBytes: number } & Failure>(
      'CommitFileBlocksUpload',
      { FileName: filename, MimeType: 'application/pdf', BlockList: list, FileContinuationToken: token },
      who,
    );
  const load = async (path: string) => {
    const answer = await world.app.inject({
      url: `/api/data/v9.2/${path}/$value`,
      headers: { authorization: `Bearer ${await world.token(dana)}` },
    });
    return answer.statusCode === 200 ? answer.rawPayload : answer.statusCode;
  };
  const contact = () => client.create('contacts', { lastname: 'Filed' });
  const upload = async (id: string, parts: readonly Uint8Array[], column = 'new_resume') => {
    const token = (await begin(id, column)).body.FileContinuationToken;
    for (const [index, part] of parts.entries()) expect((await sendBlock(token, ids[index]!, part)).status).toBe(204);
    return commit(token, ids.slice(0, parts.length));
  };
  const waiting = async () => {
    const { rows } = await sql<{ count: number }>`select count(*) as count from fileblock`.execute(database.db);
    return Number(rows[0]!.count);
  };

  /** Makes every upload as old as a day and this many seconds: access tokens do not live until then. */
  const age = (seconds: number) => {
    const until = new Date(Date.now() - seconds * 1_000).toISOString().slice(0, 19);
    return sql`update fileupload set expireson = ${`${until}Z`} where expireson is not null`.execute(database.db);
  };

  test('is there when it is committed and not before, in the order of the list; it is loaded so, and deleted', async () => {
    const before = await waiting();
    const id = await contact();
    const parts = [randomBytes(4 * MEGABYTE), randomBytes(4 * MEGABYTE), randomBytes(1_000)];
    const started = await begin(id);
    expect(started.body).toMatchObject({
      '@odata.context': expect.stringContaining('Microsoft.Dynamics.CRM.InitializeFileBlocksUploadResponse'),
    });
    const token = started.body.FileContinuationToken;
    // In any order, and one of them again.
    for (const index of [2, 0, 1, 0]) expect((await sendBlock(token, ids[index]!, parts[index]!)).status).toBe(204);
    expect(await load(`contacts(${id})/new_resume`)).toBe(204);
    const done = await commit(token, ids);
    const whole = Buffer.concat(parts);
    expect([done.status, done.body.FileSizeInBytes]).toEqual([200, whole.length]);
    expect(whole.equals((await load(`contacts(${id})/new_resume`)) as Buffer)).toBe(true);
    expect((await client.get(`contacts(${id})?$select=new_resume_name`)).body).toMatchObject({
      new_resume_name: 'a.pdf',
    });
    expect((await commit(token, ids)).status).toBe(400);
    expect(await waiting()).toBe(before);

    const head = await ask<{ FileSizeInBytes: number; FileContinuationToken: string }>('InitializeFileBlocksDownload', {
      Target: row('contact', id),
      FileAttributeName: 'new_resume',
    });
    expect(head.body).toMatchObject({ FileSizeInBytes: whole.length, FileName: 'a.pdf', IsChunkingSupported: true });
    const loaded: Buffer[] = [];
    for (let offset = 0; offset < whole.length; offset += 4 * MEGABYTE) {
      const block = await ask<{ Data: string }>('DownloadBlock', {
        Offset: offset,
        BlockLength: 4 * MEGABYTE,
        FileContinuationToken: head.body.FileContinuationToken,
      });
      loaded.push(Buffer.from(block.body.Data, 'base64'));
    }
    expect(Buffer.concat(loaded).equals(whole)).toBe(true);

    expect((await ask('DeleteFile', { FileId: done.body.FileId })).status).toBe(204);
    expect(await load(`contacts(${id})/new_resume`)).toBe(204);
    expect((await client.get(`contacts(${id})?$select=new_resume_name`)).body).toMatchObject({ new_resume_name: null });
    expect((await ask('DeleteFile', { FileId: done.body.FileId })).status).toBe(404);
    const gone = await ask<Failure>('InitializeFileBlocksDownload', {
      Target: row('contact', id),
      FileAttributeName: 'new_resume',
    });
    expect([gone.status, gone.body.error.code]).toEqual([404, '0x80040217']);
  });

  test('that replaced another is not deleted by the id of that other', async () => {
    const id = await contact();
    const first = await upload(id, [Buffer.from('first')]);
    const second = await upload(id, [Buffer.from('second')]);
    expect((await ask('DeleteFile', { FileId: first.body.FileId })).status).toBe(404);
    expect((await ask('DeleteFile', { FileId: second.body.FileId }, others)).status).toBe(403);
    expect(await load(`contacts(${id})/new_resume`)).toEqual(Buffer.from('second'));
    expect((await ask('DeleteFile', { FileId: second.body.FileId })).status).toBe(204);
    const third = await upload(id, [Buffer.from('third')]);
    const fourth = { 'content-type': 'application/octet-stream', 'x-ms-file-name': 'd.pdf' };
    expect((await client.send('PUT', `contacts(${id})/new_resume`, 'fourth', fourth)).status).toBe(204);
    expect((await ask('DeleteFile', { FileId: third.body.FileId })).status).toBe(404);
    expect(await load(`contacts(${id})/new_resume`)).toEqual(Buffer.from('fourth'));
  });

  test('belongs to who began it, for a day; what was left lying is swept', async () => {
    const id = await client.create('contacts', { lastname: 'Shared' });
    const token = (await begin(id)).body.FileContinuationToken;
    expect((await sendBlock(token, ids[0]!, Buffer.from('x'), others)).status).toBe(400);
    expect((await sendBlock(token, ids[0]!, Buffer.from('x'))).status).toBe(204);
    expect((await commit(token, ids.slice(0, 1), others)).status).toBe(400);
    const left = await waiting();
    await age(-60);
    expect((await sendBlock(token, ids[1]!, Buffer.from('y'))).status).toBe(204);
    await age(60);
    expect((await sendBlock(token, ids[1]!, Buffer.from('y'))).status).toBe(400);
    expect((await commit(token, ids.slice(0, 2))).status).toBe(400);
    expect(await waiting()).toBe(left + 1);
    await begin(id);
    expect(await waiting()).toBe(0);
    expect(await load(`contacts(${id})/new_resume`)).toBe(204);
  });

  test('is swept by a server that runs a day later, though nobody begins another', async () => {
    const openUploads = async () => {
      const { rows } = await sql<{ count: number }>`select count(*) as count from fileupload
        where expireson is not null`.execute(database.db);
      return Number(rows[0]!.count);
    };
    /** A server sweeps when it starts; closing waits for that. */
    const serve = async (hoursLater: number) => {
      const now = () => new Date(Date.now() + hoursLater * 3_600_000);
      await (await createWorld(database, { crm, now })).app.close();
    };
    const id = await contact();
    const stored = (await upload(id, [Buffer.from('kept')])).body.FileId;
    for (const [who, count] of [[dana, 60] as const, [miguel, 5] as const])
      for (let left = 0; left < count; left += 1) {
        const client = world.as(who);
        const own = who === dana ? id : await client.create('contacts', { lastname: 'Own' });
        const { body } = await begin(own, 'new_resume', client);
        await sendBlock(body.FileContinuationToken, ids[0]!, Buffer.from('left'), client);
      }
    const before = [await openUploads(), await waiting()];
    await serve(23);
    expect([await openUploads(), await waiting()]).toEqual(before);
    await serve(25);
    expect([await openUploads(), await waiting()]).toEqual([0, 0]);
    expect((await ask('DeleteFile', { FileId: stored })).status).toBe(204);
  });

  test('asks for the rights when it begins and again when it ends', async () => {
    const id = await contact();
    // Miguel reads every contact and changes his own.
    expect((await begin(id, 'new_resume', others)).status).toBe(403);
    const own = await others.create('contacts', { lastname: 'Own' });
    expect((await begin(own, 'new_secret', others)).status).toBe(403);
    const token = (await begin(own, 'new_resume', others)).body.FileContinuationToken;
    await sendBlock(token, ids[0]!, Buffer.from('mine'), others);
    const { body } = await client.get<{ UserId: string }>('WhoAmI');
    const assigned = await client.send('PATCH', `contacts(${own})`, {
      'ownerid@odata.bind': `/systemusers(${body.UserId})`,
    });
    expect(assigned.status).toBe(204);
    expect((await commit(token, ids.slice(0, 1), others)).status).toBe(403);
    expect(await load(`contacts(${own})/new_resume`)).toBe(204);

    await upload(id, [Buffer.from('secret')], 'new_secret');
    const secret = { Target: row('contact', id), FileAttributeName: 'new_secret' };
    expect((await ask('InitializeFileBlocksDownload', secret, others)).status).toBe(403);
    const head = await ask<{ FileContinuationToken: string }>('InitializeFileBlocksDownload', secret);
    const part = { Offset: 1, BlockLength: 3, FileContinuationToken: head.body.FileContinuationToken };
    expect((await ask('DownloadBlock', part, others)).status).toBe(400);
    expect((await ask('DownloadBlock', part)).body).toMatchObject({ Data: Buffer.from('ecr').toString('base64') });
    await client.send('PATCH', `contacts(${id})`, { jobtitle: 'Changed' });
    expect((await ask('DownloadBlock', part)).status).toBe(412);
    expect((await begin(randomUUID())).status).toBe(404);
  });

  test('is refused where it does not fit, and then nothing of it is kept', async () => {
    const id = await contact();
    const token = (await begin(id)).body.FileContinuationToken;
    const before = await waiting();
    const blocks: [name: string, id: string, data: string, code: string][] = [
      ['an id that is no base64', 'a b', 'eA==', '0x80048d19'],
      ['an id too long', idOf('x'.repeat(65)), 'eA==', '0x80048d19'],
      ['no id', '', 'eA==', '0x80048d19'],
      ['data that is no base64', ids[0]!, 'a b!', '0x80048d19'],
      ['no data', ids[0]!, '', '0x80048d19'],
      ['too much data', ids[0]!, Buffer.alloc(4 * MEGABYTE + 1).toString('base64'), '0x80048d19'],
    ];
    for (const [name, block, data, code] of blocks) {
      const answer = await sendBlock(token, block, data);
      expect([name, answer.status, answer.body.error?.code ?? answer.text]).toEqual([name, 400, code]);
    }
    expect(await waiting()).toBe(before);
    expect((await sendBlock(token, ids[0]!, Buffer.from('x'))).status).toBe(204);
    expect((await sendBlock(token, idOf('longer'), Buffer.from('x'))).status).toBe(400);
    for (const list of [[], ['nowhere'], 'x', [1], [ids[0], ids[0]], [ids[0], ids[1]], null, undefined])
      expect([list, (await commit(token, list)).status]).toEqual([list, 400]);
    expect((await commit(token, ids.slice(0, 1), client, 'Run.EXE')).body.error.code).toBe('0x80043e09');
    for (const name of ['lastname', 'constructor', 'documentbody'])
      expect([name, (await begin(id, name)).status]).toEqual([name, 400]);
    for (const wrong of ['', 'x', token.slice(1), `${token}.${token}`])
      expect([(await sendBlock(wrong, ids[0]!, 'eA==')).status, (await commit(wrong, ids)).status]).toEqual([400, 400]);
    for (const [offset, length] of [
      [0, 0],
      [-1, 1],
      [0, 5 * MEGABYTE],
      [0.5, 1],
      [99, 1],
    ] as const) {
      await upload(id, [Buffer.from('abc')]);
      const head = await ask<{ FileContinuationToken: string }>('InitializeFileBlocksDownload', {
        Target: row('contact', id),
        FileAttributeName: 'new_resume',
      });
      const sealed = head.body.FileContinuationToken;
      const read = (text: string, Offset: number, BlockLength: number) =>
        ask('DownloadBlock', { Offset, BlockLength, FileContinuationToken: text });
      expect([offset, length, (await read(sealed, offset, length)).status]).toEqual([offset, length, 400]);
      expect((await read(sealed.replace(/^./, 'x'), 0, 1)).status).toBe(400);
      expect((await read(sealed, 2, 100)).body).toMatchObject({ Data: 'Yw==' });
    }
    const picture = (await begin(id, 'entityimage')).body.FileContinuationToken;
    await sendBlock(picture, ids[0]!, Buffer.from('no picture'));
    expect((await commit(picture, ids.slice(0, 1))).body.error.code).toBe('0x80072553');
  });

  test('with a blocked ending is refused on every way to a file column, a note or an attachment', async () => {
    const id = await contact();
    const email = await client.create('emails', { subject: 'With files' });
    const holder = { 'objectid_email@odata.bind': `emails(${email})` };
    const attachment = await client.create('activitymimeattachments', { ...holder, filename: 'a.txt', body: 'aGk=' });
    const note = await client.create('annotations', { subject: 'N', filename: 'a.txt', documentbody: 'aGk=' });
    const raw = { 'content-type': 'application/octet-stream', 'x-ms-file-name': 'Run.ExE' };
    const chunked = async (filename: string) => {
      const place = `contacts(${id})/new_resume`;
      const headers = { 'x-ms-transfer-mode': 'chunked', 'x-ms-file-name': filename };
      const begun = await client.send<Failure>('PATCH', place, undefined, headers);
      if (begun.status !== 200) return begun;
      const path = String(begun.headers['location']).replace(/^.*\/v9\.2\//, '');
      return client.send<Failure>('PATCH', path, 'hi', {
        'content-type': 'application/octet-stream',
        'content-range': 'bytes 0-1/2',
      });
    };
    const attached = { '@odata.type': 'Microsoft.Dynamics.CRM.activitymimeattachment', ...holder, filename: 'b.vbs' };
    const ways: [string, () => Promise<Answer<Failure>>][] = [
      ['a raw PUT', () => client.send<Failure>('PUT', `contacts(${id})/new_resume`, 'hi', raw)],
      ['a raw PATCH', () => client.send<Failure>('PATCH', `contacts(${id})/new_resume`, 'hi', raw)],
      ['chunks', () => chunked('Run.ExE')],
      [
        'a new attachment',
        () => client.send<Failure>('POST', 'activitymimeattachments', { ...attached, body: 'aGk=' }),
      ],
      [
        'a renamed attachment',
        () => client.send<Failure>('PATCH', `activitymimeattachments(${attachment})`, { filename: 'a.exe' }),
      ],
      ['a raw attachment', () => client.send<Failure>('PUT', `activitymimeattachments(${attachment})/body`, 'hi', raw)],
      ['blocks of an attachment', () => ask<Failure>('InitializeAttachmentBlocksUpload', { Target: attached })],
      ['a raw note', () => client.send<Failure>('PUT', `annotations(${note})/documentbody`, 'hi', raw)],
      [
        'blocks of a note',
        () =>
          ask<Failure>('InitializeAnnotationBlocksUpload', { Target: row('annotation', note, { filename: 'a.exe' }) }),
      ],
    ];
    for (const [name, way] of ways) {
      const answer = await way();
      expect([name, answer.status, answer.body.error?.code ?? answer.text]).toEqual([name, 400, '0x80043e09']);
    }
    expect(await load(`contacts(${id})/new_resume`)).toBe(204);
    expect((await chunked('run.pdf')).status).toBe(204);
    expect(await load(`contacts(${id})/new_resume`)).toEqual(Buffer.from('hi'));
  });

  test('of a note makes it or changes it; of an attachment makes one', async () => {
    const note = randomUUID();
    const target = row('annotation', note, { subject: 'Large', filename: 'a.pdf', mimetype: 'application/pdf' });
    const send = async (kind: string, Target: object, part: Buffer) => {
      const started = await ask<{ FileContinuationToken: string }>(`Initialize${kind}BlocksUpload`, { Target });
      const FileContinuationToken = started.body.FileContinuationToken;
      if (started.status === 200) await sendBlock(FileContinuationToken, ids[0]!, part);
      return ask<{ FileSizeInBytes: number; ActivityMimeAttachmentId: string } & Failure>(`Commit${kind}BlocksUpload`, {
        Target,
        BlockList: ids.slice(0, 1),
        FileContinuationToken,
      });
    };
    const made = await send('Annotation', target, Buffer.from('first'));
    expect(made.body).toMatchObject({ AnnotationId: note, FileSizeInBytes: 5 });
    const changed = await send('Annotation', { ...target, subject: 'Larger' }, Buffer.from('second'));
    expect(changed.status).toBe(200);
    expect(
      (await client.get(`annotations(${note})?$select=subject,filename,filesize,isdocument,documentbody`)).body,
    ).toMatchObject({
      subject: 'Larger',
      filename: 'a.pdf',
      filesize: 6,
      isdocument: true,
      documentbody: Buffer.from('second').toString('base64'),
    });
    const head = await ask<{ FileContinuationToken: string }>('InitializeAnnotationBlocksDownload', {
      Target: row('annotation', note),
    });
    expect(head.body).toMatchObject({ FileName: 'a.pdf', FileSizeInBytes: 6 });
    const part = { Offset: 2, BlockLength: 2, FileContinuationToken: head.body.FileContinuationToken };
    expect((await ask('DownloadBlock', part)).body).toMatchObject({ Data: Buffer.from('co').toString('base64') });

    const email = await client.create('emails', { subject: 'With a file' });
    const attachment = {
      '@odata.type': 'Microsoft.Dynamics.CRM.activitymimeattachment',
      'objectid_email@odata.bind': `emails(${email})`,
      objecttypecode: 'email',
      filename: 'b.txt',
      mimetype: 'text/plain',
    };
    const attached = await send('Attachment', attachment, Buffer.from('third'));
    expect(attached.body.FileSizeInBytes).toBe(5);
    const id = attached.body.ActivityMimeAttachmentId;
    const stored = await client.get(`activitymimeattachments(${id})?$select=filename,filesize,body,_objectid_value`);
    expect(stored.body).toMatchObject({ filename: 'b.txt', filesize: 5, body: 'dGhpcmQ=', _objectid_value: email });
    expect((await send('Attachment', { ...attachment, activitymimeattachmentid: id }, Buffer.from('x'))).status).toBe(
      400,
    );

    const refused: [kind: string, target: object, who: Client, status: number][] = [
      ['Annotation', { ...target, annotationid: undefined }, client, 400],
      ['Annotation', { ...target, filename: 'a.exe' }, client, 400],
      ['Annotation', { ...target, nonsense: 1 }, client, 400],
      ['Annotation', target, others, 403],
      ['Attachment', { ...attachment, 'objectid_email@odata.bind': `emails(${randomUUID()})` }, client, 404],
    ];
    for (const [kind, Target, who, status] of refused)
      expect([Target, (await ask(`Initialize${kind}BlocksUpload`, { Target }, who)).status]).toEqual([Target, status]);
    const tokenOfNote = await ask<{ FileContinuationToken: string }>('InitializeAnnotationBlocksUpload', {
      Target: target,
    });
    await sendBlock(tokenOfNote.body.FileContinuationToken, ids[0]!, Buffer.from('x'));
    expect((await commit(tokenOfNote.body.FileContinuationToken, ids.slice(0, 1))).status).toBe(400);
    const elsewhere = await ask('CommitAnnotationBlocksUpload', {
      Target: { ...target, annotationid: randomUUID() },
      BlockList: ids.slice(0, 1),
      FileContinuationToken: tokenOfNote.body.FileContinuationToken,
    });
    expect(elsewhere.status).toBe(400);
  });
});
