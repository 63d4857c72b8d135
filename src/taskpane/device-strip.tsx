import { Button, Text } from '@fluentui/react-components';
import { CloudOffRegular } from '@fluentui/react-icons/svg/cloud-off';
import { useQueryClient, type Query } from '@tanstack/react-query';
import { useCallback, useState, useSyncExternalStore } from 'react';
import { CrmError } from '../model/errors.ts';
import { useLanguage } from './language.tsx';
import type { Moments } from '../model/moments.ts';
import { saveFile } from './save-file.ts';
import type { Services } from './services.ts';
import { stripView, type StripAction, type StripLine } from './strip-view.ts';
import type { Texts } from './texts.ts';
import { useNow } from './use-now.ts';
import styles from './device-strip.module.css';

/** Above everything while Changes wait on this device, whichever mail they belong to, or when it cannot keep any. */
export function DeviceStrip({ services }: { services: Services }) {
  const { tracking } = services;
  const away = useAway();
  const { texts, moments } = useLanguage();
  const now = useNow(false);
  const all = useSyncExternalStore(tracking.changes.subscribe, tracking.changes.all);
  const device = useSyncExternalStore(tracking.device.subscribe, tracking.device.state);
  const { says, does } = stripView(all, device, away.is, now);
  const [exportFailed, setExportFailed] = useState(false);

  const act = (action: StripAction): void => {
    switch (action) {
      case 'sign-in':
        return void services.signIn().catch(() => undefined); // what waits goes on saying so
      case 'try-now':
        tracking.retryNow();
        return away.askAgain();
      case 'understood':
        return tracking.device.set({ lost: 0 });
      case 'export':
        setExportFailed(false);
        return void tracking
          .exportOutbox()
          .then((file) => saveFile(file, `alongside-${new Date().toISOString().slice(0, 10)}.json`))
          .catch(() => setExportFailed(true));
    }
  };

  return (
    <div role="status">
      {says.length > 0 && (
        <div className={styles.strip}>
          <span aria-hidden className={styles.icon}>
            <CloudOffRegular />
          </span>
          <div className={styles.body}>
            {says.map((line) => (
              <Text key={line.of} size={200} block>
                {sentence(line, texts, moments, now)}
              </Text>
            ))}
            {exportFailed && (
              <Text size={200} block role="alert">
                {texts.exportFailed}
              </Text>
            )}
            {does.length > 0 && (
              <div className={styles.buttons}>
                {does.map((action) => (
                  <Button key={action} size="small" onClick={() => act(action)}>
                    {label(action, texts)}
                  </Button>
                ))}
              </div>
            )}
          </div>
        </div>
      )}
    </div>
  );
}

function sentence(line: StripLine, texts: Texts, moments: Moments, now: number): string {
  switch (line.of) {
    case 'lost':
      return texts.changesLost(line.count);
    case 'not-saved':
      return texts.changesNotSaved(line.count);
    case 'waiting':
      return texts.changesWait(line.count);
    case 'old':
      return texts.oldestWaits(moments.at(line.since, now));
    case 'may-be-cleared':
      return texts.mayBeCleared;
    case 'unreadable':
      return texts.changesUnreadable(line.count);
    case 'storage':
      return texts.storageTrouble[line.trouble];
    case 'away':
      return texts.serverAway;
  }
}

function label(action: StripAction, texts: Texts): string {
  return {
    'sign-in': texts.signIn,
    'try-now': texts.tryNow,
    export: texts.exportChanges,
    understood: texts.understood,
  }[action];
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
