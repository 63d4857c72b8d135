import { addColumns } from '../add-columns.ts';
import type { Step } from './step.ts';

/** What the last try of a Change found in the CRM is written down before it writes there (api/trial). */
export const ledgerTried: Step = {
  up: (db, engine) => addColumns(db, engine, 'ledger_change', ['tried text']),
};
