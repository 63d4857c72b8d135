import { Button, Link, Select, Spinner, Text } from '@fluentui/react-components';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { explainState, explainWhy } from '../model/explain-tracking.ts';
import type { MailboxItem, MailboxItemState, MailboxReport } from '../model/mailbox-report.ts';
import { momentsFor } from '../model/moments.ts';
import { FailureBar } from './failure-bar.tsx';
import type { AdminServices } from './services.ts';
import styles from './mails-tab.module.css';

const filters: readonly (readonly [MailboxItemState | 'all', string])[] = [
  ['all', 'All mail'],
  ['tracked', 'Tracked'],
  ['not-tracked', 'Not tracked'],
  ['failed', 'Failed'],
  ['handed', 'On its way'],
  ['new', 'To be decided'],
];

/** Every mail that was looked at, newest first, with why it was or was not tracked. */
export function MailsTab({ mailbox, services }: { mailbox: MailboxReport; services: AdminServices }) {
  const [state, setState] = useState<MailboxItemState | 'all'>('all');
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = useInfiniteQuery({
    queryKey: ['mailbox-items', mailbox.id, state],
    initialPageParam: null as number | null,
    queryFn: ({ pageParam, signal }) =>
      services.mailboxes.items(mailbox.id, { state: state === 'all' ? null : state, before: pageParam }, signal),
    getNextPageParam: ({ next }) => next,
  });
  // The report is looked at every few seconds; what it counts says when the list is old.
  const counted = JSON.stringify([mailbox.counts, mailbox.lastOkAt]);
  useEffect(() => void refetch(), [counted, refetch]);
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className={styles.tab}>
      <Select
        aria-label="Which mail"
        value={state}
        onChange={(_event, { value }) => setState(filters.find(([name]) => name === value)?.[0] ?? 'all')}
      >
        {filters.map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </Select>
      {error && <FailureBar error={error} onRetry={() => void refetch()} />}
      {isPending && <Spinner delay={500} size="small" label="Looking…" />}
      {!isPending && !error && items.length === 0 && <Text className={styles.quiet}>Nothing here.</Text>}
      <ul className={styles.list}>
        {items.map((item) => (
          <MailRow key={item.seq} item={item} mailbox={mailbox} services={services} />
        ))}
      </ul>
      {hasNextPage && (
        <Button disabledFocusable={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Older mail
        </Button>
      )}
    </div>
  );
}

function MailRow(props: { item: MailboxItem; mailbox: MailboxReport; services: AdminServices }) {
  const { item, mailbox, services } = props;
  const moments = momentsFor(document.documentElement.lang);
  const queries = useQueryClient();
  const retry = useMutation({
    mutationFn: () => services.mailboxes.retry(mailbox.id, item.seq),
    onSettled: () => queries.invalidateQueries({ queryKey: ['mailbox-items', mailbox.id] }),
  });
  const why = { state: item.state, why: item.why, at: item.changedAt };
  return (
    <li className={styles.row}>
      <div className={styles.title}>
        <Text weight="semibold" truncate wrap={false} italic={item.subject === null}>
          {item.subject ?? 'Subject hidden'}
        </Text>
        <Text size={200} className={styles.quiet}>
          {[moments.at(item.receivedAt, Date.now()), item.folder].filter(Boolean).join(' · ')}
        </Text>
      </div>
      <Text size={200} className={item.state === 'failed' ? styles.bad : styles.quiet}>
        {explainState(why)} {item.why !== null && explainWhy(item.why)}{' '}
        {item.reason !== null && `${item.reason.message} `}
        {item.nextTryAt !== null && item.attempts > 0 && `Next try ${moments.away(item.nextTryAt, Date.now())}.`}
      </Text>
      {retry.error && <FailureBar error={retry.error} onRetry={() => retry.mutate()} />}
      <div className={styles.links}>
        {item.recordId !== null && (
          <Link href={services.link({ table: 'email', id: item.recordId })} target="_blank" rel="noreferrer">
            Open in CRM
          </Link>
        )}
        {item.state === 'failed' && mailbox.own && (
          <Button size="small" disabledFocusable={retry.isPending} onClick={() => retry.mutate()}>
            Try again
          </Button>
        )}
      </div>
    </li>
  );
}
