// What is read of an e-mail of the CRM before it leaves, and what keeps it from leaving.
import { afterAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import PostalMime, { type Email } from 'postal-mime';
import type { Dataverse, Row } from '../../../src/api/dataverse.ts';
import { readAttachments } from '../../../src/server/mailbox/outgoing/read-attachments.ts';
import { forEachEngine } from '../engines.ts';
import { openOutgoingWorld, type Outside, type OutgoingWorld } from './outgoing-world.ts';

forEachEngine('an e-mail of the CRM', ({ open }) => {
  let opened: Promise<OutgoingWorld> | undefined;
  const start = () => (opened ??= open().then((database) => openOutgoingWorld(database)));
  afterAll(async () => (await opened)?.world.app.close());

  /** The one mail that leaves, and what was asked for it. */
  const leave = async (w: OutgoingWorld, more: readonly Row[] = []): Promise<{ mail: Email; calls: string[] }> => {
    const [before, calls]: [number, string[]] = [w.items.mails.length, []];
    const crm = w.crm((call, when) => void (when === 'before' && calls.push(call)));
    const retrieve: Dataverse['retrieve'] = async (path) => {
      const row = await crm.retrieve(path);
      const parties = row?.['email_activity_parties'];
      return Array.isArray(parties) ? { ...row, email_activity_parties: [...(parties as Row[]), ...more] } : row;
    };
    expect(await w.process({ crm: { ...crm, retrieve } }).run()).toMatchObject({ sent: 1, problems: [] });
    const [copy, ...others] = w.items.mails.slice(before);
    expect(others).toEqual([]);
    return { mail: await PostalMime.parse(Buffer.from(copy!, 'latin1')), calls };
  };
  const bind = (set: string, id: string, mask: number) => ({
    [`partyid_${set.slice(0, -1)}@odata.bind`]: `${set}(${id})`,
    participationtypemask: mask,
  });

  test('goes to the address that each row has, where none was kept, and nobody else is asked for', async () => {
    const w = await start();
    const contact = await w.dana.create('contacts', { lastname: 'Bo', emailaddress1: 'bo@fabrikam.example' });
    const account = await w.dana.create('accounts', { name: 'Fabrikam', emailaddress1: 'info@fabrikam.example' });
    const lead = await w.dana.create('leads', {
      lastname: 'Cy',
      subject: 'Roof',
      emailaddress1: 'cy@fabrikam.example',
    });
    const queue = await w.dana.create('queues', { name: 'Service', emailaddress: 'service@contoso.example' });
    const id = await w.pending('To all.', {
      'regardingobjectid_account@odata.bind': `/accounts(${account})`,
      email_activity_parties: [
        bind('systemusers', w.me, 1),
        bind('contacts', contact, 2),
        bind('accounts', account, 2),
        bind('leads', lead, 3),
        bind('queues', queue, 4),
        { ...bind('contacts', contact, 4), addressused: 'bo@home.example' },
      ],
    });
    await sql`update activityparty set addressused = null, addressused_folded = null
      where activityid = ${id} and addressused <> 'bo@home.example'`.execute(w.database.db);
    // Other CRMs count the owner and what a mail is about among its parties.
    const owner = {
      participationtypemask: 9,
      _partyid_value: w.me,
      ...{ [`_partyid_value@${logicalName}`]: 'systemuser' },
    };
    const { mail, calls } = await leave(w, [owner, { ...owner, participationtypemask: 0 }]);
    const people = (list: Email['to']) => list?.map(({ name, address }) => `${name} <${address!}>`).sort();
    expect([mail.from, ...[mail.to, mail.cc, mail.bcc].map(people)]).toEqual([
      { name: 'Dana Whitfield', address: 'dana@contoso.example' },
      ['Bo <bo@fabrikam.example>', 'Fabrikam <info@fabrikam.example>'],
      ['Cy <cy@fabrikam.example>'],
      ['Bo <bo@home.example>', 'Service <service@contoso.example>'],
    ]);
    const asked = calls.map((call) => /^GET (\w+)\(/.exec(call)?.[1]).filter((set) => set !== undefined);
    expect(asked.filter((set) => set !== 'emails').sort()).toEqual([
      'accounts',
      'contacts',
      'leads',
      'queues',
      'systemusers',
    ]);
  });

  test.each([
    ['has no address any more', sql`update contact set emailaddress1 = null`],
    ['is not there any more', sql`delete from contact`],
    ['is a row that has no address', sql`update activityparty set partyid_type = 'opportunity'`],
  ])('to somebody who %s does not leave, and names them', async (what, change) => {
    const w = await start();
    const id = await w.pending(`To one who ${what}.`, {
      email_activity_parties: [
        bind('systemusers', w.me, 1),
        bind('contacts', await w.dana.create('contacts', { lastname: 'Bo', emailaddress1: 'b@x.example' }), 2),
      ],
    });
    await sql`update activityparty set addressused = null, addressused_folded = null where activityid = ${id}`.execute(
      w.database.db,
    );
    const {
      rows: [to],
    } = await sql<{ activitypartyid: string; partyid: string }>`select activitypartyid, partyid from activityparty
      where activityid = ${id} and participationtypemask = 2`.execute(w.database.db);
    const which = what.startsWith('is a row')
      ? sql` where activitypartyid = ${to!.activitypartyid}`
      : sql` where contactid = ${to!.partyid}`;
    await sql`${change}${which}`.execute(w.database.db);
    expect(await w.process().run()).toMatchObject({ sent: 0, problems: [{ mailId: id, code: 'bad-address' }] });
    expect(await w.read(id)).toMatchObject({
      statuscode: 8,
      alongside_senderror: expect.stringContaining('is no address'),
    });
  });

  test.each([
    [
      'no sender',
      (id: string) =>
        sql`update activityparty set participationtypemask = 2 where activityid = ${id} and participationtypemask = 1`,
    ],
    [
      'two senders',
      (id: string) =>
        sql`update activityparty set participationtypemask = 1, addressused = 'x@contoso.example' where activityid = ${id} and participationtypemask = 2`,
    ],
  ])('with %s by now does not leave', async (what, change) => {
    const w = await start();
    const id = await w.pending(`With ${what}.`);
    const outside: Outside = async (call, when) => {
      if (when === 'before' && call.startsWith(`GET emails(${id})`)) await change(id).execute(w.database.db);
    };
    expect(await w.process({ outside }).run()).toMatchObject({
      sent: 0,
      problems: [{ mailId: id, code: 'no-sender' }],
    });
    expect(await w.read(id)).toMatchObject({ statuscode: 8 });
  });

  test.each([
    ['canceled', (id: string) => sql`update email set statecode = 2, statuscode = 5 where activityid = ${id}`],
    ['removed', (id: string) => sql`delete from email where activityid = ${id}`],
    ['taken by another server', (id: string) => sql`update email set statuscode = 7 where activityid = ${id}`],
  ])('that was %s since it was listed is nobody’s trouble', async (what, change) => {
    const w = await start();
    const id = await w.pending(`Just ${what}.`);
    await w.pending('The next one.');
    const outside: Outside = async (call, when) => {
      if (when === 'before' && call.startsWith(`GET emails(${id})`)) await change(id).execute(w.database.db);
    };
    expect(await w.process({ outside }).run()).toEqual({ sent: 1, problems: [], stopped: null });
    expect(w.copies(`Just ${what}.`)).toEqual([]);
    await w.set(id, { statecode: 2, statuscode: 5 });
  });

  test('says what it answers, and the thread before it, as far as the CRM knows', async () => {
    const w = await start();
    /** A thread, the oldest first; each mail was the answer to the one before. */
    const thread = async (name: string, mails: readonly Parameters<OutgoingWorld['set']>[1][]) => {
      let parent: string | null = null;
      const ids: string[] = [];
      for (const [index, columns] of mails.entries()) {
        const id: string = await w.draft(`${name} ${index}.`);
        await w.set(id, { messageid: `<${name}${index}@x.example>`, parentactivityid: parent, ...columns });
        ids.push((parent = id));
      }
      return ids;
    };
    const answer = async (columns: Parameters<OutgoingWorld['set']>[1]) => {
      const id = await w.pending('An answer.');
      await w.set(id, columns);
      const { mail, calls } = await leave(w);
      const asked = calls.filter((call) => call.startsWith('GET emails(') && !call.includes(id)).length;
      return { asked, inReplyTo: mail.inReplyTo, references: mail.references };
    };
    const long = await thread(
      'a',
      Array.from({ length: 15 }, () => ({})),
    );
    const last = (from: number) =>
      Array.from({ length: 15 - from }, (_, index) => `<a${from + index}@x.example>`).join(' ');
    expect(await answer({ parentactivityid: long.at(-1)! })).toEqual({
      asked: 10,
      inReplyTo: '<a14@x.example>',
      references: last(5),
    });

    const withHeaders = { internetmessageheaders: JSON.stringify({ References: '<r1@x.example>\r\n <r2@x.example>' }) };
    const [, , known] = await thread('b', [{}, {}, withHeaders]);
    const [thirdAnswer] = await thread('c', [{ parentactivityid: known!, inreplyto: '<unseen@x.example>' }]);
    expect(await answer({ parentactivityid: thirdAnswer! })).toEqual({
      asked: 2,
      inReplyTo: '<c0@x.example>',
      references: '<r1@x.example> <r2@x.example> <b2@x.example> <unseen@x.example> <c0@x.example>',
    });

    const [one, two] = await thread('d', [{}, {}]);
    await w.set(one!, { parentactivityid: two! });
    expect(await answer({ parentactivityid: two! })).toEqual({
      asked: 2,
      inReplyTo: '<d1@x.example>',
      references: '<d0@x.example> <d1@x.example>',
    });

    const [correlated, parent] = [(await thread('e', [{}]))[0]!, (await thread('f', [{ messageid: null }]))[0]!];
    expect(await answer({ correlatedactivityid: correlated })).toMatchObject({ inReplyTo: '<e0@x.example>' });
    expect(await answer({ correlatedactivityid: correlated, parentactivityid: parent })).toMatchObject({
      inReplyTo: undefined,
    });
    expect(await answer({ correlatedactivityid: correlated, inreplyto: '<said@x.example>' })).toMatchObject({
      inReplyTo: '<said@x.example>',
      references: '<e0@x.example> <said@x.example>',
    });
    const [, unnamed] = await thread('g', [{}, { messageid: null }]);
    expect(await answer({ parentactivityid: unnamed! })).toMatchObject({ asked: 2, inReplyTo: '<g0@x.example>' });
    await w.set(two!, { parentactivityid: null });
    await sql`delete from email where activityid = ${one!}`.execute(w.database.db);
    await w.set(two!, { parentactivityid: one! });
    expect(await answer({ parentactivityid: two! })).toMatchObject({ asked: 2, references: '<d1@x.example>' });
  });

  test('leaves with the importance, the receipt and the files that its author gave it, in their order', async () => {
    const w = await start();
    const file = (filename: string, attachmentnumber: number, more: object = {}) => ({
      ...{ filename, attachmentnumber, mimetype: 'text/plain', body: btoa(filename), ...more },
    });
    await w.pending('With files.', {
      prioritycode: 0,
      readreceiptrequested: true,
      email_activity_mime_attachment: [
        file('c', 3),
        file('a', 1, { attachmentcontentid: 'pic' }),
        file('b', 2),
        file('d', 4),
      ],
    });
    const { mail } = await leave(w);
    const head = new Map(mail.headers.map(({ key, value }) => [key, value]));
    expect([head.get('importance'), head.get('disposition-notification-to')]).toEqual(['low', 'dana@contoso.example']);
    expect(mail.attachments.map(({ filename }) => filename)).toEqual(['a', 'b', 'c', 'd']);
    expect(mail.attachments.map(({ contentId }) => contentId)).toEqual(['<pic>', undefined, undefined, undefined]);
    expect(mail.attachments.map(({ content }) => Buffer.from(content as ArrayBuffer).toString())).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
  });

  test('of which a file is gone when it is read does not leave without it', async () => {
    const w = await start();
    const file = { filename: `${'long '.repeat(30)}.txt`, mimetype: 'text/plain', body: btoa('x') };
    const id = await w.pending('A file is gone.', { email_activity_mime_attachment: [file] });
    const outside: Outside = async (call, when) => {
      if (when === 'before' && call.startsWith('GET activitymimeattachments('))
        await sql`delete from activitymimeattachment where objectid = ${id}`.execute(w.database.db);
    };
    expect(await w.process({ outside }).run()).toMatchObject({
      sent: 0,
      problems: [{ mailId: id, code: 'unreadable' }],
    });
    const { alongside_senderror: reason } = await w.read(id);
    expect(reason).toBe(`The attachment ${file.filename.slice(0, 100)} is not there any more.`);
  });
});

const logicalName = 'Microsoft.Dynamics.CRM.lookuplogicalname';
const id = '0f0e0d0c-0000-4000-8000-000000000001';
/** A CRM that holds these files and says their sizes, or does not. */
function crmOf(files: readonly { size: number; stated: boolean }[]) {
  const asked: string[] = [];
  const rows = files.map(({ size, stated }, index): Row => ({
    activitymimeattachmentid: String(index),
    ...(stated ? { filesize: size } : {}),
  }));
  const crm: Pick<Dataverse, 'list' | 'retrieve'> = {
    list: async (path) => {
      const options = new URLSearchParams(path.slice(path.indexOf('?') + 1));
      expect(options.get('$filter')).toBe(`_objectid_value eq ${id}`);
      return rows.slice(0, Number(options.get('$top')));
    },
    retrieve: async (path) => {
      const index = /\((\d+)\)/.exec(path)![1]!;
      asked.push(index);
      return { body: Buffer.alloc(files[Number(index)]!.size).toString('base64') };
    },
  };
  return { crm: crm as Dataverse, asked };
}

test.each<[string, number, number, boolean, string | null, number]>([
  ['together as much as is possible', 4, 25, true, null, 4],
  ['together too much, as the CRM says', 4, 26, true, 'too-large', 0],
  ['as much as is possible, which the CRM does not say', 4, 25, false, null, 4],
  ['too much, which the CRM does not say', 8, 26, false, 'too-large', 4],
  ['as many as are possible', 250, 0, true, null, 250],
  ['too many', 251, 0, true, 'too-many', 0],
])('files that are %s', async (_what, many, size, stated, code, read) => {
  const { crm, asked } = crmOf(Array.from({ length: many }, () => ({ size, stated })));
  const reading = readAttachments(crm, id, 0, { mostBytes: 100 });
  if (code === null) expect((await reading).attachments).toHaveLength(many);
  else await expect(reading).rejects.toMatchObject({ name: 'Unsendable', code });
  expect(asked).toHaveLength(read);
});
