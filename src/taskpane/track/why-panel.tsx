import { Text } from '@fluentui/react-components';
import { useEffect, useRef, useState } from 'react';
import type { JoinedBy, MailReasons } from '../../api/mail-why.ts';
import { explainState, explainWhy } from '../../model/explain-tracking.ts';
import { Failure } from '../failure.tsx';
import { useLanguage } from '../language.tsx';
import { useNow } from '../use-now.ts';
import { BarPanel } from './bar-panel.tsx';
import { TrackSkeleton } from './track-skeleton.tsx';
import styles from './why-panel.module.css';

type Answer = { readonly reasons: MailReasons } | { readonly error: unknown };

/** In the bar's place: what the mailbox's daemon decided about the mail, and which thread the CRM joined it to. */
export default function WhyPanel(props: {
  tracked: boolean;
  ask: () => Promise<MailReasons>;
  onSignIn: () => Promise<void>;
  onClose: () => void;
}) {
  const { texts } = useLanguage();
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [turn, setTurn] = useState(0);
  const ask = useRef(props.ask);
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => panel.current?.querySelector('button')?.focus(), []);
  useEffect(() => {
    let left = false;
    ask.current().then(
      (reasons) => left || setAnswer({ reasons }),
      (error: unknown) => left || setAnswer({ error }),
    );
    return () => {
      left = true;
    };
  }, [turn]);
  const again = (): void => {
    setAnswer(null);
    setTurn(turn + 1);
  };

  return (
    <BarPanel ref={panel} title={texts.whyTitle(props.tracked)} onClose={props.onClose}>
      <div role="status">
        {answer === null ? (
          <TrackSkeleton />
        ) : 'error' in answer ? (
          <Failure
            error={answer.error}
            onRetry={again}
            onSignIn={() => void props.onSignIn().then(again, () => undefined)}
          />
        ) : (
          <Reasons {...answer.reasons} tracked={props.tracked} />
        )}
      </div>
    </BarPanel>
  );
}

const joinedBy: Record<JoinedBy, string> = {
  'in-reply-to': 'It answers',
  token: 'Its subject carries the token of',
  'conversation-index': 'Outlook says it belongs to the conversation of',
  similar: 'It is similar to',
};

function Reasons({ found, since, untracked, joined, tracked }: MailReasons & { tracked: boolean }) {
  const { moments } = useLanguage();
  const now = useNow(false);
  return (
    <ul className={styles.reasons}>
      {untracked && !tracked && (
        <li>
          <Text>You untracked it, and no rule overrules that.</Text>
        </li>
      )}
      {found !== null && (
        <li>
          <Text>
            {explainState(found)} {found.why !== null && explainWhy(found.why)}
          </Text>{' '}
          <Text size={200} className={styles.quiet}>
            {moments.at(found.at, now)}
          </Text>
        </li>
      )}
      {found === null && !(untracked && !tracked) && (
        <li>
          <Text>
            {tracked
              ? 'Somebody tracked it with a click.'
              : since === null
                ? 'Nobody has tracked it with a click, and none of your mailboxes is looked through.'
                : `Nobody has tracked it with a click. Your mailbox is looked through for mail since ${moments.at(since, now)}; this one was not seen there yet.`}
          </Text>
        </li>
      )}
      {joined !== null && (
        <li>
          <Text>
            {joinedBy[joined.by]} {joined.subject === null ? 'an earlier e-mail.' : `“${joined.subject}”.`}
          </Text>
        </li>
      )}
    </ul>
  );
}
