import { choice, lookup, plain, table, text, type TableParts } from '../metadata.ts';
import { rare } from './shared-columns.ts';

/** How dates, times and numbers are written; the organisation's own where a user says nothing. */
export const formats: TableParts['columns'] = {
  dateformatcode: plain('Date Format Code', 'integer'),
  dateformatstring: text('Date Format String', 255),
  dateseparator: text('Date Separator', 5),
  timeformatcode: plain('Time Format Code', 'integer'),
  timeformatstring: text('Time Format String', 255),
  timeseparator: text('Time Separator', 5),
  decimalsymbol: text('Decimal Symbol', 5),
  numberseparator: text('Number Separator', 5),
  currencydecimalprecision: plain('Currency Decimal Precision', 'integer'),
};

/** Personal options: one row for each user, under the user's own id. */
export const usersettings = table({
  name: 'usersettings',
  label: 'User Settings',
  set: 'usersettingscollection',
  key: 'systemuserid',
  columns: {
    businessunitid: lookup('Business Unit', 'businessunit'),
    transactioncurrencyid: lookup('Currency', 'transactioncurrency'),
    uilanguageid: plain('User Interface Language', 'integer', { initial: 1033 }),
    localeid: plain('Locale', 'integer', { initial: 1033 }),
    timezonecode: plain('Time Zone Code', 'integer', { initial: 92 }),
    paginglimit: plain('Paging Limit', 'integer', { initial: 50 }),
    ...formats,
    incomingemailfilteringmethod: choice(
      'Incoming Email Filtering Method',
      {
        0: 'All email messages',
        1: 'Email messages in response to Dynamics 365 email',
        2: 'Email messages from Dynamics 365 Leads, Contacts and Accounts',
        3: 'Email messages from Dynamics 365 records that are email enabled',
        4: 'No email messages',
      },
      1,
    ),
    autocreatecontactonpromote: choice(
      'Auto-create contact on client promote',
      { 0: 'No', 1: 'Create contact', 2: 'Create lead' },
      0,
    ),
    issendasallowed: plain('Is Send As Other User Enabled', 'boolean', { initial: false }),
    trackingtokenid: plain('Tracking Token', 'integer'),
    ...rare({
      isduplicatedetectionenabledwhengoingonline: plain('Duplicate Detection When Going Online', 'boolean', {
        initial: false,
      }),
      emailusername: text('Email Username', 200),
      defaultcountrycode: text('Default Country Code', 30),
      homepagearea: text('Home Page Area', 200),
      homepagesubarea: text('Home Page Subarea', 200),
      workdaystarttime: text('Workday Start Time', 5),
      workdaystoptime: text('Workday Stop Time', 5),
    }),
  },
});
