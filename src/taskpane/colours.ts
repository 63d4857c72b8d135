export type ColourScheme = 'light' | 'dark' | 'contrast';

/** What the pane is painted in, and when that changes. */
export interface Colours {
  readonly current: () => ColourScheme;
  readonly subscribe: (listener: () => void) => () => void;
}

/**
 * Forced colours of the system first, then Outlook's own theme, then the browser's preference.
 * @param sources `own` answers null where Outlook does not tell its theme
 */
export function createColours(sources: {
  own: () => 'light' | 'dark' | null;
  onOwn: (listener: () => void) => void;
  media: (query: string) => MediaQueryList;
}): Colours {
  const forced = sources.media('(forced-colors: active)');
  const dark = sources.media('(prefers-color-scheme: dark)');
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  sources.onOwn(tell);
  forced.addEventListener('change', tell);
  dark.addEventListener('change', tell);
  return {
    current: () => (forced.matches ? 'contrast' : (sources.own() ?? (dark.matches ? 'dark' : 'light'))),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
