import {
  byServer,
  choice,
  lookup,
  memo,
  named,
  plain,
  required,
  table,
  text,
  type Table,
  type TableParts,
} from '../metadata.ts';
import { regardingTables, activityTables } from './activities.ts';

/** Which rows a device keeps for working without the network, and what could not be brought back. */
const component: TableParts['columns'] = {
  componentstate: byServer(
    choice('Component State', { 0: 'Published', 1: 'Unpublished', 2: 'Deleted', 3: 'Deleted Unpublished' }, 0),
  ),
  publishedon: byServer(plain('Published On', 'datetime')),
  isvalidated: byServer(plain('Is Validated', 'boolean', { initial: false })),
  introducedversion: text('Introduced Version', 48, { heavy: true }),
};

const mobileofflineprofile = table({
  name: 'mobileofflineprofile',
  label: 'Mobile Offline Profile',
  set: 'mobileofflineprofiles',
  key: 'mobileofflineprofileid',
  primary: 'name',
  columns: {
    name: required(named('Name', 255)),
    description: memo('Description'),
    selectedentitymetadata: memo('Selected Entity Metadata', 1_073_741_823, { heavy: true }),
    ...component,
  },
});

const mobileofflineprofileitem = table({
  name: 'mobileofflineprofileitem',
  label: 'Mobile Offline Profile Item',
  set: 'mobileofflineprofileitems',
  key: 'mobileofflineprofileitemid',
  primary: 'name',
  columns: {
    name: required(named('Name', 255)),
    regardingobjectid: required(lookup('Regarding', 'mobileofflineprofile')),
    selectedentitytypecode: required(text('Entity', 64)),
    recorddistributioncriteria: choice(
      'Data Download Filter',
      {
        0: 'Download related data only',
        1: 'All records',
        2: 'Other data filter',
        3: 'Custom data filter',
      },
      1,
    ),
    recordsownedbyme: plain('Download my records', 'boolean', { initial: false }),
    recordsownedbymyteam: plain("Download my team's records", 'boolean', { initial: false }),
    recordsownedbymybusinessunit: plain("Download my business unit's records", 'boolean', { initial: false }),
    getrelatedentityrecords: plain('Get Related Records', 'boolean', { initial: true }),
    syncintervalinminutes: plain('Sync Interval', 'integer', { initial: 10 }),
    selectedcolumns: memo('Selected Columns', 1_048_576),
    profileitemrule: lookup('View to sync data to device', 'savedquery'),
    canbefollowed: plain('Can Be Followed', 'boolean', { initial: true }),
    isvisibleingrid: plain('Is Visible In Grid', 'boolean', { initial: true }),
    ...component,
  },
  paths: (column, target) => (column === 'regardingobjectid' ? [`regardingobjectid_${target}`] : undefined),
});

const mobileofflineprofileitemassociation = table({
  name: 'mobileofflineprofileitemassociation',
  label: 'Mobile Offline Profile Item Association',
  set: 'mobileofflineprofileitemassociations',
  key: 'mobileofflineprofileitemassociationid',
  primary: 'name',
  columns: {
    name: named('Name', 255),
    mobileofflineprofileitemid: required(lookup('Mobile Offline Profile Item', 'mobileofflineprofileitem')),
    relationshipid: text('Relationship', 100),
    relationshipname: text('Relationship Name', 255),
    relationshipdisplayname: text('Relationship Display Name', 255),
    selectedrelationshipsschema: text('Selected Relationship', 255),
    profileitemassociationentityfilter: memo('Entity Filter', 1_048_576, { heavy: true }),
    ...component,
  },
});

const usermembership = table({
  name: 'usermobileofflineprofilemembership',
  label: 'User Mobile Offline Profile Membership',
  set: 'usermobileofflineprofilememberships',
  key: 'usermobileofflineprofilemembershipid',
  columns: {
    systemuserid: required(lookup('User', 'systemuser')),
    mobileofflineprofileid: required(lookup('Mobile Offline Profile', 'mobileofflineprofile')),
  },
});

const teammembership = table({
  name: 'teammobileofflineprofilemembership',
  label: 'Team Mobile Offline Profile Membership',
  set: 'teammobileofflineprofilememberships',
  key: 'teammobileofflineprofilemembershipid',
  columns: {
    teamid: required(lookup('Team', 'team')),
    mobileofflineprofileid: required(lookup('Mobile Offline Profile', 'mobileofflineprofile')),
  },
});

const syncerror = table({
  name: 'syncerror',
  label: 'Sync Error',
  set: 'syncerrors',
  key: 'syncerrorid',
  primary: 'name',
  owned: true,
  states: [
    [0, 'Active', [[0, 'Active']]],
    [1, 'Inactive', [[1, 'Fixed']]],
  ],
  columns: {
    name: named('Entity Name', 100),
    description: memo('Description'),
    action: text('Action', 100),
    actiondata: memo('Action Data', 10_000),
    requestdata: memo('Request Data', 10_000),
    errorcode: text('Error Code', 100),
    errormessage: memo('Error Message', 1_000),
    errordetail: memo('Error Detail', 10_000, { heavy: true }),
    errortime: required(plain('Error Time', 'datetime')),
    errortype: choice('Error Type', {
      0: 'Conflict',
      1: 'Record not found',
      2: 'Record already exists',
      3: 'Others',
    }),
    regardingobjectid: lookup('Record', ...regardingTables, ...activityTables),
  },
  paths: (column, target) => (column === 'regardingobjectid' ? [`regardingobjectid_${target}_syncerror`] : undefined),
});

export const offline: readonly Table[] = [
  mobileofflineprofile,
  mobileofflineprofileitem,
  mobileofflineprofileitemassociation,
  usermembership,
  teammembership,
  syncerror,
];
