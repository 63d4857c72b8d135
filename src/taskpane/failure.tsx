import { Button, Text } from '@fluentui/react-components';
import { WarningRegular } from '@fluentui/react-icons/svg/warning';
import { CrmError } from '../model/errors.ts';
import { useLanguage } from './language.tsx';
import styles from './failure.module.css';

/** Something that could not be read, by its code, with a way on. */
export function Failure(props: { error: unknown; onRetry: () => void; onSignIn: () => void }) {
  const { texts } = useLanguage();
  const code = props.error instanceof CrmError ? props.error.code : 'unavailable';
  return (
    <div className={styles.row} role="alert">
      <span aria-hidden className={styles.icon}>
        <WarningRegular />
      </span>
      <div className={styles.body}>
        <Text>{texts.failure(code)}</Text>
        {code === 'unauthorized' ? (
          <Button size="small" appearance="primary" onClick={props.onSignIn}>
            {texts.signIn}
          </Button>
        ) : (
          <Button size="small" onClick={props.onRetry}>
            {texts.tryAgain}
          </Button>
        )}
      </div>
    </div>
  );
}
