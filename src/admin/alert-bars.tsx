import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from '@fluentui/react-components';
import type { MailboxAlert } from '../model/mailbox-report.ts';

const intents = { error: 'error', warning: 'warning', information: 'info' } as const;

/** What a mail server says is for its operators; what it means for the mailbox is said before. Other alerts speak for themselves. */
const titles: ReadonlyMap<string, string> = new Map([
  ['unauthorized', 'The sign-in to this mailbox is not accepted.'],
  ['forbidden', 'This mailbox may not be read.'],
  ['not-found', 'This mailbox is not there.'],
  ['refused', 'The mail server refuses to have this mailbox read.'],
  ['unavailable', 'The mail server does not answer.'],
  ['throttled', 'The mail server asks to be asked less often.'],
]);

/** Standing alerts, worst first as the server sorted them. @param props.onSignIn where the sign-in can be entered anew */
export function AlertBars(props: { alerts: readonly MailboxAlert[]; onSignIn?: (() => void) | undefined }) {
  return props.alerts.map(({ seq, level, scope, code, message }) => {
    const title = scope === 'mailbox' ? titles.get(code) : undefined;
    return (
      <MessageBar key={seq} intent={intents[level]} layout="multiline">
        <MessageBarBody>
          {title !== undefined && <MessageBarTitle>{title}</MessageBarTitle>} {message}
        </MessageBarBody>
        {scope === 'mailbox' && code === 'unauthorized' && props.onSignIn && (
          <MessageBarActions>
            <Button size="small" onClick={props.onSignIn}>
              Enter it again
            </Button>
          </MessageBarActions>
        )}
      </MessageBar>
    );
  });
}
