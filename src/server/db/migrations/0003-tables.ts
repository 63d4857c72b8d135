import { sql } from 'kysely';
import { activityViewTexts } from '../activity-view.ts';
import { addColumns } from '../add-columns.ts';
import { columnTexts, hasTrigrams, searchTexts, sparseIndexTexts, tableText } from '../table-shape.ts';
import { newColumns } from './0003-new-columns.ts';
import { newTables } from './0003-new-tables.ts';
import type { Engine } from '../engine.ts';
import type { Step } from './step.ts';

const activities = ['email', 'appointment', 'task', 'phonecall', 'letter', 'opportunityclose', 'incidentresolution'];

const shared = [
  'activityid subject subject_folded description scheduledstart scheduledend actualstart actualend prioritycode',
  'actualdurationminutes scheduleddurationminutes sortdate isbilled isworkflowcreated',
  'regardingobjectid regardingobjectid_type createdon modifiedon createdby modifiedby owningbusinessunit',
  'ownerid ownerid_type statecode statuscode versionnumber',
].join(' ');

/** Notes, queues, connections, mailboxes, currencies, views, offline profiles, and the wider standard tables. */
export const furtherTables: Step = {
  async up(db, engine) {
    const run = async (text: string) => void (await sql.raw(text).execute(db));
    const trigrams = engine === 'postgres' && (await hasTrigrams(db));
    for (const [name, shape] of newTables) {
      await run(tableText(name, shape, engine));
      await run(`create index ${name}_by_versionnumber on ${name} (versionnumber)`);
      for (const statement of sparseIndexTexts(name, shape)) await run(statement);
      for (const statement of searchTexts(name, shape, engine, trigrams)) await run(statement);
    }
    for (const [name, shape] of newColumns) {
      await addColumns(db, engine, name, columnTexts(shape, engine));
      for (const statement of sparseIndexTexts(name, shape)) await run(statement);
    }
    for (const side of ['accountid', 'contactid'] as const)
      for (const statement of pairTexts(side, engine)) await run(statement);
    for (const statement of activityViewTexts(activities, shared)) await run(statement);
    // Every user has personal options, under the same id; these are the ones of a new user.
    await run(`insert into usersettings (systemuserid, versionnumber, businessunitid, createdon, modifiedon, createdby,
      modifiedby, uilanguageid, localeid, timezonecode, paginglimit, incomingemailfilteringmethod,
      autocreatecontactonpromote, issendasallowed, isduplicatedetectionenabledwhengoingonline)
      select systemuserid, versionnumber, businessunitid, createdon, modifiedon, createdby, modifiedby,
      1033, 1033, 92, 50, 1, 0, 0, 0 from systemuser`);
  },
};

/** Leads that were shown an interest by several companies or people. */
function pairTexts(side: 'accountid' | 'contactid', engine: Engine): string[] {
  const text = engine === 'postgres' ? 'text collate "C"' : 'text';
  const name = side === 'accountid' ? 'accountleads' : 'contactleads';
  return [
    `create table ${name} (${side} ${text} not null, leadid ${text} not null, primary key (${side}, leadid))`,
    `create index ${name}_by_leadid on ${name} (leadid)`,
  ];
}
