import { useLanguage } from './language.tsx';
import { classes } from './classes.ts';
import styles from './waiting.module.css';

/** Grey bars where words will stand. Fluent's Skeleton and Spinner do the same and cost 4 KB of the first paint. */
export function Bars({ widths }: { widths: readonly string[] }) {
  return (
    <div aria-hidden className={styles.bars}>
      {widths.map((width) => (
        <div key={width} className={styles.bar} style={{ width }} />
      ))}
    </div>
  );
}

/** Something is going on that takes longer than half a second. */
export function Turning({ label, className }: { label?: string; className?: string }) {
  const { texts } = useLanguage();
  return (
    <span className={classes(styles.turning, className)}>
      <span className={styles.wheel} role="img" aria-label={label === undefined ? texts.busy : undefined} />
      {label}
    </span>
  );
}
