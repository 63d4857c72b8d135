import { useState } from 'react';
import { Link, makeStyles, tokens } from '@fluentui/react-components';
import type { Person } from '../graph.ts';

const useStyles = makeStyles({
  line: { fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
  label: { color: tokens.colorNeutralForeground3 },
  more: { fontSize: 'inherit' },
});

const SHOWN = 12;

/** A mail to five hundred people shows a dozen and says how many more. */
export function Recipients({ label, people }: { readonly label: string; readonly people: readonly Person[] }) {
  const styles = useStyles();
  const [all, setAll] = useState(false);
  if (people.length === 0) return null;
  const shown = all ? people : people.slice(0, SHOWN);
  const hidden = people.length - shown.length;
  return (
    <div className={styles.line}>
      <span className={styles.label}>{label}: </span>
      {shown.map((person, index) => (
        <span key={index} title={person.address}>
          {index > 0 && '; '}
          {person.name || person.address}
        </span>
      ))}
      {hidden > 0 && (
        <>
          {' '}
          <Link as="button" inline className={styles.more} onClick={() => setAll(true)}>
            + {hidden} more
          </Link>
        </>
      )}
    </div>
  );
}
