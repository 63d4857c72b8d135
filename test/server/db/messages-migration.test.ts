import { expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { messageTables } from '../../../src/server/db/migrations/0006-messages.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana } from '../world.ts';

const added = {
  email:
    'alongside_suggestedactivityid subjecthash baseconversationindexhash sendinguntil alongside_senderror alongside_correlationrule alongside_suggestionrule',
  activityparty: 'alongside_resolutionrule',
  organization: 'trackingtokeniddigits emailcorrelationenabled hashminaddresscount orgdborgsettings',
};
const indexes =
  'email_by_thread email_by_token email_by_conversation email_by_subjecthash email_by_suggestion email_outbox';

forEachEngine('The step that brings correlation', (engine) => {
  test('finds the mails of before, and answers to them still find their thread', async () => {
    const database = await engine.open();
    const { db } = database;
    // As it was before the step: what it brings is taken away again.
    for (const name of indexes.split(' ')) await sql.raw(`drop index ${name}`).execute(db);
    for (const name of ['emailreference', 'crm_secret', 'crm_counter']) await sql.raw(`drop table ${name}`).execute(db);
    for (const [table, columns] of Object.entries(added))
      for (const column of columns.split(' ')) await sql.raw(`alter table ${table} drop column ${column}`).execute(db);
    const insert = (id: string, messageid: string, inreplyto: string | null) =>
      sql`insert into email (activityid, versionnumber, messageid, inreplyto, directioncode, statecode, createdon, sender)
        values (${id}, 1, ${messageid}, ${inreplyto}, 0, 1, '2026-01-01T00:00:00Z', 'a@x')`.execute(db);
    await insert('00000000-0000-4000-8000-000000000001', '<old1@x>', null);
    await insert('00000000-0000-4000-8000-000000000002', '<old2@x>', '<unseen@x>');
    await messageTables.up(db, engine.engine);
    const client = (await createWorld(database)).as(dana);
    const reply = await client.send('POST', 'emails/Microsoft.Dynamics.CRM.DeliverIncomingEmail', {
      MessageId: '<new@x>',
      From: 'a@x',
      To: dana.address,
      Cc: '',
      Bcc: '',
      Body: '',
      ExtraProperties: { inreplyto: '<old1@x>', internetmessageheaders: 'References: <unseen@x> <old1@x>' },
    });
    expect(reply.body).toMatchObject({ _correlatedactivityid_value: '00000000-0000-4000-8000-000000000001' });
    const { rows } = await sql`select distinct conversationtrackingid from email`.execute(db);
    expect(rows).toHaveLength(1);
  });
});
