// What the open pages of the local Outlook are told at once: mail changed, a fault was switched.

export interface LocalEvent {
  name: 'mailbox' | 'faults';
  data: Record<string, unknown>;
}

export const createEvents = () => {
  const listeners = new Set<(event: LocalEvent) => void>();
  const emit = (event: LocalEvent) => listeners.forEach((listener) => listener(event));
  const subscribe = (listener: (event: LocalEvent) => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return { emit, subscribe };
};

export type Events = ReturnType<typeof createEvents>;
