import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { addColumns } from '../add-columns.ts';
import type { Step } from './step.ts';

/**
 * What the messages of the CRM keep beside the columns that are spoken:
 * - `emailreference`: the mails that a mail names, nearest first, so that a late parent finds its answers and two answers
 *   to a mail that nobody tracked find each other;
 * - `subjecthash` (the words of a subject), `baseconversationindexhash` and the token of an e-mail, all indexed;
 * - `sendinguntil`: when the process that is handing the mail over must be done;
 * - `crm_secret`: what check codes are made with; `crm_counter`: numbers of cases.
 */
export const messageTables: Step = {
  async up(db, engine) {
    const run = async (text: string) => void (await sql.raw(text).execute(db));
    const text = engine === 'postgres' ? 'text collate "C"' : 'text';
    const number = engine === 'postgres' ? 'bigint' : 'integer';
    const typed = (type: string, columns: string) => columns.split(' ').map((column) => `${column} ${type}`);
    await addColumns(db, engine, 'email', [
      ...typed(
        text,
        'alongside_suggestedactivityid subjecthash baseconversationindexhash sendinguntil alongside_senderror',
      ),
      ...typed(number, 'alongside_correlationrule alongside_suggestionrule'),
    ]);
    await addColumns(db, engine, 'activityparty', typed(number, 'alongside_resolutionrule'));
    await addColumns(db, engine, 'organization', [
      ...typed(number, 'trackingtokeniddigits emailcorrelationenabled hashminaddresscount'),
      `orgdborgsettings ${text}`,
    ]);
    await run(
      'update organization set trackingtokeniddigits = 8, emailcorrelationenabled = 1, hashminaddresscount = 2',
    );
    await run(
      `create table emailreference (activityid ${text} not null, position integer not null, messageid ${text} not null, primary key (activityid, position))`,
    );
    await run('create index emailreference_by_messageid on emailreference (messageid)');
    await run(`create table crm_secret (name ${text} not null primary key, value ${text} not null)`);
    await sql`insert into crm_secret (name, value) values ('tracking-token', ${randomBytes(32).toString('hex')})`.execute(
      db,
    );
    await run(`create table crm_counter (name ${text} not null primary key, value ${number} not null)`);
    await run(
      'insert into emailreference (activityid, position, messageid) select activityid, 0, inreplyto from email where inreplyto is not null',
    );
    await run('update email set conversationtrackingid = activityid where conversationtrackingid is null');
    await run('create index email_by_thread on email (conversationtrackingid)');
    await run('create index email_by_token on email (trackingtoken) where trackingtoken is not null');
    await run('create index email_by_conversation on email (baseconversationindexhash)');
    await run('create index email_by_subjecthash on email (subjecthash, senton)');
    await run('create index email_by_suggestion on email (alongside_suggestedactivityid)');
    await run('create index email_outbox on email (statuscode, activityid) where statuscode in (6, 7)');
  },
};
