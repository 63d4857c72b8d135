import { createHash } from 'node:crypto';
import type { Column, Table } from '../metadata.ts';

/** Schema names with their capitals and object type codes, as Microsoft's references give them for the standard tables. */
const standard = new Map<string, readonly [schemaName: string, code: number]>([
  ['account', ['Account', 1]],
  ['contact', ['Contact', 2]],
  ['opportunity', ['Opportunity', 3]],
  ['lead', ['Lead', 4]],
  ['annotation', ['Annotation', 5]],
  ['systemuser', ['SystemUser', 8]],
  ['team', ['Team', 9]],
  ['businessunit', ['BusinessUnit', 10]],
  ['principalobjectaccess', ['PrincipalObjectAccess', 11]],
  ['roleprivileges', ['RolePrivileges', 12]],
  ['incident', ['Incident', 112]],
  ['subject', ['Subject', 129]],
  ['activityparty', ['ActivityParty', 135]],
  ['usersettings', ['UserSettings', 150]],
  ['activitymimeattachment', ['ActivityMimeAttachment', 1001]],
  ['organization', ['Organization', 1019]],
  ['privilege', ['Privilege', 1023]],
  ['role', ['Role', 1036]],
  ['savedquery', ['SavedQuery', 1039]],
  ['fieldsecurityprofile', ['FieldSecurityProfile', 1200]],
  ['fieldpermission', ['FieldPermission', 1201]],
  ['template', ['Template', 2010]],
  ['queue', ['Queue', 2020]],
  ['queueitem', ['QueueItem', 2029]],
  ['connectionrole', ['ConnectionRole', 3231]],
  ['connection', ['Connection', 3234]],
  ['activitypointer', ['ActivityPointer', 4200]],
  ['appointment', ['Appointment', 4201]],
  ['email', ['Email', 4202]],
  ['incidentresolution', ['IncidentResolution', 4206]],
  ['letter', ['Letter', 4207]],
  ['opportunityclose', ['OpportunityClose', 4208]],
  ['phonecall', ['PhoneCall', 4210]],
  ['task', ['Task', 4212]],
  ['userquery', ['UserQuery', 4230]],
  ['duplicaterule', ['DuplicateRule', 4414]],
  ['duplicaterulecondition', ['DuplicateRuleCondition', 4416]],
  ['transactioncurrency', ['TransactionCurrency', 9105]],
  ['mailbox', ['Mailbox', 9606]],
  ['mailboxtrackingfolder', ['MailboxTrackingFolder', 9608]],
  ['mobileofflineprofile', ['MobileOfflineProfile', 9866]],
  ['mobileofflineprofileitem', ['MobileOfflineProfileItem', 9867]],
  ['mobileofflineprofileitemassociation', ['MobileOfflineProfileItemAssociation', 9868]],
  ['syncerror', ['SyncError', 9869]],
]);

function digest(of: string): string {
  return createHash('sha1').update(`alongside:${of}`).digest('hex');
}

/** The same for the same thing in every organisation and after every start: a GUID made of the name (RFC 9562, version 5). */
export function metadataId(of: string): string {
  const hex = digest(of);
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function isCustomName(name: string): boolean {
  return name.includes('_') && !name.startsWith('address') && !name.startsWith('schedulefollowup') && !imageName(name);
}

function imageName(name: string): boolean {
  return name.startsWith('entityimage_') || name.endsWith('_base');
}

/** Numbers from 10000 are those of tables that somebody added. */
export function objectTypeCode({ name }: Table): number {
  return standard.get(name)?.[1] ?? 10_000 + (Number.parseInt(digest(name).slice(0, 6), 16) % 50_000);
}

export function schemaNameOf({ name }: Table): string {
  return standard.get(name)?.[0] ?? capital(name);
}

/** Capitals are taken from the label where it is the same words: `fullname`, Full Name -> FullName. */
export function columnSchemaName({ name, label }: Column): string {
  const words = label.replace(/[^A-Za-z0-9]/g, '');
  if (isCustomName(name) || words === '' || !name.startsWith(words.toLowerCase())) return capital(name);
  return `${capital(words)}${capital(name.slice(words.length))}`;
}

/** `new_project` -> `new_Project`, `name` -> `Name` */
function capital(name: string): string {
  const start = isCustomName(name) ? name.indexOf('_') + 1 : 0;
  return `${name.slice(0, start)}${name.charAt(start).toUpperCase()}${name.slice(start + 1)}`;
}

export function plural(label: string): string {
  if (/[^aeiou]y$/.test(label)) return `${label.slice(0, -1)}ies`;
  return /(?:s|x|ch)$/.test(label) ? `${label}es` : `${label}s`;
}
