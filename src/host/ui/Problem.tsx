import { Button, MessageBar, MessageBarActions, MessageBarBody } from '@fluentui/react-components';

export interface ProblemProps {
  readonly error: unknown;
  readonly onRetry: () => void;
}

/** What went wrong in a calm sentence, and the way to try again. */
export function Problem({ error, onRetry }: ProblemProps) {
  return (
    <MessageBar intent="warning" layout="multiline">
      <MessageBarBody>{error instanceof Error ? error.message : 'Something did not work.'}</MessageBarBody>
      <MessageBarActions>
        <Button onClick={onRetry}>Try again</Button>
      </MessageBarActions>
    </MessageBar>
  );
}
