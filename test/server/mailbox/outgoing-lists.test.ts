// Which mails a mailbox takes up, and whose mail is said to wait.
import { expect, test } from '@jest/globals';
import type { Dataverse, Row } from '../../../src/api/dataverse.ts';
import { listPending, listSending } from '../../../src/server/mailbox/outgoing/crm-mail.ts';
import { findSender, listWaitingSenders } from '../../../src/server/mailbox/outgoing/senders.ts';
import { createWaitingList } from '../../../src/server/mailbox/outgoing/waiting-list.ts';
import { storedTime } from '../../../src/server/odata/values.ts';
import { forEachEngine } from '../engines.ts';
import { dana, miguel } from '../world.ts';
import { mailbox, openOutgoingWorld, type OutgoingWorld } from './outgoing-world.ts';

const minute = 60_000;
const ada = { addressused: 'ada@fabrikam.example', participationtypemask: 2 };

forEachEngine('mail on its way out', ({ open }) => {
  /** Mails that differ in one thing each. */
  const write = async (w: OutgoingWorld) => {
    const at = (minutes: number) => storedTime(new Date(w.now() + minutes * minute));
    const queue = await w.dana.create('queues', { name: 'Service', emailaddress: 'service@contoso.example' });
    const byDana = { 'partyid_systemuser@odata.bind': `systemusers(${w.me})`, participationtypemask: 1 };
    const byQueue = { 'partyid_queue@odata.bind': `queues(${queue})`, participationtypemask: 1 };
    const mail = async (
      subject: string,
      columns: Parameters<OutgoingWorld['set']>[1],
      from: object = byDana,
      to: object = ada,
    ) => {
      const id = await w.pending(subject, { email_activity_parties: [from, to] });
      if (Object.keys(columns).length > 0) await w.set(id, columns);
      return [subject, id] as const;
    };
    return new Map([
      await mail('plain', {}),
      await mail('delayed until before', { delayedemailsendtime: at(-1) }),
      await mail('postponed until before', { postponeemailprocessinguntil: at(-1) }),
      await mail('delayed', { delayedemailsendtime: at(1) }),
      await mail('postponed', { postponeemailprocessinguntil: at(1) }),
      await mail('sending', { statuscode: 7, messageid: '<a@x.example>', deliveryattempts: 3 }),
      await mail('failed', { statecode: 0, statuscode: 8 }),
      await mail('sent', { statuscode: 3 }),
      await mail('incoming', { directioncode: 0 }),
      await mail('incoming and sending', { directioncode: 0, statuscode: 7 }),
      await mail('her address in capitals', {}, { ...byDana, addressused: dana.address.toUpperCase() }),
      await mail('another address of hers', {}, { ...byDana, addressused: "dana.o'neil@contoso.example" }),
      await mail('from the queue', {}, byQueue),
      await mail('from the queue, sending', { statuscode: 7 }, byQueue),
      await mail(
        'from a queue of her address, to her',
        {},
        { ...byQueue, addressused: dana.address },
        { ...byDana, participationtypemask: 2 },
      ),
      await mail('from the queue, to her, sending', { statuscode: 7 }, byQueue, {
        ...byDana,
        participationtypemask: 2,
      }),
    ]);
  };
  const names = (mails: ReadonlyMap<string, string>, ids: readonly string[]) =>
    [...mails].filter(([, id]) => ids.includes(id)).map(([name]) => name);

  test('a mailbox takes up what is due, sent by its person, and from no other address', async () => {
    const w = await openOutgoingWorld(await open());
    const mails = await write(w);
    const sender = { id: w.me, address: dana.address };
    const now = new Date(w.now());
    const due = ['plain', 'delayed until before', 'postponed until before', 'her address in capitals'];
    expect(names(mails, await listPending(w.crm(), sender, now))).toEqual(due);
    const later = new Date(w.now() + 2 * minute);
    const all = [
      'plain',
      'delayed until before',
      'postponed until before',
      'delayed',
      'postponed',
      'her address in capitals',
    ];
    expect(names(mails, await listPending(w.crm(), sender, later))).toEqual(all);
    const other = { id: w.me, address: "dana.o'neil@contoso.example" };
    expect(await listPending(w.crm(), other, now)).toEqual([mails.get('another address of hers')]);

    const claimed = await listSending(w.crm(), sender);
    const row = await w.read(mails.get('sending')!);
    expect(claimed).toEqual([
      {
        id: mails.get('sending'),
        etag: row['@odata.etag'],
        messageId: '<a@x.example>',
        attempts: 3,
        at: Date.parse(String(row['modifiedon'])),
      },
    ]);
  });

  test('the list of whose mail waits is one of people and queues, whatever else they have', async () => {
    const w = await openOutgoingWorld(await open());
    const mails = await write(w);
    const calls: string[] = [];
    const crm = w.crm((call, when) => void (when === 'before' && calls.push(call.slice(0, call.indexOf('?')))));
    const sort = (list: readonly { address: string | null }[]) =>
      [...list].sort((a, b) => JSON.stringify([a.address, a]).localeCompare(JSON.stringify([b.address, b])));
    const queueId = expect.any(String);
    const hers = (address: string | null) => ({ owner: dana.objectId, queueId: null, address });
    const service = { owner: null, queueId, address: 'service@contoso.example' };
    const waiting = sort(await listWaitingSenders(crm, new Date(w.now())));
    expect(waiting).toEqual([
      hers("dana.o'neil@contoso.example"),
      ...[hers(dana.address), { ...service, address: dana.address }],
      service,
    ]);
    expect(calls).toEqual(['GET emails', 'GET systemusers']);

    for (const id of mails.values()) await w.set(id, { statecode: 2, statuscode: 5 });
    expect(await listWaitingSenders(crm, new Date(w.now()))).toEqual([]);
    for (const [name, waits] of [
      ['delayed', 0],
      ['postponed', 0],
      ['failed', 0],
      ['incoming', 0],
      ['incoming and sending', 0],
      ['sending', 1],
      ['plain', 1],
    ] as const) {
      const id = mails.get(name)!;
      await w.set(id, { statecode: 1, statuscode: name.endsWith('sending') ? 7 : name === 'failed' ? 8 : 6 });
      expect([name, await listWaitingSenders(crm, new Date(w.now()))]).toEqual([
        name,
        waits === 1 ? [hers(dana.address)] : [],
      ]);
      await w.set(id, { statecode: 2, statuscode: 5 });
    }
    calls.length = 0;
    await w.set(mails.get('from the queue')!, { statecode: 1, statuscode: 6 });
    expect(await listWaitingSenders(crm, new Date(w.now()))).toEqual([service]);
    // Of a queue nobody has to be asked for.
    expect(calls).toEqual(['GET emails']);
    await w.set(mails.get('from the queue')!, { statecode: 2, statuscode: 5 });

    await w.set(mails.get('from a queue of her address, to her')!, { statecode: 1, statuscode: 6 });
    expect(await listWaitingSenders(crm, new Date(w.now()))).toEqual([{ ...service, address: dana.address }]);
  });

  test('of many, the oldest leave first, so many in one run', async () => {
    const w = await openOutgoingWorld(await open());
    const ids: string[] = [];
    for (let index = 0; index < 27; index += 1) {
      ids.unshift(await w.pending(`Mail ${index}.`));
      await w.set(ids[0]!, { createdon: storedTime(new Date(w.now() - index * minute)) });
    }
    expect(await listPending(w.crm(), { id: w.me, address: dana.address }, new Date(w.now()))).toEqual(
      ids.slice(0, 25),
    );
    expect([await w.process().run(), await w.process().run()]).toMatchObject([{ sent: 25 }, { sent: 2 }]);
    for (const [index, id] of ids.entries()) {
      const modifiedon = storedTime(new Date(w.now() - (27 - index) * 60 * minute));
      await w.set(id, { statuscode: 7, messageid: `<${id}@contoso.example>`, modifiedon });
    }
    const claimed = await listSending(w.crm(), { id: w.me, address: dana.address });
    expect(claimed.map(({ id }) => id)).toEqual(ids.slice(0, 25));
  });

  test('a mailbox of nobody whom the CRM knows has no sender', async () => {
    const w = await openOutgoingWorld(await open());
    const crm = w.crm();
    const queueId = '0f0e0d0c-0000-4000-8000-000000000001';
    expect(await findSender(crm, mailbox)).toEqual({ id: w.me, address: dana.address });
    expect(await findSender(crm, { ...mailbox, queueId })).toEqual({ id: queueId, address: dana.address });
    expect(await findSender(crm, { ...mailbox, owner: miguel.objectId })).toBeNull();
    expect(await findSender(crm, { ...mailbox, owner: `${dana.objectId} or 1 eq 1` })).toBeNull();
    expect(await findSender(crm, { ...mailbox, queueId: `${queueId} or 1 eq 1` })).toBeNull();
  });
});

/** A CRM of mails by these senders, the newest last, that looks at the order, the number and the terms it is asked for. */
function crmOf(senders: readonly Row[]): Dataverse {
  const list = async (path: string) => {
    const options = new URLSearchParams(path.slice(path.indexOf('?') + 1));
    const top = Number(options.get('$top'));
    if (path.startsWith('emails?')) {
      const rows = senders.map((sender) => ({ email_activity_parties: [sender] }));
      return (options.get('$orderby') === 'createdon desc' ? rows.reverse() : rows).slice(0, top);
    }
    const terms = (options.get('$filter') ?? '').split(' or ').map((term) => term.replace('systemuserid eq ', ''));
    if (terms.length > 50 || new Set(terms).size < terms.length) throw new Error('That is too much to ask for.');
    return terms
      .map((id) => ({ systemuserid: id.toUpperCase(), azureactivedirectoryobjectid: `A${id.slice(1)}` }))
      .slice(0, top);
  };
  return { list } as unknown as Dataverse;
}
const user = (index: number): Row => ({
  _partyid_value: `0f0e0d0c-0000-4000-8000-${String(index).padStart(12, '0')}`.toUpperCase(),
  '_partyid_value@Microsoft.Dynamics.CRM.lookuplogicalname': 'systemuser',
});
const ownerOf = (index: number) => `af0e0d0c-0000-4000-8000-${String(index).padStart(12, '0')}`;

test('of whom nobody’s mailbox sends does not stand before the rest: the newest mails are looked at', async () => {
  const waiting = await listWaitingSenders(crmOf(Array.from({ length: 1_000 }, (_, index) => user(index))), new Date());
  const owners = waiting.map(({ owner }) => owner);
  expect([owners.length, owners[0], owners.at(-1)]).toEqual([200, ownerOf(999), ownerOf(800)]);
});

test('whoever has much to send waits once, and senders that are no row of a mailbox do not', async () => {
  const contact = { ...user(2), '_partyid_value@Microsoft.Dynamics.CRM.lookuplogicalname': 'contact' };
  const rows = [...Array.from({ length: 120 }, () => user(1)), contact, { addressused: 'someone@contoso.example' }];
  const waiting = await listWaitingSenders(crmOf(rows), new Date());
  expect(waiting).toEqual([{ owner: ownerOf(1), queueId: null, address: null }]);
});

test.each([
  ['hers, from any address', { owner: dana.objectId, queueId: null, address: null }, [true, false, false]],
  ['hers, from this address', { owner: dana.objectId, queueId: null, address: dana.address }, [true, false, false]],
  ['hers, from another', { owner: dana.objectId, queueId: null, address: 'x@contoso.example' }, [false, false, false]],
  ['his', { owner: miguel.objectId, queueId: null, address: null }, [false, true, false]],
  ['the queue’s', { owner: null, queueId: 'q1', address: null }, [false, false, true]],
  ['another queue’s', { owner: null, queueId: 'q2', address: null }, [false, false, false]],
])('what is %s is for that mailbox alone', async (_whose, sender, expected) => {
  const { queueId, address } = sender;
  const row: Row =
    queueId === null
      ? { ...user(1), addressused: address }
      : { _partyid_value: queueId, '_partyid_value@Microsoft.Dynamics.CRM.lookuplogicalname': 'queue' };
  const crm = crmOf([row]);
  const list: Dataverse['list'] = async (path) =>
    path.startsWith('emails?')
      ? crm.list(path)
      : [{ systemuserid: ownerOf(1).replace('a', '0'), azureactivedirectoryobjectid: sender.owner }];
  const waiting = createWaitingList({ list } as unknown as Dataverse, Date.now);
  expect(waiting.has(mailbox)).toBe(false);
  await waiting.look();
  const [hers, his] = [
    { ...mailbox, address: 'Dana@Contoso.example' },
    { address: miguel.address, owner: miguel.objectId, queueId: null },
  ];
  expect([hers, his, { ...mailbox, queueId: 'q1' }].map((each) => waiting.has(each))).toEqual(expected);
});
