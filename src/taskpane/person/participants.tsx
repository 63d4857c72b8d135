import { Button, Text } from '@fluentui/react-components';
import { PersonQuestionMarkRegular } from '@fluentui/react-icons/svg/person-question-mark';
import { PersonRegular } from '@fluentui/react-icons/svg/person';
import { useState } from 'react';
import type { MailAddress } from '../../model/message.ts';
import { CardSurface } from '../card-surface.tsx';
import { useLanguage } from '../language.tsx';
import { RecordIcon } from '../record-icon.tsx';
import { pick, type Choices } from './choices.ts';
import type { PeopleLoader } from './people-loader.ts';
import { useMatches } from './use-person.ts';
import styles from './participants.module.css';

/** Chips shown before anybody unfolds the rest; only these are looked up at once. */
export const firstChips = 6;

/** How many more each "+ N more" unfolds, and so how many are looked up in one batch. */
const step = 50;

interface ParticipantsProps {
  readonly people: readonly MailAddress[];
  readonly of: 'mail' | 'draft' | 'appointment';
  readonly loader: PeopleLoader | null;
  readonly choices: Choices;
  readonly onSelect: (person: MailAddress) => void;
}

export function Participants({ people, of, loader, choices, onSelect }: ParticipantsProps) {
  const { texts } = useLanguage();
  const [visible, setVisible] = useState(firstChips);
  if (people.length === 0) return null;
  // One more name takes no more room than the button that would hide it.
  const shown = people.length <= visible + 1 ? people : people.slice(0, visible);
  const title = of === 'draft' ? texts.recipientsRegion : texts.othersRegion;
  return (
    <CardSurface aria-label={title}>
      <Text as="h2" size={200} weight="semibold" className={styles.title}>
        {title}
      </Text>
      <ul className={styles.chips}>
        {shown.map((person) => (
          <li key={person.address} className={styles.item}>
            <Chip person={person} loader={loader} choices={choices} onSelect={onSelect} />
          </li>
        ))}
        {shown.length < people.length && (
          <li>
            <Button size="small" appearance="subtle" onClick={() => setVisible((number) => number + step)}>
              {texts.more(people.length - shown.length)}
            </Button>
          </li>
        )}
      </ul>
    </CardSurface>
  );
}

function Chip(props: Pick<ParticipantsProps, 'loader' | 'choices' | 'onSelect'> & { person: MailAddress }) {
  const { person, loader, choices, onSelect } = props;
  const { texts } = useLanguage();
  const { data } = useMatches(person.address, loader);
  const record = data === undefined ? null : (pick(data, choices.of(person.address)) ?? data[0] ?? null);
  const name = record?.name || person.name || person.address;
  const what = data === undefined ? texts.checking : record === null ? texts.unknownPerson : texts.table(record.table);
  return (
    <button
      type="button"
      className={styles.chip}
      title={`${person.address} · ${what}`}
      aria-label={texts.showPerson(name, what)}
      onClick={() => onSelect(person)}
    >
      <span className={record === null ? styles.icon : styles.known} style={{ display: 'flex' }}>
        {record !== null ? (
          <RecordIcon table={record.table} size={16} />
        ) : data === undefined ? (
          <PersonRegular aria-hidden style={{ width: 16, height: 16, opacity: 0.5 }} />
        ) : (
          <PersonQuestionMarkRegular aria-hidden style={{ width: 16, height: 16 }} />
        )}
      </span>
      <span className={styles.name}>{name}</span>
    </button>
  );
}
