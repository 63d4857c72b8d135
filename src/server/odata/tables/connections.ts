import { byServer, choice, lookup, memo, named, plain, required, table, type Table } from '../metadata.ts';
import { activityTables } from './activities.ts';
import { activeStates } from './option-sets.ts';
import { imported } from './shared-columns.ts';

/** What a connection can join. */
export const connectedTables = [
  'account',
  'contact',
  'lead',
  'opportunity',
  'incident',
  'systemuser',
  'team',
  ...activityTables,
] as const;

const connection = table({
  name: 'connection',
  label: 'Connection',
  set: 'connections',
  key: 'connectionid',
  primary: 'name',
  owned: true,
  states: activeStates,
  columns: {
    name: byServer(named('Name', 500)),
    description: memo('Description'),
    record1id: required(lookup('Connected From', ...connectedTables)),
    record1roleid: lookup('Role (From)', 'connectionrole'),
    record2id: required(lookup('Connected To', ...connectedTables)),
    record2roleid: lookup('Role (To)', 'connectionrole'),
    relatedconnectionid: byServer(lookup('Reciprocal Connection', 'connection')),
    ismaster: byServer(plain('Is Master', 'boolean', { initial: true })),
    effectivestart: plain('Starting', 'datetime'),
    effectiveend: plain('Ending', 'datetime'),
    ...imported,
  },
});

const connectionrole = table({
  name: 'connectionrole',
  label: 'Connection Role',
  set: 'connectionroles',
  key: 'connectionroleid',
  primary: 'name',
  states: activeStates,
  columns: {
    name: required(named('Name', 100)),
    description: memo('Description'),
    category: choice('Connection Role Category', {
      1: 'Business',
      2: 'Family',
      3: 'Social',
      4: 'Sales',
      5: 'Other',
      1000: 'Stakeholder',
      1001: 'Sales Team',
      1002: 'Service',
    }),
    ...imported,
  },
});

export const connections: readonly Table[] = [connection, connectionrole];
