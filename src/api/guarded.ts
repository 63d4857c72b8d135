import type { Dataverse } from './dataverse.ts';

/**
 * The same CRM for somebody whose turn may end without their knowing: before each write `check` is asked, which throws (or
 * rejects) when the turn is over. Whoever slept between looking a mail up and writing it wakes with a decision that others have
 * overtaken.
 */
export function guardWrites(crm: Dataverse, check: () => void | Promise<void>): Dataverse {
  return {
    ...crm,
    create: async (...given) => (await check(), crm.create(...given)),
    update: async (...given) => (await check(), crm.update(...given)),
    remove: async (...given) => (await check(), crm.remove(...given)),
    act: async (...given) => (await check(), crm.act(...given)),
  };
}
