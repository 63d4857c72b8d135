import { useEffect, useState } from 'react';
import { teamsHighContrastTheme, webDarkTheme, webLightTheme } from '@fluentui/react-components';
import type { Theme } from '@fluentui/react-components';
import type { PaneTheme } from '../pane.ts';

export const themeChoices = ['system', 'light', 'dark', 'contrast'] as const;
export type ThemeChoice = (typeof themeChoices)[number];
export type ThemeName = Exclude<ThemeChoice, 'system'>;

export const themes: Readonly<Record<ThemeName, Theme>> = {
  light: webLightTheme,
  dark: webDarkTheme,
  contrast: teamsHighContrastTheme,
};

/** The theme in force: the choice made, or what the system asks for. */
export function useThemeName(choice: ThemeChoice): ThemeName {
  const dark = useMedia('(prefers-color-scheme: dark)');
  const contrast = useMedia('(prefers-contrast: more)');
  if (choice !== 'system') return choice;
  if (contrast && dark) return 'contrast';
  return dark ? 'dark' : 'light';
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const media = window.matchMedia(query);
    const follow = () => setMatches(media.matches);
    media.addEventListener('change', follow);
    return () => media.removeEventListener('change', follow);
  }, [query]);
  return matches;
}

const colorNumber = (color: string): number => Number.parseInt(color.replace('#', '').slice(0, 6), 16);

/** What the pane is told about our colours, as Outlook tells it. */
export function paneTheme(name: ThemeName): PaneTheme {
  const theme = themes[name];
  return {
    bodyBackgroundColor: colorNumber(theme.colorNeutralBackground1),
    bodyForegroundColor: colorNumber(theme.colorNeutralForeground1),
    controlBackgroundColor: colorNumber(theme.colorNeutralBackground3),
    controlForegroundColor: colorNumber(theme.colorNeutralForeground2),
  };
}
