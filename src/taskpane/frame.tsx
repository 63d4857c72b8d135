import { FluentProvider, type Theme } from '@fluentui/react-components';
import { useEffect, useState, useSyncExternalStore, type ReactNode } from 'react';
import type { Colours, ColourScheme } from './colours.ts';
import styles from './frame.module.css';

/** A theme is 20 KB of colours and one is enough: the others come when they are needed. */
export async function loadTheme(scheme: ColourScheme): Promise<Theme> {
  switch (scheme) {
    case 'light':
      return (await import('./themes/light.ts')).default;
    case 'dark':
      return (await import('./themes/dark.ts')).default;
    case 'contrast':
      return (await import('./themes/contrast.ts')).default;
  }
}

/** Theme and writing direction of everything in the pane. */
export function Frame(props: {
  colours: Colours;
  /** The theme of the scheme at the start, so that the first frame is painted in it. */
  first: Theme;
  direction: 'ltr' | 'rtl';
  children: ReactNode;
}) {
  const scheme = useSyncExternalStore(props.colours.subscribe, props.colours.current);
  const [theme, setTheme] = useState(props.first);
  useEffect(() => {
    let left = false;
    void loadTheme(scheme).then((loaded) => left || setTheme(loaded));
    return () => {
      left = true;
    };
  }, [scheme]);
  useEffect(() => {
    // Scroll bars and the page behind a bounce follow the theme.
    document.documentElement.style.colorScheme = scheme === 'light' ? 'light' : 'dark';
    document.body.style.backgroundColor = theme.colorNeutralBackground3;
  }, [scheme, theme]);
  return (
    <FluentProvider theme={theme} dir={props.direction}>
      {/* Not on the provider itself: it hands its classes to menus, which would then fill the pane. */}
      <div className={styles.frame}>{props.children}</div>
    </FluentProvider>
  );
}
