import { Link, Text } from '@fluentui/react-components';
import type { MailAddress } from '../../model/message.ts';
import type { Person } from '../../model/records.ts';
import { useLanguage } from '../language.tsx';
import { RecordIcon } from '../record-icon.tsx';
import { Tag } from '../tag.tsx';
import { Picture } from './picture.tsx';
import styles from './person-head.module.css';

/** Who it is: from the mail at once, from the CRM as soon as it is known. */
export function PersonHead(props: { known: MailAddress; person: Person | null; recordLink: string | null }) {
  const { known, person, recordLink } = props;
  const { texts } = useLanguage();
  const name = person?.name || known.name || known.address;
  return (
    <div className={styles.head}>
      <Picture name={name} address={known.address} />
      <div className={styles.words}>
        <Text as="h1" size={500} weight="semibold" className={styles.name}>
          {recordLink === null ? (
            name
          ) : (
            <Link
              href={recordLink}
              target="_blank"
              rel="noreferrer"
              appearance="subtle"
              title={texts.openInCrm}
              style={{ fontSize: 'inherit', fontWeight: 'inherit', textAlign: 'start' }}
            >
              {name}
            </Link>
          )}
        </Text>
        {person?.jobTitle && (
          <Text size={300} className={styles.quiet}>
            {person.jobTitle}
          </Text>
        )}
        {person === null && known.address !== '' && known.address !== name && (
          <Text size={200} className={styles.quiet}>
            {known.address}
          </Text>
        )}
        {person !== null && (
          <div className={styles.kind}>
            <Tag>
              <RecordIcon table={person.table} size={12} />
              {texts.table(person.table)}
            </Tag>
            {!person.active && <Tag>{texts.inactive}</Tag>}
          </div>
        )}
      </div>
    </div>
  );
}
