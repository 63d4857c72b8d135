import { Text } from '@fluentui/react-components';
import type { Person } from '../../model/records.ts';
import { useLanguage } from '../language.tsx';
import { RecordIcon } from '../record-icon.tsx';
import styles from './choose-person.module.css';

/** Several records share the address: a list to pick from, one click each. */
export function ChoosePerson({ matches, onChoose }: { matches: readonly Person[]; onChoose: (id: string) => void }) {
  const { texts } = useLanguage();
  return (
    <fieldset className={styles.list}>
      <legend className={styles.title}>
        <Text weight="semibold">{texts.severalTitle}</Text>
      </legend>
      {matches.map((person) => (
        <button key={person.id} type="button" className={styles.choice} onClick={() => onChoose(person.id)}>
          <RecordIcon table={person.table} />
          <span className={styles.words}>
            <Text weight="semibold">{person.name}</Text>
            <Text size={200} className={styles.quiet}>
              {[texts.table(person.table), person.jobTitle, person.company?.name, person.active ? null : texts.inactive]
                .filter(Boolean)
                .join(' · ')}
            </Text>
          </span>
        </button>
      ))}
    </fieldset>
  );
}
