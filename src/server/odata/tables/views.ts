import { lookup, memo, named, plain, required, table, text, type Table, type TableParts } from '../metadata.ts';
import { activeStates } from './option-sets.ts';
import { rare } from './shared-columns.ts';

const query: TableParts['columns'] = {
  name: required(named('Name', 200)),
  description: memo('Description'),
  /** Logical name of the table whose rows it lists. */
  returnedtypecode: required(text('Returned Type Code', 64)),
  querytype: required(plain('Query Type', 'integer', { initial: 0 })),
  fetchxml: memo('Fetch XML', 1_073_741_823),
  layoutxml: memo('Layout XML', 1_073_741_823),
  ...rare({ layoutjson: memo('Layout JSON', 1_073_741_823), columnsetxml: memo('Column Set XML', 1_073_741_823) }),
};

const savedquery = table({
  name: 'savedquery',
  label: 'View',
  set: 'savedqueries',
  key: 'savedqueryid',
  primary: 'name',
  states: activeStates,
  columns: {
    ...query,
    isdefault: plain('Default View', 'boolean', { initial: false }),
    isquickfindquery: plain('Is Quick Find Query', 'boolean', { initial: false }),
    isuserdefined: plain('User Defined', 'boolean', { initial: true }),
    iscustom: plain('Is Custom', 'boolean', { initial: true }),
    ismanaged: plain('Is Managed', 'boolean', { initial: false }),
  },
});

const userquery = table({
  name: 'userquery',
  label: 'Saved View',
  set: 'userqueries',
  key: 'userqueryid',
  primary: 'name',
  owned: true,
  states: [
    [0, 'Active', [[1, 'Active']]],
    [1, 'Inactive', [[2, 'All']]],
  ],
  columns: { ...query, parentqueryid: lookup('Parent Query', 'savedquery') },
});

export const views: readonly Table[] = [savedquery, userquery];
