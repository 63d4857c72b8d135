import { byServer, choice, lookup, memo, named, plain, required, table, text, type Table } from '../metadata.ts';

const duplicaterule = table({
  name: 'duplicaterule',
  label: 'Duplicate Detection Rule',
  set: 'duplicaterules',
  key: 'duplicateruleid',
  primary: 'name',
  owned: true,
  states: [
    [
      0,
      'Inactive',
      [
        [0, 'Unpublished'],
        [1, 'Publishing'],
      ],
    ],
    [1, 'Active', [[2, 'Published']]],
  ],
  columns: {
    name: required(named('Name', 160)),
    description: memo('Description'),
    baseentityname: required(text('Base Record Type', 160)),
    matchingentityname: required(text('Matching Record Type', 160)),
    baseentitytypecode: byServer(plain('Base Record Type Code', 'integer')),
    matchingentitytypecode: byServer(plain('Matching Record Type Code', 'integer')),
    iscasesensitive: plain('Case Sensitive', 'boolean', { initial: false }),
    excludeinactiverecords: plain('Exclude inactive matching records', 'boolean', { initial: false }),
  },
});

const duplicaterulecondition = table({
  name: 'duplicaterulecondition',
  label: 'Duplicate Rule Condition',
  set: 'duplicateruleconditions',
  key: 'duplicateruleconditionid',
  columns: {
    regardingobjectid: required(lookup('Regarding', 'duplicaterule')),
    baseattributename: required(text('Base Attribute Name', 160)),
    matchingattributename: required(text('Matching Attribute Name', 160)),
    operatorcode: required(
      choice(
        'Operator Code',
        {
          0: 'Exact Match',
          1: 'Same First Characters',
          2: 'Same Last Characters',
          3: 'Same Date',
          4: 'Same Date and Time',
          5: 'Exact Match (Pick List Label)',
          6: 'Exact Match (Pick List Value)',
        },
        0,
      ),
    ),
    operatorparam: plain('Operator Parameter', 'integer'),
    ignoreblankvalues: plain('Ignore Blank Values', 'boolean', { initial: false }),
  },
});

export const duplicates: readonly Table[] = [duplicaterule, duplicaterulecondition];
