import type { ChangeKind, ChangeReason, ChangeState, LeftOutReason } from '../model/change.ts';
import type { CrmErrorCode } from '../model/errors.ts';
import type { RecordTable } from '../model/records.ts';
import type { DeviceState } from '../sync/device.ts';

/**
 * Everything the pane says, in one place: functions and sentences, so that another language is another object of this shape
 * and its grammar is its own business.
 */
export type Texts = typeof english;

const tables: Record<RecordTable, string> = {
  contact: 'Contact',
  account: 'Account',
  lead: 'Lead',
  opportunity: 'Opportunity',
  incident: 'Case',
  systemuser: 'Colleague',
  email: 'E-mail',
};

/** The six words. */
const states: Record<ChangeState, string> = {
  sending: 'Sending',
  done: 'Tracked',
  queued: 'Queued',
  waiting: 'Waiting on this device',
  conflict: 'Conflict',
  refused: 'Refused',
};

const wishes: Record<ChangeKind, string> = {
  track: 'Track this e-mail',
  regard: 'Change what it is regarding',
  untrack: 'Untrack this e-mail',
  create: 'Add this person',
};

const reasons: Record<ChangeReason['code'], string> = {
  offline: 'No connection.',
  unavailable: 'The CRM is not available right now.',
  throttled: 'The CRM is busy and asked us to wait.',
  unauthorized: 'You need to sign in.',
  forbidden: 'You do not have the rights for this in the CRM.',
  'not-found': 'The record is no longer in the CRM.',
  conflict: 'Somebody else changed it first.',
  refused: 'The CRM did not accept it.',
  'not-saved': 'Not saved yet. Keep this pane open.',
  expired: 'It was tried for too long and given up.',
  poison: 'The server broke off several times while carrying it out.',
  unreadable: 'Another version wrote it, or it is damaged. It is kept.',
  blocked: 'What it builds on was not carried out.',
  dropped: 'You dropped it.',
};

const leftOut: Record<LeftOutReason, string> = {
  'too-large': 'larger than the CRM accepts',
  unreadable: 'Outlook did not hand it out',
  closed: 'the message was closed before it could be read',
};

const activities: Record<string, string> = {
  email: 'E-mail',
  phonecall: 'Phone call',
  appointment: 'Appointment',
  task: 'Task',
  letter: 'Letter',
};

/** Why nothing new is kept on this device. */
const storage: Record<Exclude<DeviceState['storage'], 'kept'>, string> = {
  none: 'This browser stores nothing for this pane. Changes go straight to the server.',
  full: 'This device is out of space. Changes go straight to the server.',
  blocked:
    'An older window of Alongside is in the way. Close it and reload; until then changes go straight to the server.',
  newer:
    'A newer version of Alongside keeps its changes here. Reload the pane; until then changes go straight to the server.',
  broken: 'What this browser stored cannot be used. Reload the pane; until then changes go straight to the server.',
};

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;

const english = {
  appName: 'Alongside',
  table: (table: RecordTable) => tables[table],
  unknownPerson: 'Not in the CRM',
  openInCrm: 'Open in CRM',
  busy: 'Please wait',
  tryAgain: 'Try again',
  tryNow: 'Try now',
  signIn: 'Sign in',
  cancel: 'Cancel',
  close: 'Close',
  back: 'Back',

  // Nothing to show
  nothingOpen: 'No message selected',
  nothingOpenHint: 'Select one message to see who wrote it and what is going on with them.',
  nobodyOnMail: 'This message names no sender',
  nobodyOnMailHint: 'You can still track it and say what it is regarding.',
  nobodyOnDraft: 'Add somebody to the message to see who they are.',
  notInOutlook: 'Open this page from a message in Outlook.',

  // Tracking
  trackingRegion: 'Tracking',
  notTracked: 'Not tracked',
  lookingUp: 'Looking in the CRM…',
  notKnown: 'Not known',
  unknownState: 'The CRM cannot say right now whether this is tracked.',
  lastKnownTracked: 'The CRM cannot be asked right now. This mailbox has it marked as tracked.',
  track: 'Track',
  setRegarding: 'Set regarding…',
  changeRegarding: 'Change regarding…',
  removeRegarding: 'Remove regarding',
  untrack: 'Untrack…',
  moreActions: 'More actions',
  undo: 'Undo',
  tracked: 'Tracked',
  trackedBy: (when: string, who: string | null) => (who === null ? when : `${when} by ${who}`),
  byYou: 'you',
  regarding: 'Regarding',
  noRegarding: 'Nothing set',
  trackedByColleague: 'Tracked by a colleague. You do not have the rights to see the record.',
  keptInCrm: 'The e-mail is still in the CRM, but you no longer track it.',
  state: (state: ChangeState) => states[state],
  wish: (kind: ChangeKind) => wishes[kind],
  reason: (reason: ChangeReason) =>
    // What the CRM itself said is worth more than our general sentence.
    reason.code === 'refused' && reason.message !== '' ? reason.message : reasons[reason.code],
  since: (when: string) => `since ${when}`,
  nextTry: (when: string) => `Next try ${when}.`,
  inQueue: (before: number) => (before === 0 ? 'It is next.' : `${count(before, 'change', 'changes')} before it.`),
  moreBehind: (number: number) => `${count(number, 'more change', 'more changes')} behind it.`,
  dropChange: 'Drop it',
  couldNotDrop: 'It is already on its way.',
  undoRemoval: (seconds: number) => `Removing it from the CRM in ${count(seconds, 'second', 'seconds')}.`,
  leftOut: (name: string, size: string, reason: LeftOutReason) => `${name} (${size}) was left out: ${leftOut[reason]}.`,
  draftHint: 'You can track this message once it is sent.',
  trackWhenSent: 'Track when sent',
  trackedWhenSent: 'It is tracked when you open it in Sent Items.',
  doNotTrack: 'Do not track',
  appointmentHint: 'Only messages can be tracked.',
  gestureFailed: 'That did not work.',

  // Untrack
  untrackQuestion: 'Untrack this e-mail?',
  untrackKeep: 'Keep the e-mail in the CRM',
  untrackRemove: 'Remove it from the CRM',

  // Why
  why: 'Why?',
  whyTitle: (isTracked: boolean) => (isTracked ? 'Why is it tracked?' : 'Why is it not tracked?'),

  // Regarding
  regardingTitle: 'Set regarding',
  regardingPlaceholder: 'Name, company, number…',
  regardingField: 'Search contacts, accounts, leads, opportunities and cases',
  regardingResults: 'Records',
  recent: 'Recent',
  related: 'Related to this message',
  found: 'Found',
  typeMore: 'Type two letters or more.',
  noHits: (typed: string) => `Nothing found for “${typed}”.`,
  noSuggestions: 'Type to search the CRM.',
  hits: (number: number) => count(number, 'record', 'records'),
  searching: 'Searching…',

  // People
  personRegion: 'Person',
  details: 'Details',
  owner: (name: string) => `Owner: ${name}`,
  inactive: 'Inactive',
  opportunities: 'Open opportunities',
  cases: 'Open cases',
  activities: 'Activities',
  lastActivity: 'Last',
  nextActivity: 'Next',
  noActivities: 'Nothing yet',
  activity: (type: string) => activities[type] ?? 'Activity',
  none: 'None',
  closes: (when: string) => `closes ${when}`,
  call: (number: string) => `Call ${number}`,
  mobile: (number: string) => `Call mobile ${number}`,
  severalTitle: 'Several records have this address',
  severalHint: 'Who is it?',
  chooseAnother: 'Not the right one?',
  addContact: 'Add contact',
  addLead: 'Add lead',
  nobodyHint: 'Nobody in the CRM has this address.',
  othersRegion: 'Also on this message',
  recipientsRegion: 'Recipients',
  more: (number: number) => `+ ${number} more`,
  showPerson: (name: string, what: string) => `${name}, ${what}`,
  checking: 'looking in the CRM',

  // Adding a person
  addTitle: (table: 'contact' | 'lead') => (table === 'contact' ? 'New contact' : 'New lead'),
  firstName: 'First name',
  lastName: 'Last name',
  email: 'E-mail',
  phone: 'Telephone',
  jobTitle: 'Job title',
  company: 'Company',
  topic: 'Topic',
  save: (table: 'contact' | 'lead') => (table === 'contact' ? 'Add contact' : 'Add lead'),
  useSuggestion: (value: string) => `Use “${value}”`,
  required: 'Please fill this in.',
  invalidEmail: 'This is not an e-mail address.',
  duplicatesTitle: 'Is it one of these?',
  addAnyway: 'No, add a new one',
  creating: 'Adding…',
  creationWaits: (name: string) => `${name} is added as soon as the CRM answers.`,
  creationRefused: (name: string) => `${name} could not be added.`,

  // The strip
  changesWait: (number: number) => `${count(number, 'change waits', 'changes wait')} on this device.`,
  serverAway: 'The CRM cannot be reached.',
  storageTrouble: storage,
  changesLost: (number: number) =>
    `${count(number, 'change', 'changes')} waited here when the browser’s storage was cleared, and ${number === 1 ? 'is' : 'are'} gone. Please check the messages you tracked last.`,
  changesNotSaved: (number: number) =>
    `${count(number, 'change is', 'changes are')} not saved yet. Keep this pane open, or export ${number === 1 ? 'it' : 'them'}.`,
  oldestWaits: (when: string) => `The oldest has waited since ${when}. Export the changes to be safe.`,
  mayBeCleared: 'The browser may clear what waits here when it runs out of space.',
  changesUnreadable: (number: number) =>
    `${count(number, 'change', 'changes')} of another version of Alongside ${number === 1 ? 'waits' : 'wait'} here. Reload the pane, or export ${number === 1 ? 'it' : 'them'}.`,
  exportChanges: 'Export',
  exportFailed: 'The file could not be written.',
  understood: 'OK',

  // Trouble, by code
  failure: (code: CrmErrorCode) => reasons[code],
  crashed: 'Something went wrong in Alongside. Nothing you did is lost.',
};

/** @param language BCP 47, as the mail host gives it. English until there is another. */
export function textsFor(language: string): Texts {
  const languages: Record<string, Texts> = { en: english };
  return languages[language.split('-')[0]?.toLowerCase() ?? ''] ?? english;
}
