import { useCallback, useState } from 'react';

/** A choice that stays over visits where the browser lets us store it, and over this visit where not. */
export function useRemembered<T extends string | number | boolean>(name: string, initial: T) {
  const key = `localOutlook.${name}`;
  const [value, setValue] = useState<T>(() => read(key, initial));
  const choose = useCallback(
    (next: T) => {
      setValue(next);
      try {
        localStorage.setItem(key, JSON.stringify(next));
      } catch {
        // Storage refused: the choice holds until the page is closed.
      }
    },
    [key],
  );
  return [value, choose] as const;
}

function read<T>(key: string, initial: T): T {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    return typeof stored === typeof initial ? (stored as T) : initial;
  } catch {
    return initial;
  }
}
