import { useSyncExternalStore } from 'react';
import { Button, MessageBar, MessageBarActions, MessageBarBody, Spinner, makeStyles } from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons';
import type { Notification, Notifications } from '../notifications.ts';

const useStyles = makeStyles({ bars: { display: 'flex', flexDirection: 'column', rowGap: '4px' } });

const intents = {
  informationalMessage: 'info',
  insightMessage: 'info',
  progressIndicator: 'info',
  errorMessage: 'error',
} as const;

export interface NotificationBarsProps {
  readonly notifications: Notifications;
  readonly itemKey: string;
  /** Who put the bars there. */
  readonly addinName: string;
}

export function NotificationBars({ notifications, itemKey, addinName }: NotificationBarsProps) {
  const styles = useStyles();
  const bars = useSyncExternalStore(notifications.subscribe, () => notifications.of(itemKey));
  return (
    <div className={styles.bars} role="region" aria-label="Notifications">
      {bars.map((bar) => (
        <Bar key={bar.key} bar={bar} addinName={addinName} onDismiss={() => notifications.remove(itemKey, bar.key)} />
      ))}
    </div>
  );
}

interface BarProps {
  readonly bar: Notification;
  readonly addinName: string;
  readonly onDismiss: () => void;
}

function Bar({ bar, addinName, onDismiss }: BarProps) {
  const working = bar.type === 'progressIndicator';
  return (
    <MessageBar intent={intents[bar.type]} {...(working ? { icon: <Spinner size="extra-tiny" /> } : {})}>
      <MessageBarBody>
        <strong>{addinName}:</strong> {bar.message}
      </MessageBarBody>
      <MessageBarActions
        containerAction={
          <Button appearance="transparent" icon={<DismissRegular />} aria-label="Dismiss" onClick={onDismiss} />
        }
      />
    </MessageBar>
  );
}
