import { Button, Text } from '@fluentui/react-components';
import { ClockRegular } from '@fluentui/react-icons/svg/clock';
import { CloudArrowUpRegular } from '@fluentui/react-icons/svg/cloud-arrow-up';
import { ErrorCircleRegular } from '@fluentui/react-icons/svg/error-circle';
import type { ChangeState, ChangeStatus } from '../../model/change.ts';
import { useLanguage } from '../language.tsx';
import { useNow } from '../use-now.ts';
import { Turning } from '../waiting.tsx';
import type { Tracker } from './use-tracker.ts';
import { classes } from '../classes.ts';
import styles from './change-notice.module.css';

/** One Change that is not done: the word, since when, why, what happens next, and what its person can do. */
export function ChangeNotice(props: { status: ChangeStatus; tracker: Tracker; onSignIn: () => void }) {
  const { status, tracker } = props;
  const { texts, moments } = useLanguage();
  const now = useNow(status.nextTryAt !== null || tracker.undo !== null);
  const held = tracker.undo?.heldSeconds ?? null;
  const facts =
    held !== null && status.kind === 'untrack' && status.state === 'waiting'
      ? [texts.undoRemoval(held)]
      : [
          status.reason ? texts.reason(status.reason) : null,
          status.position === null ? null : texts.inQueue(status.position),
          status.nextTryAt === null || Date.parse(status.nextTryAt) <= now
            ? null
            : texts.nextTry(moments.away(status.nextTryAt, now)),
          tracker.view.behind === 0 ? null : texts.moreBehind(tracker.view.behind),
        ].filter((fact) => fact !== null);

  return (
    <div className={styles.notice}>
      <StateIcon state={status.state} />
      <div className={styles.words}>
        <Text weight="semibold">{texts.state(status.state)}</Text>
        <Text size={200} className={styles.quiet}>
          {texts.wish(status.kind)}, {texts.since(moments.at(status.at, now))}
        </Text>
        {facts.map((fact) => (
          <Text key={fact} size={200}>
            {fact}
          </Text>
        ))}
        {held === null && <Actions {...props} />}
      </div>
    </div>
  );
}

function StateIcon({ state }: { state: ChangeState }) {
  const calm = classes(styles.icon, styles.calm);
  switch (state) {
    case 'sending':
    case 'done':
      return <Turning />;
    case 'queued':
      return (
        <span aria-hidden className={calm}>
          <CloudArrowUpRegular />
        </span>
      );
    case 'waiting':
      return (
        <span aria-hidden className={calm}>
          <ClockRegular />
        </span>
      );
    case 'conflict':
    case 'refused':
      return (
        <span aria-hidden className={classes(styles.icon, styles.bad)}>
          <ErrorCircleRegular />
        </span>
      );
  }
}

function Actions({ status, tracker, onSignIn }: { status: ChangeStatus; tracker: Tracker; onSignIn: () => void }) {
  const { texts } = useLanguage();
  const drop = (
    <Button size="small" onClick={() => tracker.drop(status.id)}>
      {texts.dropChange}
    </Button>
  );
  switch (status.state) {
    case 'done':
    case 'queued':
      return null;
    case 'sending':
      // Not even saved, on a browser that stores nothing: the only hope is another try while the pane is open.
      return status.reason === null ? null : (
        <div className={styles.buttons}>
          <Button size="small" onClick={tracker.retry}>
            {texts.tryNow}
          </Button>
        </div>
      );
    case 'waiting':
      return (
        <div className={styles.buttons}>
          {status.reason?.code === 'unauthorized' ? (
            <Button size="small" appearance="primary" onClick={onSignIn}>
              {texts.signIn}
            </Button>
          ) : (
            <Button size="small" onClick={tracker.retry}>
              {texts.tryNow}
            </Button>
          )}
          {drop}
        </div>
      );
    case 'conflict':
    case 'refused':
      return (
        <div className={styles.buttons}>
          {tracker.repeat && (
            <Button size="small" onClick={tracker.repeat}>
              {texts.tryAgain}
            </Button>
          )}
          {drop}
        </div>
      );
  }
}
