import type { Access, Standing } from '../../odata/session.ts';
import { consequences } from './consequences.ts';
import { securing } from './secured-columns.ts';

/** The server itself at work, where no person acts: nothing is asked, but what follows from a write follows. */
export const systemAccess: Access = {
  demand: () => undefined,
  readable: () => undefined,
  isFew: async () => false,
  demandRow: async () => undefined,
  mayUse: () => true,
  demandColumn: () => undefined,
  secureColumn: securing(() => undefined),
  writes: consequences(() => undefined),
};

export const systemStanding: Standing = {
  administrator: true,
  actsForOthers: true,
  teams: [],
  reaches: new Map(),
  secured: new Set(),
  columns: new Map(),
  within: undefined,
};
