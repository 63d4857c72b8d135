import { Link, Text } from '@fluentui/react-components';
import { BuildingRegular } from '@fluentui/react-icons/svg/building';
import { CallRegular } from '@fluentui/react-icons/svg/call';
import { MailRegular } from '@fluentui/react-icons/svg/mail';
import { PersonAvailableRegular } from '@fluentui/react-icons/svg/person-available';
import { PhoneRegular } from '@fluentui/react-icons/svg/phone';
import type { ReactNode } from 'react';
import type { Person } from '../../model/records.ts';
import { useLanguage } from '../language.tsx';
import { Bars } from '../waiting.tsx';
import styles from './person-facts.module.css';

/** How to reach somebody and where they belong; every address and number can be used. */
export function PersonFacts({
  person,
  link,
}: {
  person: Person;
  link: (record: { table: string; id: string }) => string;
}) {
  const { texts } = useLanguage();
  const { company, phone, mobile, email, owner } = person;
  const row = (icon: ReactNode, content: ReactNode) => (
    <li className={styles.row}>
      <span aria-hidden className={styles.icon}>
        {icon}
      </span>
      <span>{content}</span>
    </li>
  );
  return (
    <ul className={styles.list}>
      {company !== null &&
        row(
          <BuildingRegular />,
          company.table === null ? (
            <Text>{company.name}</Text>
          ) : (
            <Link href={link(company)} target="_blank" rel="noreferrer">
              {company.name}
            </Link>
          ),
        )}
      {phone !== null &&
        row(
          <CallRegular />,
          <Link href={telephoneLink(phone)} aria-label={texts.call(phone)}>
            <bdi>{phone}</bdi>
          </Link>,
        )}
      {mobile !== null &&
        row(
          <PhoneRegular />,
          <Link href={telephoneLink(mobile)} aria-label={texts.mobile(mobile)}>
            <bdi>{mobile}</bdi>
          </Link>,
        )}
      {email !== '' && row(<MailRegular />, <Link href={`mailto:${encodeURIComponent(email)}`}>{email}</Link>)}
      {owner !== null && row(<PersonAvailableRegular />, <Text>{texts.owner(owner)}</Text>)}
    </ul>
  );
}

/** RFC 3966: digits and a leading plus; what people write between them is for reading. */
function telephoneLink(number: string): string {
  return `tel:${number.replace(/\(0\)/, '').replace(/[^\d+*#]/g, '')}`;
}

export function PersonFactsSkeleton() {
  return <Bars widths={['70%', '55%', '80%']} />;
}
