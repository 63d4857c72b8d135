import { useEffect, useState } from 'react';
import { Button, Select, Tag, ToggleButton, makeStyles, tokens } from '@fluentui/react-components';
import { CodeRegular } from '@fluentui/react-icons';
import type { Person } from '../graph.ts';
import { WIDTH } from './ResizeHandle.tsx';
import { themeChoices } from './theme.ts';
import type { ThemeChoice } from './theme.ts';

const useStyles = makeStyles({
  bar: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    columnGap: '12px',
    rowGap: '4px',
    padding: '4px 12px',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
    backgroundColor: tokens.colorNeutralBackground4,
    borderTop: `1px dashed ${tokens.colorNeutralStroke1}`,
  },
  name: { display: 'inline-flex', alignItems: 'center', columnGap: '6px', fontWeight: tokens.fontWeightSemibold },
  field: { display: 'inline-flex', alignItems: 'center', columnGap: '6px' },
  grow: { flexGrow: 1 },
});

const faults = [
  ['none', 'No fault'],
  ['crm-down', 'CRM down'],
  ['crm-slow', 'CRM slow (10 s)'],
  ['crm-429', 'CRM busy (429)'],
  ['crm-500', 'CRM error (500)'],
  ['crm-403', 'CRM forbids (403)'],
  ['crm-garbage', 'CRM answers garbage'],
  ['server-unreachable', 'Server unreachable'],
  ['offline', 'Offline'],
] as const;

export interface DeveloperBarProps {
  readonly users: readonly Person[];
  readonly user: Person;
  readonly theme: ThemeChoice;
  readonly paneWidth: number;
  readonly showsLog: boolean;
  readonly onUser: (user: Person) => void;
  readonly onTheme: (theme: ThemeChoice) => void;
  readonly onPaneWidth: (width: number) => void;
  readonly onShowLog: (shows: boolean) => void;
}

/** What no mail program has: the switches of the local stack. */
export function DeveloperBar(props: DeveloperBarProps) {
  const styles = useStyles();
  const { users, user } = props;
  return (
    <div className={styles.bar} role="group" aria-label="Developer">
      <span className={styles.name}>
        <CodeRegular /> Developer
      </span>
      <FaultSelect />
      <label className={styles.field}>
        User
        <Select
          size="small"
          value={user.address}
          onChange={(_, { value }) => props.onUser(users.find(({ address }) => address === value) ?? user)}
        >
          {users.map((person) => (
            <option key={person.address} value={person.address}>
              {person.name}
            </option>
          ))}
        </Select>
      </label>
      <label className={styles.field}>
        Theme
        <Select
          size="small"
          value={props.theme}
          onChange={(_, { value }) => props.onTheme(themeChoices.find((choice) => choice === value) ?? 'system')}
        >
          {themeChoices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </Select>
      </label>
      <span className={styles.field} role="group" aria-label="Pane width">
        Pane
        {Object.values(WIDTH).map((width) => (
          <ToggleButton
            key={width}
            size="small"
            appearance="subtle"
            checked={props.paneWidth === width}
            onClick={() => props.onPaneWidth(width)}
          >
            {width} px
          </ToggleButton>
        ))}
      </span>
      <span className={styles.grow} />
      <ToggleButton
        size="small"
        appearance="subtle"
        checked={props.showsLog}
        onClick={() => props.onShowLog(!props.showsLog)}
      >
        Protocol log
      </ToggleButton>
    </div>
  );
}

function FaultSelect() {
  const styles = useStyles();
  const [fault, setFault] = useState<string | null>('none');

  useEffect(() => {
    let ended = false;
    const read = () => void readFault().then((current) => !ended && setFault(current));
    read();
    window.addEventListener('focus', read); // a script may have switched it
    const events = new EventSource('/local/events');
    events.addEventListener('faults', read);
    return () => {
      ended = true;
      events.close();
      window.removeEventListener('focus', read);
    };
  }, []);

  return (
    <label className={styles.field}>
      Fault
      <Select
        size="small"
        value={fault ?? 'none'}
        onChange={(_, { value }) => {
          setFault(value);
          void writeFault(value).then((written) => !written && setFault(null));
        }}
      >
        {faults.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </Select>
      {fault !== 'none' && (
        <Tag size="extra-small" appearance="brand">
          {fault === null ? 'switch does not answer' : 'on'}
        </Tag>
      )}
      {fault !== 'none' && fault !== null && (
        <Button
          size="small"
          appearance="transparent"
          onClick={() => {
            setFault('none');
            void writeFault('none');
          }}
        >
          Clear
        </Button>
      )}
    </label>
  );
}

async function readFault(): Promise<string | null> {
  try {
    const response = await fetch('/local/faults');
    return response.ok ? ((await response.json()) as { fault: string }).fault : null;
  } catch {
    return null;
  }
}

async function writeFault(fault: string): Promise<boolean> {
  try {
    const headers = { 'content-type': 'application/json' };
    return (await fetch('/local/faults', { method: 'PUT', headers, body: JSON.stringify({ fault }) })).ok;
  } catch {
    return false;
  }
}
