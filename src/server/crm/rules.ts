import type { TableRule } from '../odata/session.ts';
import type { Stored } from '../odata/values.ts';
import { activityRule, appointmentRule, taskRule } from './activities/activity-rules.ts';
import { addressRule } from './address-rule.ts';
import { combined } from './combined-rule.ts';
import { connectionRule } from './connections/connection-rule.ts';
import { fileRule } from './file-rule.ts';
import { imageRule } from './image-rule.ts';
import { piecesRule } from './mail/attachments.ts';
import { emailRule } from './mail/email-rule.ts';
import { noteRule } from './notes/note-rule.ts';
import { opportunityRule } from './sales/opportunity-rule.ts';
import { caseRule } from './service/case-rule.ts';
import { viewRule } from './views/view-rule.ts';

function keepNames(values: Map<string, Stored>, before: Record<string, unknown> | undefined): void {
  if (before !== undefined && !values.has('firstname') && !values.has('lastname')) return;
  const part = (name: string) => (values.has(name) ? values.get(name) : before?.[name]);
  const full = [part('firstname'), part('lastname')]
    .filter((name) => typeof name === 'string' && name !== '')
    .join(' ');
  if (before !== undefined || full !== '' || !values.has('fullname')) values.set('fullname', full.slice(0, 160));
}

const person: TableRule = {
  async beforeWrite({ values, before }) {
    keepNames(values, before);
  },
};

/** What the tables of this CRM do beyond storing. */
export const rules: ReadonlyMap<string, TableRule> = new Map([
  ['account', combined(addressRule, imageRule('account'))],
  ['contact', combined(person, addressRule, imageRule('contact'))],
  ['lead', combined(person, addressRule, imageRule('lead'))],
  ['systemuser', combined(person, imageRule('systemuser'))],
  ['email', emailRule],
  ['appointment', appointmentRule],
  ['task', taskRule],
  ['phonecall', activityRule('phonecall')],
  ['letter', activityRule('letter')],
  ['connection', connectionRule],
  ['opportunity', opportunityRule],
  ['incident', caseRule],
  ['activitymimeattachment', combined(fileRule('body'), piecesRule)],
  ['annotation', noteRule],
  ['savedquery', viewRule],
  ['userquery', viewRule],
]);
