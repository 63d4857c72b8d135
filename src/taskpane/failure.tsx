import { Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import { WarningRegular } from '@fluentui/react-icons/svg/warning';
import { CrmError } from '../model/errors.ts';
import { useLanguage } from './language.tsx';

const useStyles = makeStyles({
  row: { display: 'flex', gap: tokens.spacingHorizontalS, alignItems: 'flex-start' },
  icon: { color: tokens.colorPaletteDarkOrangeForeground1, flexShrink: 0, fontSize: '20px' },
  body: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
    alignItems: 'flex-start',
    minWidth: 0,
  },
});

/** Something that could not be read, by its code, with a way on. */
export function Failure(props: { error: unknown; onRetry: () => void; onSignIn: () => void }) {
  const { texts } = useLanguage();
  const styles = useStyles();
  const code = props.error instanceof CrmError ? props.error.code : 'unavailable';
  return (
    <div className={styles.row} role="alert">
      <WarningRegular aria-hidden className={styles.icon} />
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
