import { foldAddress } from '../../model/message.ts';
import type { Person } from '../../model/records.ts';

/** Which of several records an address means, as the person said; for this session. */
export interface Choices {
  of(address: string): string | null;
  choose(address: string, recordId: string | null): void;
}

export interface SessionMemory {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const keyOf = (address: string): string => `alongside.choice.${foldAddress(address)}`;

/** @param memory sessionStorage where the browser allows it; refused (private window, third-party site): this pane's own memory. */
export function createChoices(memory: () => SessionMemory): Choices {
  const own = new Map<string, string>();
  const attempt = <T>(read: (store: SessionMemory) => T): T | null => {
    try {
      return read(memory());
    } catch {
      return null;
    }
  };
  return {
    of: (address) => own.get(keyOf(address)) ?? attempt((store) => store.getItem(keyOf(address))),
    choose(address, recordId) {
      const key = keyOf(address);
      if (recordId === null) {
        own.delete(key);
        attempt((store) => store.removeItem(key));
      } else {
        own.set(key, recordId);
        attempt((store) => store.setItem(key, recordId));
      }
    },
  };
}

/** The record that is meant, or null when only a person can tell. */
export function pick(matches: readonly Person[], chosenId: string | null): Person | null {
  const chosen = matches.find(({ id }) => id === chosenId);
  if (chosen) return chosen;
  const active = matches.filter((match) => match.active);
  if (active.length === 1) return active[0] ?? null;
  return matches.length === 1 ? (matches[0] ?? null) : null;
}
