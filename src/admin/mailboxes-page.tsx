import { Button, Spinner, Switch, Text, Title2 } from '@fluentui/react-components';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { AlertBars } from './alert-bars.tsx';
import { FailureBar } from './failure-bar.tsx';
import { MailboxCard } from './mailbox-card.tsx';
import type { AdminServices } from './services.ts';
import { NewMailboxForm } from './sign-in-form.tsx';
import styles from './mailboxes-page.module.css';

/** How often the page looks again while somebody looks at it: what a daemon does is seen within a few seconds. */
const lookAgain = 4_000;

/** All mailboxes that one may see: how they are, when they are read next, and what became of their mail. */
export function MailboxesPage({ services }: { services: AdminServices }) {
  const [all, setAll] = useState(false);
  const [adding, setAdding] = useState(false);
  const queries = useQueryClient();
  const { data, error, isPending } = useQuery({
    queryKey: ['mailboxes', all],
    queryFn: ({ signal }) => services.mailboxes.list(all, signal),
    refetchInterval: lookAgain,
  });
  const again = () => queries.invalidateQueries();
  return (
    <main className={styles.page}>
      <header className={styles.head}>
        <div className={styles.title}>
          <Title2 as="h1">Mailboxes</Title2>
          <Text className={styles.quiet}>What Alongside tracks while nobody clicks, and why.</Text>
        </div>
        {data?.administrator === true && (
          <div className={styles.tools}>
            <Switch label="Everybody’s" checked={all} onChange={(_event, { checked }) => setAll(checked)} />
            <Button aria-expanded={adding} onClick={() => setAdding(!adding)}>
              Add a mailbox
            </Button>
          </div>
        )}
      </header>
      {error && (
        <FailureBar
          error={error}
          onRetry={() => void again()}
          onSignIn={() => void services.signIn().then(again, () => undefined)}
        />
      )}
      {isPending && <Spinner delay={500} label="Looking…" />}
      {data && <AlertBars alerts={data.alerts} />}
      {adding && (
        <NewMailboxForm
          services={services}
          onDone={() => {
            setAdding(false);
            void again();
          }}
        />
      )}
      {data?.mailboxes.map((mailbox) => (
        <MailboxCard
          key={mailbox.id}
          mailbox={mailbox}
          administrator={data.administrator}
          services={services}
          onChanged={() => void again()}
        />
      ))}
      {data?.mailboxes.length === 0 && (
        <Text className={styles.quiet}>No mailbox is looked after yet. An administrator adds the first one.</Text>
      )}
    </main>
  );
}
