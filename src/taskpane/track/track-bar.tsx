import { Button, Link, Text } from '@fluentui/react-components';
import { ArrowUndoRegular } from '@fluentui/react-icons/svg/arrow-undo';
import { CheckmarkCircleFilled } from '@fluentui/react-icons/svg/checkmark-circle';
import { CircleRegular } from '@fluentui/react-icons/svg/circle';
import { useLanguage } from '../language.tsx';
import type { Texts } from '../texts.ts';
import { RecordIcon } from '../record-icon.tsx';
import { useLate } from '../use-late.ts';
import { useNow } from '../use-now.ts';
import { Turning } from '../waiting.tsx';
import { ChangeNotice } from './change-notice.tsx';
import { MoreActions } from './more-actions.tsx';
import type { Settled } from './track-view.ts';
import type { Tracker } from './use-tracker.ts';
import { classes } from '../classes.ts';
import styles from './track-bar.module.css';

interface BarProps {
  readonly tracker: Tracker;
  readonly link: (record: { table: string; id: string }) => string;
  readonly onRegarding: () => void;
  readonly onUntrack: () => void;
  readonly onWhy: () => void;
  readonly onSignIn: () => void;
}

export function TrackBar(props: BarProps) {
  const { tracker } = props;
  const { texts } = useLanguage();
  const { settled, change } = tracker.view;
  const sending = tracker.recording || change?.state === 'sending';
  const late = useLate(sending);
  // What is over in half a second shows no sign of progress; a notice of something else is shown at once.
  const notice = change !== null && (change.state !== 'sending' || late) ? change : null;

  return (
    <>
      {notice?.kind === 'track' && settled.is !== 'tracked' ? null : (
        <SettledHead {...props} settled={settled} busy={sending} />
      )}
      {notice && <ChangeNotice status={notice} tracker={tracker} onSignIn={props.onSignIn} />}
      {late && !notice && <Turning label={texts.state('sending')} />}
      {tracker.tooLate && <Text role="alert">{texts.couldNotDrop}</Text>}
      {tracker.failed && <Text role="alert">{texts.gestureFailed}</Text>}
      {tracker.undo && (
        <div className={styles.buttons}>
          <Button size="small" icon={<ArrowUndoRegular />} onClick={tracker.undo.take}>
            {texts.undo}
          </Button>
        </div>
      )}
      <Announcement {...props} />
    </>
  );
}

function SettledHead(props: BarProps & { settled: Settled; busy: boolean }) {
  const { settled, busy, tracker, onRegarding } = props;
  const { texts } = useLanguage();
  if (settled.is === 'tracked') return <TrackedHead {...props} settled={settled} />;
  return (
    <>
      <div className={styles.head}>
        <span aria-hidden className={styles.icon}>
          <CircleRegular />
        </span>
        <div className={styles.words}>
          <Text weight="semibold">{headline(settled, texts)}</Text>
          <Explanation settled={settled} markedBefore={tracker.markedBefore} />
        </div>
        {(settled.is === 'untracked' || settled.is === 'colleague') && (
          <Button size="small" appearance="subtle" data-opener aria-label={texts.whyTitle(false)} onClick={props.onWhy}>
            {texts.why}
          </Button>
        )}
      </div>
      <div className={styles.buttons}>
        <Button
          className={styles.wide}
          appearance="primary"
          disabledFocusable={busy}
          onClick={() => tracker.track(null)}
        >
          {texts.track}
        </Button>
        <Button className={styles.wide} disabledFocusable={busy} data-opener onClick={onRegarding}>
          {texts.setRegarding}
        </Button>
      </div>
    </>
  );
}

function headline({ is }: Settled, texts: Texts): string {
  if (is === 'loading') return texts.lookingUp; // "not tracked" before anybody was asked would be a lie
  if (is === 'unknown') return texts.notKnown;
  return is === 'tracked' || is === 'colleague' ? texts.tracked : texts.notTracked;
}

function Explanation({ settled, markedBefore }: { settled: Settled; markedBefore: boolean }) {
  const { texts } = useLanguage();
  const says = {
    loading: null,
    untracked: null,
    tracked: null,
    kept: texts.keptInCrm,
    colleague: texts.trackedByColleague,
    unknown: markedBefore ? texts.lastKnownTracked : texts.unknownState,
  }[settled.is];
  return says === null ? null : (
    <Text size={200} className={styles.quiet}>
      {says}
    </Text>
  );
}

function TrackedHead(props: BarProps & { settled: Extract<Settled, { is: 'tracked' }>; busy: boolean }) {
  const { settled, link } = props;
  const { texts, moments } = useLanguage();
  const now = useNow(false);
  return (
    <>
      <div className={styles.head}>
        <span aria-hidden className={classes(styles.icon, styles.good)}>
          <CheckmarkCircleFilled />
        </span>
        <div className={styles.words}>
          <Text weight="semibold">{texts.tracked}</Text>
          <Text size={200} className={styles.quiet}>
            {texts.trackedBy(moments.at(settled.at, now), settled.by ?? texts.byYou)}
          </Text>
        </div>
        <MoreActions
          hasRegarding={settled.regarding !== null}
          recordLink={settled.activityId === null ? null : link({ table: 'email', id: settled.activityId })}
          disabled={props.busy}
          onRegarding={props.onRegarding}
          onRemoveRegarding={() => props.tracker.regard(null)}
          onUntrack={props.onUntrack}
          onWhy={props.onWhy}
        />
      </div>
      {settled.regarding ? (
        <div className={styles.regarding}>
          <RecordIcon table={settled.regarding.table} size={16} />
          <Text size={200} className={styles.quiet}>
            {texts.regarding}
          </Text>
          <Link href={link(settled.regarding)} target="_blank" rel="noreferrer">
            {settled.regarding.name}
          </Link>
        </div>
      ) : (
        <div className={styles.buttons}>
          <Button className={styles.wide} disabledFocusable={props.busy} data-opener onClick={props.onRegarding}>
            {texts.setRegarding}
          </Button>
        </div>
      )}
      {settled.leftOut.map(({ index, name, size, leftOut }) => (
        <Text key={index} size={200} className={styles.quiet}>
          {texts.leftOut(name, moments.size(size), leftOut ?? 'unreadable')}
        </Text>
      ))}
    </>
  );
}

/** The state in words for a screen reader; said when it changes, and not while it flickers. */
function Announcement({ tracker }: BarProps) {
  const { texts } = useLanguage();
  const { settled, change } = tracker.view;
  const says =
    change !== null && change.state !== 'sending'
      ? `${texts.state(change.state)}. ${change.reason ? texts.reason(change.reason) : ''}`
      : settled.is === 'tracked'
        ? settled.regarding
          ? `${texts.tracked}. ${texts.regarding}: ${settled.regarding.name}`
          : texts.tracked
        : settled.is === 'loading'
          ? ''
          : headline(settled, texts);
  return (
    <div
      role="status"
      style={{ position: 'absolute', width: 1, height: 1, overflow: 'hidden', clipPath: 'inset(50%)' }}
    >
      {says}
    </div>
  );
}
