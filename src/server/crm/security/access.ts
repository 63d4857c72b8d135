import { sql } from 'kysely';
import type { Engine } from '../../db/engine.ts';
import { at, identifier } from '../../odata/identifier.ts';
import type { Column, Model, Table } from '../../odata/metadata.ts';
import type { Access, Caller, ColumnUse, ConditionUse, Right, Standing } from '../../odata/session.ts';
import { hiddenColumn, missingPrivilege, missingRight } from './refusals.ts';
import { createCount } from './few.ts';
import { keepConditions } from './kept-conditions.ts';
import { isPrivileged, reachCondition } from './reach.ts';
import { securing } from './secured-columns.ts';
import { createWriteAccess } from './write-access.ts';

/**
 * Access by the rules of Dataverse: a privilege of some role is needed first, then the row must be reached by depth,
 * ownership, share or hierarchy.
 * @param forget drops what is kept about callers; called once their roles, teams or units were changed for everybody
 */
export function createAccess(engine: Engine, model: () => Model, forget: () => void): Access {
  const conditionOf = keepConditions(engine, (standing, right, table, alias, use) =>
    reachCondition({ engine, model: model(), standing, use }, right, table, alias),
  );
  const condition = ({ standing }: Caller, right: Right, table: Table, alias: string, use: ConditionUse = 'check') =>
    conditionOf(standing, right, table, alias, use);
  const demand = (caller: Caller, right: Right, table: Table): void => {
    if (!isPrivileged(model(), caller.standing, right, table)) throw missingPrivilege(caller, right, table);
  };
  const mayUse: Access['mayUse'] = ({ standing }, use, table, column) => isOpen(model(), standing, use, table, column);
  return {
    demand,
    readable: (caller, table, alias, use) => condition(caller, 'read', table, alias, use),
    isFew: createCount(engine, model),
    async demandRow(session, right, table, id) {
      demand(session.caller, right, table);
      const reached = condition(session.caller, right, table, 't0');
      if (reached === undefined) return;
      const { rows } = await sql`select 1 from ${identifier(table.name)} as t0
        where ${at('t0', table.key)} = ${id} and ${reached}`.execute(session.queries);
      if (rows.length === 0) throw missingRight(session.caller, right, table, id);
    },
    mayUse,
    demandColumn(caller, use, table, column) {
      if (!mayUse(caller, use, table, column)) throw hiddenColumn(use, table, column);
    },
    secureColumn: securing(forget),
    writes: createWriteAccess(forget),
  };
}

function isOpen(model: Model, standing: Standing, use: ColumnUse, table: Table, column: Column): boolean {
  if (standing.within !== undefined && !isOpen(model, standing.within, use, table, column)) return false;
  if (standing.administrator || (column.secured !== true && standing.secured.size === 0)) return true;
  // The union of all activities shows what each of them may show.
  const tables =
    table.name === 'activitypointer' ? [...model.tables.values()].filter(({ activity }) => activity) : [table];
  return tables.every(({ name }) => {
    const own = `${name}.${column.from ?? column.name}`;
    const isSecured = column.secured === true || standing.secured.has(own);
    return !isSecured || standing.columns.get(own)?.has(use) === true;
  });
}
