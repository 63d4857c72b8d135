import { makeStyles, Text, tokens } from '@fluentui/react-components';
import type { Person } from '../../model/records.ts';
import { useLanguage } from '../language.tsx';
import { RecordIcon } from '../record-icon.tsx';

const useStyles = makeStyles({
  list: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalXS,
    border: 'none',
    margin: 0,
    padding: 0,
  },
  title: { padding: 0, marginBottom: tokens.spacingVerticalS },
  choice: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
    padding: tokens.spacingVerticalS,
    borderRadius: tokens.borderRadiusMedium,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorNeutralForeground1,
    textAlign: 'start',
    font: 'inherit',
    cursor: 'pointer',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '1px' },
  },
  words: { display: 'flex', flexDirection: 'column', minWidth: 0 },
  quiet: { color: tokens.colorNeutralForeground2 },
});

/** Several records share the address: a list to pick from, one click each. */
export function ChoosePerson({ matches, onChoose }: { matches: readonly Person[]; onChoose: (id: string) => void }) {
  const { texts } = useLanguage();
  const styles = useStyles();
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
