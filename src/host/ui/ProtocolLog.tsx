import { useEffect, useRef, useSyncExternalStore } from 'react';
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import type { ProtocolLog } from '../protocol-log.ts';

const useStyles = makeStyles({
  drawer: {
    display: 'flex',
    flexDirection: 'column',
    height: '200px',
    backgroundColor: tokens.colorNeutralBackground1,
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  bar: {
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'space-between',
    padding: '2px 12px',
    fontSize: tokens.fontSizeBase200,
  },
  lines: {
    flexGrow: 1,
    overflowY: 'auto',
    margin: 0,
    padding: '4px 12px',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    listStyleType: 'none',
  },
  time: { color: tokens.colorNeutralForeground3 },
});

export function ProtocolLogDrawer({ log }: { readonly log: ProtocolLog }) {
  const styles = useStyles();
  const lines = useSyncExternalStore(log.subscribe, log.lines);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [lines]);
  return (
    <section className={styles.drawer} aria-label="Protocol log">
      <div className={styles.bar}>
        <span>What office.js and this page say to each other: names only, no content.</span>
        <Button size="small" appearance="subtle" onClick={log.clear}>
          Clear log
        </Button>
      </div>
      <ul ref={list} className={styles.lines} tabIndex={0} aria-label="Calls and events">
        {lines.map((line, index) => (
          <li key={index}>
            <span className={styles.time}>{new Date(line.at).toISOString().slice(11, 23)}</span> {line.frame}{' '}
            {line.direction === 'in' ? '→' : '←'} {line.name}
          </li>
        ))}
      </ul>
    </section>
  );
}
