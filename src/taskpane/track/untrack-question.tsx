import { Button, Text } from '@fluentui/react-components';
import { useEffect, useRef } from 'react';
import { useLanguage } from '../language.tsx';
import styles from './untrack-question.module.css';

/** In the bar's place rather than in a dialog: the pane is small, and the answer has three words. */
export function UntrackQuestion(props: { onAnswer: (keepRecord: boolean) => void; onCancel: () => void }) {
  const { texts } = useLanguage();
  const question = useRef<HTMLDivElement>(null);
  useEffect(() => question.current?.querySelector('button')?.focus(), []);
  return (
    <div
      ref={question}
      className={styles.question}
      role="group"
      aria-labelledby="untrack-question"
      onKeyDown={(event) => {
        if (event.key === 'Escape') props.onCancel();
      }}
    >
      <Text id="untrack-question" weight="semibold">
        {texts.untrackQuestion}
      </Text>
      <Button onClick={() => props.onAnswer(true)}>{texts.untrackKeep}</Button>
      <Button onClick={() => props.onAnswer(false)}>{texts.untrackRemove}</Button>
      <Button appearance="subtle" onClick={props.onCancel}>
        {texts.cancel}
      </Button>
    </div>
  );
}
