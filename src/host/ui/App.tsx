import { useState } from 'react';
import { FluentProvider, makeStyles, tokens } from '@fluentui/react-components';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { Person } from '../graph.ts';
import type { AddinManifest } from '../manifest.ts';
import { WIDTH } from './ResizeHandle.tsx';
import { DeveloperBar } from './DeveloperBar.tsx';
import { useRemembered } from './remembered.ts';
import { themes, useThemeName } from './theme.ts';
import type { ThemeChoice } from './theme.ts';
import { Workspace } from './Workspace.tsx';

const useStyles = makeStyles({
  app: { display: 'flex', flexDirection: 'column', height: '100%', backgroundColor: tokens.colorNeutralBackground3 },
});

export interface AppProps {
  readonly addin: AddinManifest;
  readonly users: readonly [Person, ...Person[]];
}

export function App({ addin, users }: AppProps) {
  const styles = useStyles();
  const [address, setAddress] = useRemembered('user', users[0].address);
  const [choice, setChoice] = useRemembered<ThemeChoice>('theme', 'system');
  const [paneWidth, setPaneWidth] = useRemembered<number>('paneWidth', WIDTH.narrow);
  const [showsLog, setShowsLog] = useState(false);
  const theme = useThemeName(choice);
  const user = users.find((person) => person.address === address) ?? users[0];

  return (
    // Portals copy the provider's class, so the layout sits on an element of its own.
    <FluentProvider theme={themes[theme]} style={{ height: '100%' }}>
      <div className={styles.app} style={{ colorScheme: theme === 'light' ? 'light' : 'dark' }}>
        <Mailbox key={user.address} {...{ addin, user, theme, paneWidth, showsLog }} onPaneWidth={setPaneWidth} />
        <footer>
          <DeveloperBar
            users={users}
            user={user}
            theme={choice}
            paneWidth={paneWidth}
            showsLog={showsLog}
            onUser={(next) => setAddress(next.address)}
            onTheme={setChoice}
            onPaneWidth={setPaneWidth}
            onShowLog={setShowsLog}
          />
        </footer>
      </div>
    </FluentProvider>
  );
}

/** Another user is another mailbox: nothing of what was read for the first one is kept. */
function Mailbox(props: Parameters<typeof Workspace>[0]) {
  const [client] = useState(() => new QueryClient({ defaultOptions: { queries: { retry: 1 } } }));
  return (
    <QueryClientProvider client={client}>
      <Workspace {...props} />
    </QueryClientProvider>
  );
}
