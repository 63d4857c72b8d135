import type { TableRule } from '../odata/session.ts';

/** What several rules do before a write, one after the other; everything else is the first one's. */
export function combined(first: TableRule, ...others: readonly TableRule[]): TableRule {
  return {
    ...first,
    async beforeWrite(write) {
      for (const rule of [first, ...others]) await rule.beforeWrite?.(write);
    },
  };
}
