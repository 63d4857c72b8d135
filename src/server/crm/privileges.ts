import { HttpError } from '../http/errors.ts';
import type { Table } from '../odata/metadata.ts';
import type { Access, Caller, Right } from '../odata/session.ts';

/** How far a privilege reaches. Rows are filtered by it in SQL (`readable`), so a new depth is one more condition there. */
type Depth = 'none' | 'organization';

/** A role says how far each right reaches in each table. */
export type Role = (right: Right, table: Table) => Depth;

const people = ['account', 'contact', 'lead', 'opportunity', 'incident'];
const activities = [
  'email',
  'appointment',
  'task',
  'phonecall',
  'activitypointer',
  'activityparty',
  'activitymimeattachment',
];
const working = new Set([...people, ...activities]);

const worker: Role = (right, table) => (right === 'read' || working.has(table.name) ? 'organization' : 'none');

/** The ready-made roles. */
export const roles: ReadonlyMap<string, Role> = new Map<string, Role>([
  ['System Administrator', () => 'organization'],
  ['Salesperson', worker],
  ['Sync Service', worker],
]);

/** Rights of several roles add up. */
export function createAccess(): Access {
  const depth = (caller: Caller, right: Right, table: Table): Depth => {
    for (const name of caller.roles) if (roles.get(name)?.(right, table) === 'organization') return 'organization';
    return 'none';
  };
  return {
    demand(caller, right, table) {
      if (depth(caller, right, table) !== 'none') return;
      const privilege = `prv${right.charAt(0).toUpperCase()}${right.slice(1)}${table.name}`;
      throw new HttpError(403, `Principal user (Id=${caller.userId}) is missing ${privilege} privilege.`, '0x80040220');
    },
    // The one depth that lets a row be read shows all rows; a smaller one returns its condition on `ownerid` here.
    readable: () => undefined,
    demandRow: async () => undefined,
    mayUse: () => true,
    demandColumn: () => undefined,
    writes: {
      async beforeInsert({ access, caller }, table) {
        access.demand(caller, 'create', table);
      },
      afterInsert: async () => undefined,
      async beforeUpdate({ access, caller }, table) {
        access.demand(caller, 'write', table);
      },
      afterUpdate: async () => undefined,
      async beforeDelete({ access, caller }, table) {
        access.demand(caller, 'delete', table);
      },
      afterDelete: async () => undefined,
      async beforeLink({ access, caller }, table) {
        access.demand(caller, 'append', table);
      },
    },
  };
}
