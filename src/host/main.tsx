import { StrictMode, useCallback, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import {
  Button,
  FluentProvider,
  Spinner,
  makeStyles,
  tokens,
  webDarkTheme,
  webLightTheme,
} from '@fluentui/react-components';
import type { Person } from './graph.ts';
import { readManifest } from './manifest.ts';
import { App } from './ui/App.tsx';
import type { AppProps } from './ui/App.tsx';

const useStyles = makeStyles({
  page: {
    height: '100%',
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    justifyContent: 'center',
    rowGap: '16px',
    backgroundColor: tokens.colorNeutralBackground3,
  },
});

/** What the page must know before it can show anything: the add-in, where it is, and whose mailboxes there are. */
async function readStack(): Promise<AppProps> {
  const [{ addinUrl }, manifest, users] = await Promise.all([
    read('/local/addin').then((response) => response.json() as Promise<{ addinUrl: string }>),
    read('/manifest.xml').then((response) => response.text()),
    read('/local/users').then((response) => response.json() as Promise<Person[]>),
  ]);
  const [first, ...others] = users.map(({ name, address }) => ({ name, address }));
  if (!first) throw new Error('The local stack knows no users.');
  return { addin: readManifest(manifest, addinUrl), users: [first, ...others] };
}

async function read(path: string): Promise<Response> {
  const response = await fetch(path).catch((cause: unknown) => {
    throw new Error('The local stack does not answer. Is "npm start" still running?', { cause });
  });
  if (!response.ok) throw new Error(`The local stack answered ${path} with status ${response.status}.`);
  return response;
}

function Start() {
  const [stack, setStack] = useState<AppProps | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const start = useCallback(() => {
    setProblem(null);
    readStack().then(setStack, (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
  }, []);
  useEffect(start, [start]);

  if (stack) return <App {...stack} />;
  const dark = window.matchMedia('(prefers-color-scheme: dark)').matches;
  return (
    <FluentProvider theme={dark ? webDarkTheme : webLightTheme} style={{ height: '100%' }}>
      <Opening problem={problem} onRetry={start} />
    </FluentProvider>
  );
}

function Opening({ problem, onRetry }: { readonly problem: string | null; readonly onRetry: () => void }) {
  const styles = useStyles();
  if (problem === null) return <Spinner className={styles.page} label="Opening the local Outlook" />;
  return (
    <div className={styles.page} role="alert">
      <div>{problem}</div>
      <Button appearance="primary" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Start />
    </StrictMode>,
  );
}
