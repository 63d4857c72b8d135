import {
  byServer,
  choice,
  lookup,
  parental,
  plain,
  required,
  table,
  text,
  type CollectionParts,
  type ManyParts,
  type Table,
} from '../metadata.ts';

const privilege = table({
  name: 'privilege',
  label: 'Privilege',
  set: 'privileges',
  key: 'privilegeid',
  primary: 'name',
  readOnly: true,
  part: true,
  columns: {
    name: text('Name', 100),
    /** AccessRights: create 32, read 1, write 2, delete 65536, append 4, append to 16, share 262144, assign 524288. */
    accessright: plain('Access Right', 'integer'),
    objecttypecode: text('Table', 64, { exact: true }),
  },
});

/** How deep a role reaches with a privilege: 1 user, 2 business unit, 4 with its child units, 8 organization. */
const roleprivileges = table({
  name: 'roleprivileges',
  label: 'Role Privilege',
  set: 'roleprivilegescollection',
  key: 'roleprivilegeid',
  readOnly: true,
  part: true,
  columns: {
    roleid: lookup('Role', 'role'),
    privilegeid: lookup('Privilege', 'privilege'),
    privilegedepthmask: plain('Depth', 'integer'),
  },
});

const principalobjectaccess = table({
  name: 'principalobjectaccess',
  label: 'Share',
  set: 'principalobjectaccessset',
  key: 'principalobjectaccessid',
  readOnly: true,
  part: true,
  columns: {
    principalid: plain('Principal', 'guid'),
    principaltypecode: text('Principal Type', 64, { exact: true }),
    objectid: plain('Record', 'guid'),
    objecttypecode: text('Record Type', 64, { exact: true }),
    accessrightsmask: plain('Rights', 'integer'),
    inheritedaccessrightsmask: plain('Inherited Rights', 'integer'),
  },
});

const fieldsecurityprofile = table({
  name: 'fieldsecurityprofile',
  label: 'Column Security Profile',
  set: 'fieldsecurityprofiles',
  key: 'fieldsecurityprofileid',
  primary: 'name',
  tracked: false,
  columns: { name: required(text('Name', 100)), description: text('Description', 2000) },
});

const permission = (label: string) => required(choice(label, { 0: 'Not Allowed', 4: 'Allowed' }, 0));

const fieldpermission = table({
  name: 'fieldpermission',
  label: 'Column Permission',
  set: 'fieldpermissions',
  key: 'fieldpermissionid',
  tracked: false,
  columns: {
    fieldsecurityprofileid: required(lookup('Profile', 'fieldsecurityprofile')),
    entityname: required(text('Table', 64, { exact: true })),
    attributelogicalname: required(text('Column', 64, { exact: true })),
    canread: permission('Can Read'),
    cancreate: permission('Can Create'),
    canupdate: permission('Can Update'),
  },
});

const role = table({
  name: 'role',
  label: 'Security Role',
  set: 'roles',
  key: 'roleid',
  primary: 'name',
  columns: {
    name: required(text('Name', 100, { folded: 'inside' })),
    businessunitid: lookup('Business Unit', 'businessunit'),
    /** Which of the ready-made roles this is. */
    roletemplateid: byServer(plain('Role Template', 'guid')),
    isinherited: choice(
      "Member's privilege inheritance",
      { 0: 'Team privileges only', 1: 'Direct User (Basic) access level and Team privileges' },
      1,
    ),
  },
});

export const security: readonly Table[] = [
  role,
  privilege,
  roleprivileges,
  principalobjectaccess,
  fieldsecurityprofile,
  fieldpermission,
];

export const securityCollections: readonly CollectionParts[] = [
  [
    'lk_fieldpermission_fieldsecurityprofileid',
    'fieldsecurityprofile',
    'fieldpermission',
    'fieldsecurityprofileid',
    parental,
  ],
  ['user_parent_user', 'systemuser', 'systemuser', 'parentsystemuserid'],
  ['business_unit_parent_business_unit', 'businessunit', 'businessunit', 'parentbusinessunitid'],
  ['business_unit_teams', 'businessunit', 'team', 'businessunitid'],
  ['business_unit_roles', 'businessunit', 'role', 'businessunitid'],
];

const side = (name: string) => ({ table: name, column: `${name}id` });

export const securityPairs: readonly ManyParts[] = [
  { name: 'systemuserroles_association', intersect: 'systemuserroles', sides: [side('systemuser'), side('role')] },
  { name: 'teamroles_association', intersect: 'teamroles', sides: [side('team'), side('role')] },
  { name: 'teammembership_association', intersect: 'teammembership', sides: [side('team'), side('systemuser')] },
  {
    name: 'systemuserprofiles_association',
    intersect: 'systemuserprofiles',
    sides: [side('systemuser'), side('fieldsecurityprofile')],
  },
  {
    name: 'teamprofiles_association',
    intersect: 'teamprofiles',
    sides: [side('team'), side('fieldsecurityprofile')],
  },
  { name: 'roleprivileges_association', intersect: 'roleprivileges', sides: [side('role'), side('privilege')] },
];
