import {
  FluentProvider,
  makeStyles,
  teamsHighContrastTheme,
  tokens,
  webDarkTheme,
  webLightTheme,
  type Theme,
} from '@fluentui/react-components';
import { useEffect, useSyncExternalStore, type ReactNode } from 'react';
import type { Colours, ColourScheme } from './colours.ts';

const themes: Record<ColourScheme, Theme> = {
  light: webLightTheme,
  dark: webDarkTheme,
  contrast: teamsHighContrastTheme,
};

const useStyles = makeStyles({
  frame: {
    minHeight: '100vh',
    backgroundColor: tokens.colorNeutralBackground3,
    overflowWrap: 'anywhere',
  },
});

/** Theme and writing direction of everything in the pane. */
export function Frame(props: { colours: Colours; direction: 'ltr' | 'rtl'; children: ReactNode }) {
  const styles = useStyles();
  const scheme = useSyncExternalStore(props.colours.subscribe, props.colours.current);
  const theme = themes[scheme];
  useEffect(() => {
    // Scroll bars and the page behind a bounce follow the theme.
    document.documentElement.style.colorScheme = scheme === 'light' ? 'light' : 'dark';
    document.body.style.backgroundColor = theme.colorNeutralBackground3;
  }, [scheme, theme]);
  return (
    <FluentProvider theme={theme} dir={props.direction} className={styles.frame}>
      {props.children}
    </FluentProvider>
  );
}
