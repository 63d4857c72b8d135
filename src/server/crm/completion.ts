import { storedTime, type Stored } from '../odata/values.ts';

/** Completing an activity is a moment; who names none means now. */
export function stampCompletion(values: Map<string, Stored>, now: Date): void {
  if (values.get('statecode') === 1 && values.get('actualend') == null) values.set('actualend', storedTime(now));
}
