import { useId, useState } from 'react';
import type { KeyboardEvent } from 'react';
import { Tag, TagGroup, makeStyles, tokens } from '@fluentui/react-components';
import type { Person } from '../graph.ts';

const useStyles = makeStyles({
  row: {
    display: 'flex',
    alignItems: 'center',
    columnGap: '8px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    padding: '4px 0',
    ':focus-within': { borderBottomColor: tokens.colorBrandStroke1 },
  },
  label: { width: '36px', flexShrink: 0, color: tokens.colorNeutralForeground3 },
  people: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '4px',
    flexGrow: 1,
    minWidth: 0,
    maxHeight: '120px',
    overflowY: 'auto',
  },
  input: {
    flexGrow: 1,
    minWidth: '120px',
    border: 'none',
    outline: 'none',
    backgroundColor: 'transparent',
    color: 'inherit',
    font: 'inherit',
    padding: '4px 2px',
  },
});

export interface RecipientFieldProps {
  readonly label: string;
  readonly people: readonly Person[];
  readonly onChange: (people: readonly Person[]) => void;
}

const SHOWN = 50;

export function RecipientField({ label, people, onChange }: RecipientFieldProps) {
  const styles = useStyles();
  const id = useId();
  const [text, setText] = useState('');

  function take(): void {
    const added = readPeople(text);
    if (added.length > 0) onChange([...people, ...added]);
    setText('');
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'Enter' || event.key === ',' || event.key === ';') {
      event.preventDefault();
      take();
    }
    if (event.key === 'Backspace' && text === '' && people.length > 0) onChange(people.slice(0, -1));
  }

  return (
    <div className={styles.row}>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      <div className={styles.people}>
        {people.length > 0 && (
          <TagGroup
            aria-label={`${label}: recipients`}
            style={{ flexWrap: 'wrap', rowGap: '4px' }}
            onDismiss={(_, { value }) => onChange(people.filter((_person, index) => String(index) !== value))}
          >
            {people.slice(0, SHOWN).map((person, index) => (
              <Tag key={index} value={String(index)} size="small" shape="circular" dismissible title={person.address}>
                {person.name || person.address}
              </Tag>
            ))}
          </TagGroup>
        )}
        {people.length > SHOWN && <span>and {people.length - SHOWN} more</span>}
        <input
          id={id}
          className={styles.input}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          onBlur={take}
          autoComplete="off"
        />
      </div>
    </div>
  );
}

/** `Name <a@b>, c@d; …` -> people; what has no @ is no recipient. */
export function readPeople(text: string): readonly Person[] {
  return text
    .split(/[,;\n]/)
    .map((part) => /^\s*(?:"?([^"<]*)"?\s*<([^>]+)>|(\S+))\s*$/.exec(part))
    .flatMap((match) => {
      const address = (match?.[2] ?? match?.[3] ?? '').trim();
      return address.includes('@') ? [{ name: (match?.[1] ?? '').trim(), address }] : [];
    });
}
