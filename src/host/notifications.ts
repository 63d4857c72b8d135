export type NotificationType = 'informationalMessage' | 'progressIndicator' | 'errorMessage' | 'insightMessage';

export interface Notification {
  readonly key: string;
  readonly type: NotificationType;
  readonly message: string;
  readonly persistent: boolean;
}

/** Outlook's limits: five bars on an item, 32 characters of key, 150 of text. */
export const LIMITS = { perItem: 5, key: 32, message: 150 } as const;

export type Notifications = ReturnType<typeof createNotifications>;

/** The bars above the mails, by the key of the open item. Lists are immutable: a new one after every change. */
export function createNotifications() {
  const shelves = new Map<string, readonly Notification[]>();
  const listeners = new Set<() => void>();
  const nothing: readonly Notification[] = [];

  const of = (itemKey: string): readonly Notification[] => shelves.get(itemKey) ?? nothing;

  function put(itemKey: string, bars: readonly Notification[]): void {
    shelves.set(itemKey, bars);
    listeners.forEach((listener) => listener());
  }

  return {
    of,
    has: (itemKey: string, key: string) => of(itemKey).some((bar) => bar.key === key),
    isFull: (itemKey: string) => of(itemKey).length >= LIMITS.perItem,
    add: (itemKey: string, bar: Notification) => put(itemKey, [...of(itemKey), bar]),
    replace: (itemKey: string, bar: Notification) =>
      put(
        itemKey,
        of(itemKey).map((old) => (old.key === bar.key ? bar : old)),
      ),
    remove: (itemKey: string, key: string) =>
      put(
        itemKey,
        of(itemKey).filter((bar) => bar.key !== key),
      ),
    /** Somebody leaves the item: only what was to stay stays. */
    leave: (itemKey: string) =>
      put(
        itemKey,
        of(itemKey).filter((bar) => bar.persistent),
      ),
    subscribe: (listener: () => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
