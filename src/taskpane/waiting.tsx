import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { useLanguage } from './language.tsx';

const useStyles = makeStyles({
  bars: { display: 'flex', flexDirection: 'column', gap: '10px' },
  bar: {
    height: '16px',
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralStencil1,
    animationName: { '50%': { opacity: 0.5 } },
    animationDuration: '2s',
    animationIterationCount: 'infinite',
    '@media (prefers-reduced-motion: reduce)': { animationName: 'none' },
    // Backgrounds are not drawn in contrast themes.
    '@media (forced-colors: active)': { backgroundColor: 'GrayText' },
  },
  turning: {
    display: 'inline-flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
  },
  wheel: {
    width: '16px',
    height: '16px',
    margin: '2px',
    flexShrink: 0,
    boxSizing: 'border-box',
    borderRadius: '50%',
    border: `2px solid ${tokens.colorBrandStroke2}`,
    borderTopColor: tokens.colorBrandStroke1,
    animationName: { to: { transform: 'rotate(360deg)' } },
    animationDuration: '1s',
    animationTimingFunction: 'linear',
    animationIterationCount: 'infinite',
    '@media (prefers-reduced-motion: reduce)': { animationDuration: '4s' },
    '@media (forced-colors: active)': { borderTopColor: 'Highlight' },
  },
});

/** Grey bars where words will stand. Fluent's Skeleton and Spinner do the same and cost 4 KB of the first paint. */
export function Bars({ widths }: { widths: readonly string[] }) {
  const styles = useStyles();
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
  const styles = useStyles();
  return (
    <span className={mergeClasses(styles.turning, className)}>
      <span className={styles.wheel} role="img" aria-label={label === undefined ? texts.busy : undefined} />
      {label}
    </span>
  );
}
