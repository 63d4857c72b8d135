import { Button, makeStyles, mergeClasses, Text, tokens } from '@fluentui/react-components';
import { ClockRegular } from '@fluentui/react-icons/svg/clock';
import { CloudArrowUpRegular } from '@fluentui/react-icons/svg/cloud-arrow-up';
import { ErrorCircleRegular } from '@fluentui/react-icons/svg/error-circle';
import type { ChangeState, ChangeStatus } from '../../model/change.ts';
import { useLanguage } from '../language.tsx';
import { useNow } from '../use-now.ts';
import { Turning } from '../waiting.tsx';
import type { Tracker } from './use-tracker.ts';

const useStyles = makeStyles({
  notice: { display: 'flex', gap: tokens.spacingHorizontalS, alignItems: 'flex-start' },
  icon: { fontSize: '20px', flexShrink: 0, marginTop: '1px' },
  calm: { color: tokens.colorNeutralForeground3 },
  bad: { color: tokens.colorStatusDangerForeground1 },
  words: { display: 'flex', flexDirection: 'column', gap: '2px', minWidth: 0, flexGrow: 1 },
  quiet: { color: tokens.colorNeutralForeground2 },
  buttons: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: tokens.spacingHorizontalS,
    marginTop: tokens.spacingVerticalS,
  },
});

/** One Change that is not done: the word, since when, why, what happens next, and what its person can do. */
export function ChangeNotice(props: { status: ChangeStatus; tracker: Tracker; onSignIn: () => void }) {
  const { status, tracker } = props;
  const { texts, moments } = useLanguage();
  const styles = useStyles();
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
  const styles = useStyles();
  const calm = mergeClasses(styles.icon, styles.calm);
  switch (state) {
    case 'sending':
    case 'done':
      return <Turning />;
    case 'queued':
      return <CloudArrowUpRegular aria-hidden className={calm} />;
    case 'waiting':
      return <ClockRegular aria-hidden className={calm} />;
    case 'conflict':
    case 'refused':
      return <ErrorCircleRegular aria-hidden className={mergeClasses(styles.icon, styles.bad)} />;
  }
}

function Actions({ status, tracker, onSignIn }: { status: ChangeStatus; tracker: Tracker; onSignIn: () => void }) {
  const { texts } = useLanguage();
  const styles = useStyles();
  const drop = (
    <Button size="small" onClick={() => tracker.drop(status.id)}>
      {texts.dropChange}
    </Button>
  );
  switch (status.state) {
    case 'sending':
    case 'done':
    case 'queued':
      return null;
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
