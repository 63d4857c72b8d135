import { Button, Text } from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons/svg/dismiss';
import { useId, type KeyboardEvent, type ReactNode, type Ref } from 'react';
import { useLanguage } from '../language.tsx';
import styles from './bar-panel.module.css';

/** What opens in the track bar's place: a title, its content, and two ways back, the button and Escape. */
export function BarPanel(props: {
  title: string;
  ref?: Ref<HTMLDivElement>;
  onClose: () => void;
  children: ReactNode;
}) {
  const { texts } = useLanguage();
  const titleId = useId();
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    props.onClose();
  };
  return (
    <div ref={props.ref} className={styles.panel} role="group" aria-labelledby={titleId} onKeyDown={onKeyDown}>
      <div className={styles.head}>
        <Text id={titleId} as="h2" weight="semibold" style={{ margin: 0 }}>
          {props.title}
        </Text>
        <Button
          size="small"
          appearance="subtle"
          icon={<DismissRegular />}
          aria-label={texts.close}
          onClick={props.onClose}
        />
      </div>
      {props.children}
    </div>
  );
}
