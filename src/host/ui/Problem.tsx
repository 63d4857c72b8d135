import { Button, MessageBar, MessageBarActions, MessageBarBody } from '@fluentui/react-components';

export interface ProblemProps {
  readonly error: unknown;
  readonly onRetry: () => void;
  readonly retry?: string;
}

/** What went wrong in a calm sentence, and the way to try again. */
export function Problem({ error, onRetry, retry = 'Try again' }: ProblemProps) {
  return (
    <MessageBar intent="warning" layout="multiline">
      <MessageBarBody>{error instanceof Error ? error.message : 'Something did not work.'}</MessageBarBody>
      <MessageBarActions>
        <Button onClick={onRetry}>{retry}</Button>
      </MessageBarActions>
    </MessageBar>
  );
}
