import { webcrypto } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { apply, type ApplyServices } from '../../src/api/apply.ts';
import { createAttachmentLimit } from '../../src/api/attachment-limit.ts';
import { createDataverse, type Row } from '../../src/api/dataverse.ts';
import { createHttp } from '../../src/api/http.ts';
import { createPeople } from '../../src/api/people.ts';
import { createRegardingSearch } from '../../src/api/regarding.ts';
import type { CreateChange, TrackChange } from '../../src/model/change.ts';
import { CrmError } from '../../src/model/errors.ts';
import { identifyMail } from '../../src/model/item-key.ts';
import type { RegardingRef } from '../../src/model/records.ts';
import { regardChange, trackChange, untrackChange } from '../sync/samples.ts';
import { forEachEngine } from './engines.ts';
import { fetchInto } from './fetch-into.ts';
import { createWorld, dana, miguel, type Person, type World } from './world.ts';

function servicesOf(world: World, person: Person, attachments: Record<number, Blob> = {}): ApplyServices {
  const http = createHttp({
    fetch: fetchInto(world),
    baseUrl: 'http://localhost/api/data/v9.2/',
    token: () => world.token(person),
  });
  const crm = createDataverse(http);
  return {
    crm,
    digest: (bytes) => webcrypto.subtle.digest('SHA-256', bytes),
    tenantId: 'contoso',
    attachment: async (_change, index) => attachments[index] ?? null,
    attachmentLimit: createAttachmentLimit(crm),
    note: async () => undefined,
  };
}

const mails = (services: ApplyServices): Promise<readonly Row[]> =>
  services.crm.list('emails?$select=subject,messageid,_regardingobjectid_value&$orderby=createdon asc');

forEachEngine('a change carried into the CRM', ({ open }) => {
  const start = async () => {
    const world = await createWorld(await open());
    const account = await world.as(dana).create('accounts', { name: 'Fabrikam Hotels' });
    const contact = await world.as(dana).create('contacts', {
      firstname: 'Kim',
      lastname: 'Abercrombie',
      emailaddress1: 'kim@fabrikam.example',
      'parentcustomerid_account@odata.bind': `/accounts(${account})`,
    });
    const kim: RegardingRef = { table: 'contact', id: contact, name: 'Kim Abercrombie' };
    return { world, hers: servicesOf(world, dana), his: servicesOf(world, miguel), kim, account };
  };
  const now = (change: TrackChange): TrackChange => ({ ...change, at: new Date().toISOString() });

  test('a mail tracked before it had an id is the same e-mail once it has one, for its author and for who received it', async () => {
    const { world, hers, his } = await start();
    const stamp = '0190aaaa-0000-7000-8000-000000000001';
    const [from, sentAt] = [{ name: 'Dana', address: 'dana@contoso.example' }, '2026-11-20T09:15:00.000Z'];
    const sent = async (differs: object, change: Partial<TrackChange> = {}) => {
      const mail = { internetMessageId: null, from, sentAt, subject: 'Order 17', stamp, ...differs };
      const identity = await identifyMail('contoso', mail, hers.digest);
      return trackChange({ ...change, mail: { ...trackChange({}).mail, ...identity, from: mail.from } });
    };
    const first = await apply(await sent({}, { id: stamp }), hers);
    const withId = { internetMessageId: '<sent-17@contoso.example>' };
    for (const services of [hers, his])
      expect(await apply(await sent(withId), services)).toMatchObject({ recordId: first.recordId, already: true });
    expect(await mails(hers)).toHaveLength(1);

    const eve = { name: 'Eve', address: 'eve@else.example' };
    const strange = await apply(await sent({ from: eve, internetMessageId: '<eve@else.example>' }), hers);
    expect(strange.recordId).not.toBe(first.recordId);

    const deliver = (From: string, MessageId: string, stamp: string) =>
      world.as(miguel).send('POST', 'emails/Microsoft.Dynamics.CRM.DeliverIncomingEmail', {
        MessageId,
        Subject: 'Re: Order 17',
        From,
        To: 'miguel@contoso.example',
        Cc: '',
        Bcc: '',
        ReceivedOn: sentAt,
        SubmittedBy: 'miguel@contoso.example',
        Importance: '1',
        Body: 'x',
        Attachments: [],
        ExtraProperties: { internetmessageheaders: `X-Alongside-Stamp: ${stamp}\r\n` },
      });
    const copy = await deliver('dana@contoso.example', '<sent-18@contoso.example>', stamp);
    expect(copy.body).toMatchObject({ activityid: first.recordId });
    const forged = await deliver('miguel@contoso.example', '<forged@contoso.example>', stamp);
    expect(forged.status).toBe(200);
    expect(forged.body['activityid']).not.toBe(first.recordId);

    const other = '0190aaaa-0000-7000-8000-000000000002';
    const planted = await apply(await sent({ stamp: other }, { id: other }), his); // not made by whoever sent the mail
    const real = await deliver('dana@contoso.example', '<sent-19@contoso.example>', other);
    expect(real.body['activityid']).not.toBe(planted.recordId);
  });

  test('track, repeated by anybody, in any order, at the same time, is one e-mail', async () => {
    const { hers, his, kim } = await start();
    const change = now(trackChange({ regarding: kim }));
    const colleague = now(trackChange({}));
    const first = await apply(change, hers);
    expect(first).toMatchObject({ recordId: change.id, already: false, regarding: { id: kim.id } });
    expect(await apply(change, hers)).toMatchObject({ recordId: change.id, already: false });
    expect(await apply(colleague, his)).toMatchObject({ recordId: change.id, already: true });
    expect(await mails(hers)).toHaveLength(1);

    const race = [now(trackChange({}, 'm1.race')), now(trackChange({}, 'm1.race'))];
    const [one, two] = await Promise.all([apply(race[0]!, hers), apply(race[1]!, his)]);
    expect(one.recordId).toBe(two.recordId);
    expect(await mails(hers)).toHaveLength(2);
  });

  test('who comes second in a race has their regarding record set as well', async () => {
    const { hers, his, kim, account } = await start();
    const fabrikam: RegardingRef = { table: 'account', id: account, name: 'Fabrikam Hotels' };
    const colleague = now(trackChange({ regarding: fabrikam }));
    // The colleague is through between our look and our promotion.
    const late: ApplyServices = {
      ...hers,
      crm: {
        ...hers.crm,
        async act(path, body) {
          await apply(colleague, his);
          return hers.crm.act(path, body);
        },
      },
    };
    const told = await apply(now(trackChange({ regarding: kim })), late);
    expect(told).toMatchObject({
      recordId: colleague.id,
      already: true,
      regarding: { id: kim.id },
      previousRegarding: { id: account },
    });
    expect(await mails(hers)).toMatchObject([{ _regardingobjectid_value: kim.id }]);
  });

  test('what somebody wrote between look and write is looked at again, and is no conflict', async () => {
    const { hers, his, kim, account } = await start();
    const fabrikam: RegardingRef = { table: 'account', id: account, name: 'Fabrikam Hotels' };
    await apply(now(trackChange({ regarding: null })), hers);
    let overtaken = 0;
    const late = (times: number): ApplyServices => ({
      ...hers,
      crm: {
        ...hers.crm,
        async update(path, values, etag) {
          overtaken += 1;
          if (overtaken <= times) {
            const other = overtaken % 2 === 1 ? fabrikam : null;
            await apply(regardChange({ regarding: other }), his);
          }
          return hers.crm.update(path, values, etag);
        },
      },
    });
    expect(await apply(regardChange({ regarding: kim }), late(1))).toMatchObject({
      regarding: { id: kim.id },
      previousRegarding: { id: account },
    });
    overtaken = 0;
    await apply(regardChange({ regarding: null }), hers);
    await expect(apply(regardChange({ regarding: kim }), late(5))).rejects.toMatchObject({ code: 'unavailable' });
    expect((await mails(hers))[0]?.['_regardingobjectid_value']).not.toBe(kim.id);
  });

  test('two writes at the very same moment (409) are said again', async () => {
    const { hers } = await start();
    let clashes = 0;
    const clashing = (times: number): ApplyServices => ({
      ...hers,
      crm: {
        ...hers.crm,
        act: (path, body) =>
          ++clashes <= times
            ? Promise.reject(new CrmError('conflict', 'Concurrent.', { status: 409 }))
            : hers.crm.act(path, body),
      },
    });
    const change = now(trackChange({}));
    await expect(apply(change, clashing(3))).rejects.toMatchObject({ code: 'unavailable', facts: { status: 409 } });
    clashes = 0;
    expect(await apply(change, clashing(2))).toMatchObject({ recordId: change.id });
  });

  test('a regarding record that was stuck on its way does not overwrite one that was said since', async () => {
    const { hers, kim, account } = await start();
    const fabrikam: RegardingRef = { table: 'account', id: account, name: 'Fabrikam Hotels' };
    await apply(now(trackChange({})), hers);
    const stuck: { send: () => Promise<unknown> }[] = [];
    const hotel: ApplyServices = {
      ...hers,
      crm: {
        ...hers.crm,
        update: (...given) =>
          new Promise((_resolve, reject) => {
            stuck.push({ send: () => hers.crm.update(...given) });
            reject(new CrmError('unavailable', 'No answer in time.', { outcomeUnknown: true }));
          }),
      },
    };
    const first = regardChange({ regarding: kim });
    await expect(apply(first, hotel)).rejects.toMatchObject({ code: 'unavailable' });
    await apply(first, hers);
    await apply(regardChange({ regarding: fabrikam }), hers);
    await expect(stuck[0]!.send()).rejects.toMatchObject({ facts: { status: 412 } });
    expect(await mails(hers)).toMatchObject([{ _regardingobjectid_value: account }]);
  });

  test('a promotion that was stuck on its way does not bring back what was removed since', async () => {
    const { hers } = await start();
    let stuck = (): Promise<unknown> => Promise.resolve();
    const act: ApplyServices['crm']['act'] = (...given) => {
      stuck = () => hers.crm.act(...given);
      return Promise.reject(new CrmError('unavailable', 'No answer in time.', { outcomeUnknown: true }));
    };
    const click = now(trackChange({}));
    await expect(apply(click, { ...hers, crm: { ...hers.crm, act } })).rejects.toMatchObject({ code: 'unavailable' });
    await apply(click, hers);
    await apply(untrackChange({}), hers);
    await expect(stuck()).rejects.toMatchObject({ facts: { status: 410, crmCode: '0x80040217' } });
    expect(await mails(hers)).toEqual([]);

    // Who is there to hear the answer is repeating what somebody removed before it was heard of; a new click is a new wish.
    expect(await apply(click, hers)).toMatchObject({ recordId: expect.not.stringContaining(click.id) });
    await apply(untrackChange({}), hers);
    const again = now(trackChange({}));
    expect(await apply(again, hers)).toMatchObject({ recordId: again.id });
    expect(await mails(hers)).toHaveLength(1);
  });

  test('another mail under the same Message-ID is neither swallowed nor merged', async () => {
    const { hers } = await start();
    const real = now(trackChange({}));
    const forged = now(trackChange({}));
    const fingerprint = { from: 'mallory@evil.example', sentAt: '2026-11-20T09:15:00Z', subject: 'invoice' };
    const mail = {
      ...forged.mail,
      fingerprint,
      subject: 'Invoice',
      from: { name: '', address: 'mallory@evil.example' },
    };
    await apply(real, hers);
    const copy = await apply({ ...forged, mail }, hers);
    expect(copy.already).toBe(false);
    expect((await apply({ ...forged, mail }, hers)).recordId).toBe(copy.recordId);
    const rows = await mails(hers);
    expect(rows.map(({ subject }) => subject)).toEqual(['Order 17', 'Invoice']);
    expect(rows[1]?.['messageid']).toMatch(/^<m2\..*@alongside\.invalid>$/);
  });

  test('a mail under a substitute id is found there after the other mail of its Message-ID is gone', async () => {
    const { hers } = await start();
    const [real, forged] = [now(trackChange({})), now(trackChange({}))];
    const fingerprint = { from: 'mallory@evil.example', sentAt: '2026-11-20T09:15:00Z', subject: 'invoice' };
    const from = { name: '', address: 'mallory@evil.example' };
    const other = { ...forged, mail: { ...forged.mail, fingerprint, subject: 'Invoice', from } };
    await apply(real, hers);
    const copy = await apply(other, hers);
    await apply(untrackChange({}), hers);
    expect(await apply({ ...other, id: now(trackChange({})).id }, hers)).toMatchObject({ recordId: copy.recordId });
    expect(await mails(hers)).toMatchObject([{ subject: 'Invoice' }]);
  });

  test('an undo takes away what the click made, and nothing a colleague wants as well', async () => {
    const { hers, his } = await start();
    const own = now(trackChange({}, 'm1.own'));
    const made = await apply(own, hers);
    const undo = (change: TrackChange, etag: string | null) =>
      untrackChange({ onlyIfUntouched: { recordId: change.id, etag } }, change.lane);
    await apply(undo(own, made.etag), hers);
    expect(await mails(hers)).toEqual([]);

    const shared = now(trackChange({}, 'm1.shared'));
    const before = await apply(shared, hers);
    await apply(now(trackChange({}, 'm1.shared')), his);
    await expect(apply(undo(shared, before.etag), hers)).rejects.toMatchObject({ code: 'conflict' });
    expect(await mails(hers)).toHaveLength(1);
  });

  test('regarding is set, changed, taken back, and not taken back from somebody else', async () => {
    const { hers, kim, account } = await start();
    const fabrikam: RegardingRef = { table: 'account', id: account, name: 'Fabrikam Hotels' };
    const track = now(trackChange({ regarding: kim }));
    await apply(track, hers);
    const change = regardChange({ regarding: fabrikam });
    expect(await apply(change, hers)).toMatchObject({ regarding: fabrikam, previousRegarding: { id: kim.id } });
    expect(await apply(change, hers)).toMatchObject({ regarding: { id: account } });
    await expect(apply(regardChange({ regarding: null, onlyIfRegarding: { id: kim.id } }), hers)).rejects.toMatchObject(
      { code: 'conflict' },
    );
    await apply(regardChange({ regarding: kim, onlyIfRegarding: { id: account } }), hers);
    await apply(regardChange({ regarding: null }), hers);
    expect((await mails(hers))[0]?.['_regardingobjectid_value']).toBeNull();
    await expect(apply(regardChange({}, 'm1.unknown'), hers)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('untracking what is gone is done; keeping the record touches nothing', async () => {
    const { hers } = await start();
    await apply(now(trackChange({})), hers);
    expect(await apply(untrackChange({ keepRecord: true }), hers)).toMatchObject({ already: false });
    expect(await mails(hers)).toHaveLength(1);
    await apply(untrackChange({}), hers);
    expect(await apply(untrackChange({}), hers)).toMatchObject({ recordId: null, already: true });
    expect(await mails(hers)).toEqual([]);
  });

  test('attachments go along; what is too large or was never read is left out and named', async () => {
    const { world } = await start();
    const services = servicesOf(world, dana, { 0: new Blob([Buffer.from('hello').toString('base64')]) });
    const part = (index: number, size: number) => ({
      index,
      name: `${index}.txt`,
      contentType: 'text/plain',
      size,
      leftOut: null,
    });
    const change = now(trackChange({}));
    const attachments = [part(0, 5), part(1, 7), part(2, 25 * 1024 * 1024)];
    const result = await apply({ ...change, mail: { ...change.mail, attachments } }, services);
    expect(result.leftOut.map(({ index, leftOut }) => [index, leftOut])).toEqual([
      [1, 'closed'],
      [2, 'too-large'],
    ]);
    const stored = await services.crm.list('activitymimeattachments?$select=filename,body');
    expect(stored.map(({ filename, body }) => [filename, body])).toEqual([
      ['0.txt', Buffer.from('hello').toString('base64')],
    ]);
  });

  test('adding a person twice adds one; somebody else’s row under that id is a conflict', async () => {
    const { hers } = await start();
    const { id, at, by } = trackChange({});
    const values = { firstname: 'Ingrid', lastname: 'Solberg', emailaddress1: 'ingrid@solberg.example' };
    const change: CreateChange = {
      kind: 'create',
      id,
      at,
      by,
      lane: `contact:${id}`,
      after: null,
      holdUntil: null,
      table: 'contact',
      recordId: id,
      values,
    };
    await apply(change, hers);
    await apply(change, hers);
    const found = await createPeople(hers.crm).find(['INGRID@solberg.example', 'nobody@solberg.example']);
    expect(found.get('ingrid@solberg.example')).toMatchObject([
      { table: 'contact', id, name: 'Ingrid Solberg', active: true },
    ]);
    expect(found.has('nobody@solberg.example')).toBe(false);
    expect(
      await createPeople(hers.crm).duplicates({ firstname: 'Ingrid', lastname: 'Solberg', emailaddress1: '' }),
    ).toHaveLength(1);
  });

  describe('what the card and the search show', () => {
    test('open deals and cases of the person and the company, the last and the next activity', async () => {
      const { world, hers, kim, account } = await start();
      const client = world.as(dana);
      await client.create('opportunities', {
        name: 'Forty machines',
        estimatedvalue: 42_000,
        'customerid_account@odata.bind': `/accounts(${account})`,
      });
      await client.create('incidents', {
        title: 'Slow drain',
        'customerid_contact@odata.bind': `/contacts(${kim.id})`,
      });
      await client.create('phonecalls', {
        subject: 'Confirm',
        scheduledend: '2026-12-01T09:00:00Z',
        'regardingobjectid_contact_phonecall@odata.bind': `/contacts(${kim.id})`,
      });
      await apply(now(trackChange({})), hers);
      const people = createPeople(hers.crm);
      const [person] = (await people.find(['kim@fabrikam.example'])).get('kim@fabrikam.example') ?? [];
      expect(person).toMatchObject({ company: { table: 'account', name: 'Fabrikam Hotels' }, owner: 'Dana Whitfield' });
      const details = await people.details(person!);
      expect(details.opportunities.map(({ record }) => record.name)).toEqual(['Forty machines']);
      expect(details.cases.map(({ record }) => record.name)).toEqual(['Slow drain']);
      expect(details.nextActivity?.subject).toBe('Confirm');
      expect(details.lastActivity).toMatchObject({ type: 'email', subject: 'Order 17' });

      const search = createRegardingSearch(hers.crm);
      expect((await search.search('fabri')).map(({ name }) => name)[0]).toBe('Fabrikam Hotels');
      expect(await search.search("100%_[' or 1 eq 1")).toEqual([]);
      expect((await search.related([person!])).map(({ table }) => table)).toEqual([
        'contact',
        'account',
        'opportunity',
        'incident',
      ]);
    });
  });
});
