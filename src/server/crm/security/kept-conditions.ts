import type { Engine } from '../../db/engine.ts';
import { flatten } from '../../db/flatten.ts';
import type { Access, ConditionUse, Right, Standing } from '../../odata/session.ts';
import type { Table } from '../../odata/metadata.ts';

type Condition = ReturnType<Access['readable']>;
type Build = (standing: Standing, right: Right, table: Table, alias: string, use: ConditionUse) => Condition;

/**
 * Builds each condition once for as long as a standing is kept, which is until something about the caller changes: putting it
 * together anew was a tenth of the time of a short request.
 */
export function keepConditions(engine: Engine, build: Build): Build {
  const kept = new WeakMap<Standing, Map<string, Condition>>();
  return (standing, right, table, alias, use) => {
    let known = kept.get(standing);
    if (known === undefined) kept.set(standing, (known = new Map<string, Condition>()));
    const name = `${right} ${table.name} ${alias} ${use}`;
    if (known.has(name)) return known.get(name);
    const built = build(standing, right, table, alias, use);
    const condition = built === undefined ? undefined : flatten(engine, built);
    known.set(name, condition);
    return condition;
  };
}
