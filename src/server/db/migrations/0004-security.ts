import { sql, type Kysely } from 'kysely';
import { addColumns } from '../add-columns.ts';
import type { Engine } from '../engine.ts';
import type { Step } from './step.ts';

/**
 * Who may do what: privileges and how deep a role reaches with each, members and roles of teams, managers, shares, and
 * column security. `principalobjectaccess` answers "which rows of this table are shared with these principals" and "who has
 * this row" from an index each; masks are those of AccessRights (read 1, write 2, append 4, append to 16 ...).
 */
async function up(db: Kysely<object>, engine: Engine): Promise<void> {
  const text = engine === 'postgres' ? 'text collate "C"' : 'text';
  const run = async (statement: string) => void (await sql.raw(statement).execute(db));
  for (const [table, columns] of additions(text)) await addColumns(db, engine, table, columns);
  for (const statement of [...indexes, ...rules(text), ...pairs(text), ...shares(text), ...columns(text)])
    await run(statement);
  await run('update role set isinherited = 1');
  await run('update businessunit set isdisabled = 0');
  await run(`update organization set ishierarchicalsecuritymodelenabled = 0, maxdepthforhierarchicalsecuritymodel = 3,
    sharetopreviousowneronassign = 0`);
}

function additions(text: string): (readonly [table: string, columns: string[]])[] {
  return [
    ['businessunit', ['isdisabled bigint']],
    ['systemuser', [`parentsystemuserid ${text}`]],
    ['role', [`roletemplateid ${text}`, 'isinherited bigint']],
    [
      'organization',
      [
        'ishierarchicalsecuritymodelenabled bigint',
        'maxdepthforhierarchicalsecuritymodel bigint',
        'sharetopreviousowneronassign bigint',
      ],
    ],
  ];
}

const indexes = ['create index systemuser_by_parentsystemuserid on systemuser (parentsystemuserid)'];

function rules(text: string): string[] {
  return [
    `create table privilege (privilegeid ${text} primary key, versionnumber bigint not null, name ${text} not null unique,
      accessright bigint not null, objecttypecode ${text})`,
    `create table roleprivileges (roleprivilegeid ${text} primary key, versionnumber bigint not null,
      roleid ${text} not null, privilegeid ${text} not null, privilegedepthmask bigint not null,
      unique (roleid, privilegeid))`,
  ];
}

/** Rows of many-to-many relationships, found from both sides. */
function pairs(text: string): string[] {
  const each = [
    ['teammembership', 'teamid', 'systemuserid'],
    ['teamroles', 'teamid', 'roleid'],
    ['systemuserprofiles', 'systemuserid', 'fieldsecurityprofileid'],
    ['teamprofiles', 'teamid', 'fieldsecurityprofileid'],
  ] as const;
  return [
    ...each.flatMap(([table, near, far]) => [
      `create table ${table} (${near} ${text} not null, ${far} ${text} not null, primary key (${near}, ${far}))`,
      `create index ${table}_by_${far} on ${table} (${far})`,
    ]),
    'create index systemuserroles_by_roleid on systemuserroles (roleid)',
  ];
}

function shares(text: string): string[] {
  return [
    `create table principalobjectaccess (principalobjectaccessid ${text} primary key, versionnumber bigint not null,
      principalid ${text} not null, principaltypecode ${text} not null, objectid ${text} not null,
      objecttypecode ${text} not null, accessrightsmask bigint not null, inheritedaccessrightsmask bigint not null,
      unique (principalid, objecttypecode, objectid))`,
    'create index principalobjectaccess_by_objectid on principalobjectaccess (objectid)',
  ];
}

function columns(text: string): string[] {
  const written = `createdon ${text}, modifiedon ${text}, createdby ${text}, modifiedby ${text}`;
  return [
    `create table fieldsecurityprofile (fieldsecurityprofileid ${text} primary key, versionnumber bigint not null,
      name ${text}, description ${text}, ${written})`,
    `create table fieldpermission (fieldpermissionid ${text} primary key, versionnumber bigint not null,
      fieldsecurityprofileid ${text} not null, entityname ${text} not null, attributelogicalname ${text} not null,
      canread bigint not null, cancreate bigint not null, canupdate bigint not null, ${written},
      unique (fieldsecurityprofileid, entityname, attributelogicalname))`,
    `create table securedcolumn (entityname ${text} not null, attributelogicalname ${text} not null,
      primary key (entityname, attributelogicalname))`,
  ];
}

export const securityTables: Step = { up };
