import { MessageBar, MessageBarBody } from '@fluentui/react-components';
import type { MailboxAlert } from '../model/mailbox-report.ts';

const intents = { error: 'error', warning: 'warning', information: 'info' } as const;

/** Standing alerts, worst first as the server sorted them. */
export function AlertBars({ alerts }: { alerts: readonly MailboxAlert[] }) {
  return alerts.map(({ seq, level, message }) => (
    <MessageBar key={seq} intent={intents[level]} layout="multiline">
      <MessageBarBody>{message}</MessageBarBody>
    </MessageBar>
  ));
}
