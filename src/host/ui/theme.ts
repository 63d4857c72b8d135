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

/** `#rrggbb` or `#rgb` as 0xRRGGBB. */
function colorNumber(color: string): number {
  const digits = color.slice(1);
  return Number.parseInt(digits.length === 3 ? digits.replaceAll(/./g, '$&$&') : digits, 16);
}

const paneThemeOf = (name: ThemeName): PaneTheme => ({
  bodyBackgroundColor: colorNumber(themes[name].colorNeutralBackground1),
  bodyForegroundColor: colorNumber(themes[name].colorNeutralForeground1),
  controlBackgroundColor: colorNumber(themes[name].colorNeutralBackground3),
  controlForegroundColor: colorNumber(themes[name].colorNeutralForeground2),
});
const panes = { light: paneThemeOf('light'), dark: paneThemeOf('dark'), contrast: paneThemeOf('contrast') };

/** What the pane is told about our colours, as Outlook tells it; the same object every time. */
export const paneTheme = (name: ThemeName): PaneTheme => panes[name];

const mailColorsOf = (name: ThemeName) => ({
  ink: themes[name].colorNeutralForeground1,
  link: themes[name].colorBrandForegroundLink,
  scheme: name === 'light' ? ('light' as const) : ('dark' as const),
});
const mails = { light: mailColorsOf('light'), dark: mailColorsOf('dark'), contrast: mailColorsOf('contrast') };

/** What a mail without colours of its own is written in; the same object every time. */
export const mailColors = (name: ThemeName) => mails[name];
