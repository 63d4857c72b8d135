import { words } from './table-shape.ts';

/**
 * The union of all activities, made anew: a step that adds an activity or a shared column names all of them again.
 * Every column must be in each of the tables.
 */
export function activityViewTexts(activities: readonly string[], columns: string): string[] {
  const parts = activities.map(
    (name) => `select '${name}' as activitytypecode, ${words(columns).join(', ')} from ${name}`,
  );
  return ['drop view activitypointer', `create view activitypointer as ${parts.join(' union all ')}`];
}
