import type { Right } from '../../odata/session.ts';

/** How far a role reaches, as privilegedepthmask has it. */
export const depths = { none: 0, basic: 1, local: 2, deep: 4, global: 8 } as const;
export type Depth = keyof typeof depths;

/** How far each right reaches in each table that has privileges; see `governing`. */
export type Role = (right: Right, table: string) => Depth;

export const ADMINISTRATOR = 'System Administrator';
/** The role template of the administrator, the same in every organisation of the original. */
export const ADMINISTRATOR_TEMPLATE = '627090ff-40a3-4053-8790-584edc5be201';
export const ACT_FOR_OTHERS = 'prvActOnBehalfOfAnotherUser';

/** The administrator's own affair: nobody else reads who shares what with whom. */
const closed = new Set(['principalobjectaccess']);
const customers = new Set(['account', 'contact']);
const sales = new Set(['lead', 'opportunity', 'quote', 'salesorder', 'invoice', 'competitor']);
const service = new Set(['incident', 'queue', 'queueitem', 'knowledgearticle']);
/** What everybody keeps for themselves: nobody sees those of others, unless they are shared. */
const personal = new Set(['userquery', 'usersettings', 'mailbox', 'mailboxtrackingfolder', 'syncerror', 'template']);
/** What everybody writes, and everybody may read. */
const common = new Set(['annotation', 'connection', 'queueitem']);
const ACTIVITY = 'activitypointer';

/** Finding people and tying mail to them is possible across the organisation; only what is changed is somebody's. */
const everywhere = (right: Right) => right === 'read' || right === 'appendTo';

/** Activities belong to a business unit: a colleague may set what a mail that somebody else tracked is about. */
function ofActivities(right: Right): Depth {
  return right === 'share' || right === 'assign' ? 'basic' : 'local';
}

function person(right: Right, table: string, own: ReadonlySet<string>): Depth {
  if (closed.has(table)) return 'none';
  if (personal.has(table)) return 'basic';
  if (everywhere(right)) return 'global';
  if (table === ACTIVITY) return ofActivities(right);
  return own.has(table) || common.has(table) ? 'basic' : 'none';
}

const salesperson = new Set([...customers, ...sales, 'incident']);

function manager(right: Right, table: string): Depth {
  if (!customers.has(table) && !sales.has(table) && table !== ACTIVITY) return person(right, table, salesperson);
  return everywhere(right) ? 'global' : 'deep';
}

function representative(right: Right, table: string): Depth {
  const mine = customers.has(table) || service.has(table);
  return mine && !everywhere(right) && right !== 'delete' && right !== 'share'
    ? 'local'
    : person(right, table, new Set(['incident', ...customers]));
}

/** The application that finishes what people have begun: their rows may be anybody's. */
function synchronisation(right: Right, table: string): Depth {
  if (closed.has(table)) return 'none';
  if (table === 'userquery') return 'basic';
  const working = [customers, sales, service, personal, common].some((some) => some.has(table));
  return everywhere(right) || working || table === ACTIVITY ? 'global' : 'none';
}

export interface ReadyMadeRole {
  name: string;
  depth: Role;
  actsForOthers: boolean;
}

/** The order is that in which they are made. A row that nobody but its owner may change says `basic`. */
export const readyMadeRoles: readonly ReadyMadeRole[] = [
  { name: ADMINISTRATOR, depth: () => 'global', actsForOthers: false },
  { name: 'Sales Manager', depth: manager, actsForOthers: false },
  { name: 'Salesperson', depth: (right, table) => person(right, table, salesperson), actsForOthers: false },
  { name: 'Customer Service Representative', depth: representative, actsForOthers: false },
  { name: 'Delegate', depth: () => 'none', actsForOthers: true },
  { name: 'Sync Service', depth: synchronisation, actsForOthers: true },
];
