import type { BadgeProps } from '@fluentui/react-components';
import type { MailboxReport } from '../model/mailbox-report.ts';
import { momentsFor } from '../model/moments.ts';

/** The mailbox in one word. What a person must do comes before what the daemon does. */
export function headingOf(mailbox: MailboxReport): { word: string; colour: NonNullable<BadgeProps['color']> } {
  if (!mailbox.approved) return { word: 'Waits for approval', colour: 'warning' };
  if (!mailbox.enabled) return { word: 'Switched off', colour: 'informative' };
  switch (mailbox.state) {
    case 'untested':
      return { word: 'Not tested yet', colour: 'warning' };
    case 'stopped':
      return { word: 'Stopped', colour: 'danger' };
    case 'ready':
      if (mailbox.reason?.code === 'throttled') return { word: 'Throttled', colour: 'warning' };
      return mailbox.reason === null ? { word: 'Ready', colour: 'success' } : { word: 'In trouble', colour: 'warning' };
  }
}

/** Short phrases, most important first. What an alert says already is not said twice. */
export function pulseOf(mailbox: MailboxReport, now: number, language: string): string[] {
  const moments = momentsFor(language);
  const phrases: string[] = [];
  const add = (at: string | null, say: (when: string) => string): void => {
    if (at !== null) phrases.push(say(moments.away(at, now)));
  };
  const { reason } = mailbox;
  if (reason !== null && !mailbox.alerts.some(({ code }) => code === reason.code)) phrases.push(reason.message);
  if (mailbox.running) phrases.push('being read now');
  else if (mailbox.nextAt !== null && Date.parse(mailbox.nextAt) <= now) phrases.push('read next');
  else add(mailbox.nextAt, (when) => `next look ${when}`);
  add(mailbox.lastOkAt, (when) => `last look ${when}`);
  add(mailbox.lastSeenAt, (when) => `last mail seen ${when}`);
  add(mailbox.lastWrittenAt, (when) => `last tracked ${when}`);
  return phrases;
}
