import { Text, tokens } from '@fluentui/react-components';
import { useLanguage } from './language.tsx';
import styles from './nothing-open.module.css';

/** No message, several, or no Outlook around us: calm, with nothing to click. */
export function NothingOpen({ because }: { because: 'no-item' | 'outside' }) {
  const { texts } = useLanguage();
  return (
    <main className={styles.place}>
      <EmptyDrawing />
      <Text as="h1" size={400} weight="semibold" style={{ margin: 0 }}>
        {because === 'outside' ? texts.appName : texts.nothingOpen}
      </Text>
      <Text align="center" className={styles.hint}>
        {because === 'outside' ? texts.notInOutlook : texts.nothingOpenHint}
      </Text>
    </main>
  );
}

/** An envelope with somebody beside it. */
function EmptyDrawing() {
  return (
    <svg width="168" height="120" viewBox="0 0 168 120" fill="none" aria-hidden>
      <ellipse cx="84" cy="108" rx="66" ry="7" fill={tokens.colorNeutralBackground5} />
      <rect x="22" y="34" width="88" height="62" rx="8" fill={tokens.colorNeutralBackground1} />
      <rect x="22" y="34" width="88" height="62" rx="8" stroke={tokens.colorNeutralStroke1} strokeWidth="2" />
      <path
        d="m24 40 36.500 29a9 9 0 0 0 11 0L108 40"
        stroke={tokens.colorNeutralStroke1}
        strokeWidth="2"
        strokeLinecap="round"
      />
      <path d="M34 86h22" stroke={tokens.colorNeutralStroke2} strokeWidth="4" strokeLinecap="round" />
      <circle cx="124" cy="66" r="27" fill={tokens.colorBrandBackground2} />
      <circle cx="124" cy="66" r="27" stroke={tokens.colorNeutralBackground3} strokeWidth="4" />
      <circle cx="124" cy="59" r="8.500" fill={tokens.colorBrandForeground2} />
      <path
        d="M109 82c2-8 8-12 15-12s13 4 15 12c-4 4.500-9 7-15 7s-11-2.500-15-7Z"
        fill={tokens.colorBrandForeground2}
      />
      <path
        d="m66 14 2.400 6.600L75 23l-6.600 2.400L66 32l-2.400-6.600L57 23l6.600-2.400L66 14Z"
        fill={tokens.colorBrandStroke2}
      />
    </svg>
  );
}
