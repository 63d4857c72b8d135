import { ask, has } from './office.ts';

export type Colours = 'light' | 'dark';

/** Relative luminance below the middle. Outlook gives no `isDarkTheme`, only its colours. */
function isDark(colour: string): boolean {
  const [red = 0, green = 0, blue = 0] = (/^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(colour) ?? [])
    .slice(1)
    .map((part) => parseInt(part, 16));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128;
}

/** The background of the last change: builds that keep no `officeTheme` tell it with the event only. */
let told: string | null = null;

/** What Outlook shows itself in, or null where it does not say (before Mailbox 1.14, phones): ask the browser then. */
export function officeColours(): Colours | null {
  const background = told ?? Office.context.officeTheme?.bodyBackgroundColor;
  if (!background) return null;
  return isDark(background) ? 'dark' : 'light';
}

/** Calls back when the person changes Outlook's theme. Silent where Outlook does not tell. */
export function onOfficeColours(listener: () => void): void {
  const { mailbox } = Office.context;
  const event: unknown = Office.EventType.OfficeThemeChanged;
  if (typeof event !== 'string' || !has(mailbox, 'addHandlerAsync')) return;
  const onChange = (change: { officeTheme?: { bodyBackgroundColor?: string } }): void => {
    told = change.officeTheme?.bodyBackgroundColor ?? null;
    listener();
  };
  void ask<void>((answer) => mailbox.addHandlerAsync(event, onChange, answer)).catch(() => undefined);
}
