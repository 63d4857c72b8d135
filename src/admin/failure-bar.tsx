import { Button, MessageBar, MessageBarActions, MessageBarBody } from '@fluentui/react-components';
import { CrmError, type CrmErrorCode } from '../model/errors.ts';

const sentences: Record<CrmErrorCode, string> = {
  offline: 'The server does not answer.',
  unavailable: 'The server cannot answer just now.',
  throttled: 'The server is busy and asks to wait a moment.',
  unauthorized: 'You need to sign in.',
  forbidden: 'You may not do that.',
  'not-found': 'This is no longer there.',
  conflict: 'Somebody else changed it first.',
  refused: 'The server did not accept it.',
};

/** What went wrong, and a way on. What was refused is said in the server's own words: they name what is wrong. */
export function FailureBar(props: { error: unknown; onRetry: () => void; onSignIn?: () => void }) {
  const { error } = props;
  const code = error instanceof CrmError ? error.code : 'unavailable';
  const said = error instanceof CrmError && (code === 'refused' || code === 'conflict') ? error.message : '';
  const signIn = code === 'unauthorized' ? props.onSignIn : undefined;
  return (
    <MessageBar intent="error" layout="multiline">
      <MessageBarBody>
        {sentences[code]} {said}
      </MessageBarBody>
      <MessageBarActions>
        {signIn ? (
          <Button size="small" appearance="primary" onClick={signIn}>
            Sign in
          </Button>
        ) : (
          <Button size="small" onClick={props.onRetry}>
            Try again
          </Button>
        )}
      </MessageBarActions>
    </MessageBar>
  );
}
