import type { Model, Table } from '../../odata/metadata.ts';
import type { TableRule } from '../../odata/session.ts';
import { combined } from '../combined-rule.ts';
import { demandAllowedName } from './file-name.ts';

/** The rules of all tables; those with file columns look at the names of their files as well, whichever way these come in. */
export function withFileRules(model: Model, rules: ReadonlyMap<string, TableRule>): ReadonlyMap<string, TableRule> {
  const all = new Map(rules);
  for (const table of model.tables.values()) {
    const rule = fileColumnRule(table);
    if (rule !== undefined) all.set(table.name, combined(rules.get(table.name) ?? {}, rule));
  }
  return all;
}

function fileColumnRule(table: Table): TableRule | undefined {
  const columns = [...table.columns.values()].filter(
    ({ kind, name }) => kind === 'bytes' && table.columns.has(`${name}_name`),
  );
  if (columns.length === 0) return undefined;
  return {
    async beforeWrite({ values, session }) {
      for (const column of columns) {
        const filename = values.get(`${column.name}_name`);
        if (typeof filename === 'string') await demandAllowedName(session, { table, column }, filename);
      }
    },
  };
}
