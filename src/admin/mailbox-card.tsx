import { Badge, Button, Card, Tab, TabList, Text } from '@fluentui/react-components';
import { ArrowSyncRegular } from '@fluentui/react-icons/svg/arrow-sync';
import { ChevronDownRegular } from '@fluentui/react-icons/svg/chevron-down';
import { ChevronUpRegular } from '@fluentui/react-icons/svg/chevron-up';
import { MailInboxRegular } from '@fluentui/react-icons/svg/mail-inbox';
import { PeopleRegular } from '@fluentui/react-icons/svg/people';
import { useMutation } from '@tanstack/react-query';
import { useId, useState } from 'react';
import type { MailboxReport } from '../model/mailbox-report.ts';
import { AlertBars } from './alert-bars.tsx';
import { FailureBar } from './failure-bar.tsx';
import { FoldersTab } from './folders-tab.tsx';
import { headingOf, pulseOf } from './mailbox-words.ts';
import { MailsTab } from './mails-tab.tsx';
import type { AdminServices } from './services.ts';
import { SettingsTab } from './settings-tab.tsx';
import { SignInTab } from './sign-in-form.tsx';
import styles from './mailbox-card.module.css';

interface CardProps {
  readonly mailbox: MailboxReport;
  readonly administrator: boolean;
  readonly services: AdminServices;
  readonly onChanged: () => void;
}

type TabName = 'mails' | 'folders' | 'settings' | 'sign-in';

export function MailboxCard(props: CardProps) {
  const { mailbox } = props;
  const [open, setOpen] = useState(false);
  const [tab, setTab] = useState<TabName>('mails');
  const details = useId();
  const enterSignIn = () => {
    setTab('sign-in');
    setOpen(true);
  };
  return (
    <Card className={styles.card} role="region" aria-label={mailbox.address}>
      <div className={styles.head}>
        <span aria-hidden className={styles.icon}>
          {mailbox.kind === 'queue' ? <PeopleRegular /> : <MailInboxRegular />}
        </span>
        <div className={styles.words}>
          <Text weight="semibold" truncate wrap={false}>
            {mailbox.address}
          </Text>
          <Pulse mailbox={mailbox} />
        </div>
        <StateBadge mailbox={mailbox} />
      </div>
      <AlertBars alerts={mailbox.alerts} onSignIn={mailbox.connection === null ? undefined : enterSignIn} />
      <Counts mailbox={mailbox} />
      <Actions {...props} open={open} details={details} onToggle={() => setOpen(!open)} />
      {open && (
        <div id={details} className={styles.details}>
          <TabList selectedValue={tab} onTabSelect={(_event, { value }) => setTab(value as TabName)}>
            <Tab value="mails">Mail</Tab>
            {mailbox.own && <Tab value="folders">Folders</Tab>}
            {mailbox.own && <Tab value="settings">Settings</Tab>}
            {mailbox.connection !== null && <Tab value="sign-in">Sign-in</Tab>}
          </TabList>
          {tab === 'mails' && <MailsTab mailbox={mailbox} services={props.services} />}
          {tab === 'folders' && <FoldersTab mailbox={mailbox} services={props.services} />}
          {tab === 'settings' && mailbox.settings !== null && (
            <SettingsTab mailboxId={mailbox.id} settings={mailbox.settings} {...props} />
          )}
          {tab === 'sign-in' && <SignInTab {...props} />}
        </div>
      )}
    </Card>
  );
}

/** When it was read, when it is read next, and the two times by which a silent stop is noticed. */
function Pulse({ mailbox }: { mailbox: MailboxReport }) {
  return (
    <Text size={200} className={styles.quiet}>
      {pulseOf(mailbox, Date.now(), document.documentElement.lang).join(' · ')}
    </Text>
  );
}

function StateBadge({ mailbox }: { mailbox: MailboxReport }) {
  const { word, colour } = headingOf(mailbox);
  return (
    <Badge appearance="tint" color={colour} size="large">
      {word}
    </Badge>
  );
}

function Counts({ mailbox: { counts } }: { mailbox: MailboxReport }) {
  const shown = [
    ['Tracked', counts.tracked],
    ['Not tracked', counts['not-tracked']],
    ['On their way', counts.new + counts.handed],
    ['Failed', counts.failed],
  ] as const;
  return (
    <dl className={styles.counts}>
      {shown.map(([name, number]) => (
        <div key={name} className={styles.count}>
          <dt className={styles.quiet}>{name}</dt>
          <dd className={name === 'Failed' && number > 0 ? styles.bad : undefined}>{number}</dd>
        </div>
      ))}
    </dl>
  );
}

function Actions(props: CardProps & { open: boolean; details: string; onToggle: () => void }) {
  const { mailbox, services, administrator, onChanged } = props;
  const { mailboxes } = services;
  const action = useMutation({
    mutationFn: (act: () => Promise<MailboxReport>) => act(),
    onSettled: onChanged,
  });
  const run = (act: () => Promise<MailboxReport>) => action.mutate(act);
  const runs = mailbox.enabled && mailbox.approved && mailbox.state === 'ready';
  const mayManage = mailbox.own || administrator;
  return (
    <>
      {action.error && (
        <FailureBar
          error={action.error}
          onRetry={() => action.reset()}
          onSignIn={() => void services.signIn().then(action.reset, () => undefined)}
        />
      )}
      <div className={styles.actions}>
        {runs && (
          <Button
            icon={<ArrowSyncRegular />}
            disabledFocusable={action.isPending || mailbox.running}
            onClick={() => run(() => mailboxes.syncNow(mailbox.id))}
          >
            {mailbox.running ? 'Syncing…' : 'Sync now'}
          </Button>
        )}
        {mayManage && !runs && mailbox.approved && (
          <Button
            appearance="primary"
            disabledFocusable={action.isPending}
            onClick={() => run(() => mailboxes.test(mailbox.id))}
          >
            {action.isPending ? 'Testing…' : 'Test and enable'}
          </Button>
        )}
        {administrator && !mailbox.approved && (
          <Button
            appearance="primary"
            disabledFocusable={action.isPending}
            onClick={() => run(() => mailboxes.change(mailbox.id, { approved: true }))}
          >
            Approve
          </Button>
        )}
        {mayManage && runs && (
          <Button
            appearance="subtle"
            disabledFocusable={action.isPending}
            onClick={() => run(() => mailboxes.change(mailbox.id, { enabled: false }))}
          >
            Switch off
          </Button>
        )}
        <Button
          className={styles.more}
          appearance="subtle"
          icon={props.open ? <ChevronUpRegular /> : <ChevronDownRegular />}
          iconPosition="after"
          aria-expanded={props.open}
          aria-controls={props.details}
          onClick={props.onToggle}
        >
          {props.open ? 'Less' : 'More'}
        </Button>
      </div>
    </>
  );
}
