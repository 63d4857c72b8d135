import { Button, Text } from '@fluentui/react-components';
import { CloudOffRegular } from '@fluentui/react-icons/svg/cloud-off';
import { useQueryClient, type Query } from '@tanstack/react-query';
import { useCallback, useSyncExternalStore } from 'react';
import { CrmError } from '../model/errors.ts';
import { useLanguage } from './language.tsx';
import type { Tracking } from './services.ts';
import styles from './device-strip.module.css';

/** Above everything while Changes wait on this device, whichever mail they belong to. */
export function DeviceStrip({ tracking }: { tracking: Tracking }) {
  const away = useAway();
  const { texts } = useLanguage();
  const all = useSyncExternalStore(tracking.changes.subscribe, tracking.changes.all);
  // A held removal waits on purpose; it says so itself and needs no help.
  const waiting = all.filter(({ state, reason }) => state === 'waiting' && reason !== null);
  const says =
    waiting.length > 0
      ? texts.changesWait(waiting.length)
      : away.is
        ? texts.serverAway
        : tracking.durable
          ? null
          : texts.notDurable;
  const tryNow = (): void => {
    tracking.retryNow();
    away.askAgain();
  };
  return (
    <div role="status">
      {says !== null && (
        <div className={styles.strip}>
          <span aria-hidden className={styles.icon}>
            <CloudOffRegular />
          </span>
          <Text size={200} className={styles.text}>
            {says}
          </Text>
          {(waiting.length > 0 || away.is) && (
            <Button size="small" onClick={tryNow}>
              {texts.tryNow}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

/** A question on the screen that nobody answered, although there may be an older answer to show. */
function isUnanswered(query: Query): boolean {
  const { error } = query.state;
  return query.isActive() && error instanceof CrmError && (error.code === 'offline' || error.code === 'unavailable');
}

function useAway(): { is: boolean; askAgain: () => void } {
  const client = useQueryClient();
  const cache = client.getQueryCache();
  const is = useSyncExternalStore(
    useCallback((listener) => cache.subscribe(listener), [cache]),
    () => cache.findAll({ predicate: isUnanswered }).length > 0,
  );
  return { is, askAgain: () => void client.refetchQueries({ predicate: isUnanswered }) };
}
