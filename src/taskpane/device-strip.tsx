import { Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import { CloudOffRegular } from '@fluentui/react-icons/svg/cloud-off';
import { useSyncExternalStore } from 'react';
import { useLanguage } from './language.tsx';
import type { Tracking } from './services.ts';

const useStyles = makeStyles({
  strip: {
    position: 'sticky',
    top: 0,
    zIndex: 2,
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
    padding: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalM}`,
    backgroundColor: tokens.colorStatusWarningBackground1,
    color: tokens.colorNeutralForeground1,
    borderBottom: `1px solid ${tokens.colorStatusWarningBorder1}`,
  },
  icon: { fontSize: '20px', flexShrink: 0, color: tokens.colorStatusWarningForeground1 },
  text: { flexGrow: 1, minWidth: 0 },
});

/** Above everything while Changes wait on this device, whichever mail they belong to. */
export function DeviceStrip({ tracking }: { tracking: Tracking }) {
  const { texts } = useLanguage();
  const styles = useStyles();
  const all = useSyncExternalStore(tracking.changes.subscribe, tracking.changes.all);
  // A held removal waits on purpose; it says so itself and needs no help.
  const waiting = all.filter(({ state, reason }) => state === 'waiting' && reason !== null);
  const says = waiting.length > 0 ? texts.changesWait(waiting.length) : tracking.durable ? null : texts.notDurable;
  return (
    <div role="status">
      {says !== null && (
        <div className={styles.strip}>
          <CloudOffRegular aria-hidden className={styles.icon} />
          <Text size={200} className={styles.text}>
            {says}
          </Text>
          {waiting.length > 0 && (
            <Button size="small" onClick={tracking.retryNow}>
              {texts.tryNow}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
