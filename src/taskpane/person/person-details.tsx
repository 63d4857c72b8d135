import { Link, Text } from '@fluentui/react-components';
import { CalendarLtrRegular } from '@fluentui/react-icons/svg/calendar-ltr';
import { CallRegular } from '@fluentui/react-icons/svg/call';
import { ClipboardTaskRegular } from '@fluentui/react-icons/svg/clipboard-task';
import { MailRegular } from '@fluentui/react-icons/svg/mail';
import type { ReactNode } from 'react';
import type { ActivityGlance, PersonDetails } from '../../model/records.ts';
import { Failure } from '../failure.tsx';
import { useLanguage } from '../language.tsx';
import { RecordIcon } from '../record-icon.tsx';
import { useNow } from '../use-now.ts';
import { PersonFactsSkeleton } from './person-facts.tsx';
import styles from './person-details.module.css';

/** The slower half of the card. Deals, cases and activities look alike because they are one list. */
export function PersonDetailsView(props: {
  details: PersonDetails | null;
  error: unknown;
  link: (record: { table: string; id: string }) => string;
  onRetry: () => void;
  onSignIn: () => void;
}) {
  const { details, link } = props;
  const { texts, moments } = useLanguage();
  const now = useNow(false);
  if (details === null) {
    return props.error ? (
      <Failure error={props.error} onRetry={props.onRetry} onSignIn={props.onSignIn} />
    ) : (
      <PersonFactsSkeleton />
    );
  }
  const { opportunities, cases, lastActivity, nextActivity } = details;
  const activity = (label: string, glance: ActivityGlance | null) =>
    glance === null ? null : (
      <Row
        key={label}
        icon={<ActivityIcon type={glance.type} />}
        href={link({ table: glance.type, id: glance.id })}
        name={glance.subject || texts.activity(glance.type)}
        detail={[label, texts.activity(glance.type), glance.at === null ? null : moments.at(glance.at, now)]}
      />
    );
  return (
    <>
      {opportunities.length > 0 && (
        <Part title={texts.opportunities}>
          {opportunities.map(({ record, value, closesOn }) => (
            <Row
              key={record.id}
              icon={<RecordIcon table="opportunity" />}
              href={link(record)}
              name={record.name}
              detail={[value, closesOn === null ? null : texts.closes(moments.day(closesOn))]}
            />
          ))}
        </Part>
      )}
      {cases.length > 0 && (
        <Part title={texts.cases}>
          {cases.map(({ record, number, status }) => (
            <Row
              key={record.id}
              icon={<RecordIcon table="incident" />}
              href={link(record)}
              name={record.name}
              detail={[number, status]}
            />
          ))}
        </Part>
      )}
      {(lastActivity ?? nextActivity) !== null && (
        <Part title={texts.activities}>
          {activity(texts.nextActivity, nextActivity)}
          {activity(texts.lastActivity, lastActivity)}
        </Part>
      )}
    </>
  );
}

const activityIcons: Readonly<Record<string, typeof MailRegular>> = {
  email: MailRegular,
  phonecall: CallRegular,
  appointment: CalendarLtrRegular,
};

function ActivityIcon({ type }: { type: string }) {
  const Icon = activityIcons[type] ?? ClipboardTaskRegular;
  return <Icon aria-hidden style={{ width: 20, height: 20 }} />;
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className={styles.part}>
      <Text as="h2" size={200} weight="semibold" className={styles.title}>
        {title}
      </Text>
      <ul className={styles.list}>{children}</ul>
    </div>
  );
}

function Row(props: { icon: ReactNode; href: string; name: string; detail: readonly (string | null)[] }) {
  // Each part keeps its own direction: dates may be written in another script than the words around them.
  const detail = props.detail
    .filter((part) => part !== null && part !== '')
    .map((part) => `\u2068${part}\u2069`)
    .join(' · ');
  return (
    <li className={styles.row}>
      <span className={styles.icon}>{props.icon}</span>
      <span className={styles.words}>
        <Link href={props.href} target="_blank" rel="noreferrer">
          {props.name}
        </Link>
        {detail !== '' && (
          <Text size={200} className={styles.quiet}>
            {detail}
          </Text>
        )}
      </span>
    </li>
  );
}
