import { lookup, plain, choice, required, type Table } from '../metadata.ts';
import { activity } from './activities.ts';

/** The activities that end a sale or a case; the messages that win, lose and resolve make them. */
const opportunityclose = activity({
  name: 'opportunityclose',
  label: 'Opportunity Close',
  set: 'opportunitycloses',
  states: [
    [0, 'Open', [[1, 'Open']]],
    [1, 'Completed', [[2, 'Completed']]],
    [2, 'Canceled', [[3, 'Canceled']]],
  ],
  columns: {
    opportunityid: lookup('Opportunity', 'opportunity'),
    actualrevenue: plain('Actual Revenue', 'money'),
    opportunitystatecode: choice('Opportunity State', { 0: 'Open', 1: 'Won', 2: 'Lost' }),
    opportunitystatuscode: choice('Opportunity Status', {
      1: 'In Progress',
      2: 'On Hold',
      3: 'Won',
      4: 'Canceled',
      5: 'Out-Sold',
    }),
  },
});

const incidentresolution = activity({
  name: 'incidentresolution',
  label: 'Case Resolution',
  set: 'incidentresolutions',
  states: [
    [0, 'Open', [[1, 'Open']]],
    [1, 'Completed', [[2, 'Closed']]],
    [2, 'Canceled', [[3, 'Canceled']]],
  ],
  columns: {
    incidentid: required(lookup('Case', 'incident')),
    resolutiontypecode: choice('Resolution Type', { 5: 'Problem Solved', 1000: 'Information Provided' }),
    /** In minutes. */
    timespent: plain('Time Spent', 'integer'),
  },
});

export const closes: readonly Table[] = [opportunityclose, incidentresolution];
