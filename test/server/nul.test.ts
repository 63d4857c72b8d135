import { expect, test } from '@jest/globals';
import { registerQueue } from '../../src/server/queue/start.ts';
import { trackChange } from '../sync/samples.ts';
import { forEachEngine } from './engines.ts';
import { createWorld, dana } from './world.ts';

/** No text of a database holds it, but a mail may bring it: it is left out wherever it stands in a body. */
forEachEngine('NUL', ({ open }) => {
  test('is left out of what is stored and what is looked for', async () => {
    const database = await open();
    const world = await createWorld(database);
    const as = world.as(dana);
    const id = await as.create('contacts', { lastname: 'B\0erg', description: 'one\0two' });
    expect((await as.get(`contacts(${id})`)).body).toMatchObject({ lastname: 'Berg', description: 'onetwo' });
    const mail = {
      MessageId: '<a\0@fabrikam.example>',
      Subject: 'Or\0der',
      From: 'Kim\0 <kim@fabrikam.example>',
      To: 'd\0ana@contoso.example',
      Cc: '\0',
      Body: 'Ple\0ase',
      ReceivedOn: '2026-11-20T09:15:00Z',
      SubmittedBy: '\0',
      Attachments: [{ filename: 'a\0.txt', mimetype: 'text/\0plain', body: 'AAAA', attachmentcontentid: '\0' }],
      ExtraProperties: {
        inreplyto: '<\0b@fabrikam.example>',
        internetmessageheaders: 'X: \0',
        conversationindex: '\0',
      },
    };
    const path = 'emails(00000000-0000-0000-0000-000000000000)/Microsoft.Dynamics.CRM.DeliverPromoteEmail';
    const promoted = await as.send('POST', path, mail);
    expect([promoted.status, promoted.body]).toMatchObject([
      200,
      { messageid: '<a@fabrikam.example>', subject: 'Order', torecipients: 'dana@contoso.example;' },
    ]);
    const draft = await as.create('emails', { subject: 'Draft' });
    const sending = `emails(${draft})/Microsoft.Dynamics.CRM.SendEmail`;
    expect((await as.send('POST', sending, { IssueSend: false, TrackingToken: '\0' })).body).toMatchObject({
      error: { message: expect.stringContaining('sender') },
    });
    expect((await as.send('POST', 'GetTrackingTokenEmail', { Subject: '\0' })).status).toBe(200);
    await world.app.close();
  });

  test('does not stop a mail on its way to the ledger', async () => {
    const database = await open();
    const world = await createWorld(database);
    registerQueue(world.app, {
      database,
      crm: { url: 'http://localhost:1', token: () => Promise.resolve(''), fetch },
      tenantId: 't',
      now: Date.now,
      random: () => 0,
      report: () => undefined,
    });
    const ask = async (url: string, body: object) =>
      world.app.inject({
        method: 'POST',
        url,
        headers: { authorization: `Bearer ${await world.token(dana)}` },
        payload: body,
      });
    const change = trackChange({});
    const odd = { ...change, mail: { ...change.mail, subject: 'Or\0der', bodyHtml: '\0', messageId: '<\0@x>' } };
    expect((await ask('/sync/v1/changes', odd)).statusCode).toBe(202);
    const { itemKey, messageId, fingerprint } = change.mail;
    const asked = { mails: [{ itemKey, messageId: `\0${messageId}`, fingerprint }], askCrm: false };
    expect((await ask('/sync/v1/items/state', asked)).statusCode).toBe(200);
    // What rows are found by is made by the pane, and never has one.
    for (const [name, url, body] of [
      ['lane', '/sync/v1/changes', { ...trackChange({}), lane: '\0' }],
      ['itemKey', '/sync/v1/changes', { ...change, mail: { ...change.mail, itemKey: '\0' } }],
      ['itemKey', '/sync/v1/items/state', { mails: [{ itemKey: '\0', messageId, fingerprint }] }],
    ] as const) {
      const answer = await ask(url, body);
      expect([url, answer.statusCode, answer.body]).toEqual([url, 400, expect.stringContaining(name)]);
    }
    await world.app.close();
  });
});
