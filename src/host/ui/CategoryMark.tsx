import { makeStyles, tokens } from '@fluentui/react-components';
import type { Category } from '../graph.ts';
import { categoryColor } from './category-color.ts';

const useStyles = makeStyles({
  mark: {
    display: 'inline-flex',
    alignItems: 'center',
    columnGap: '5px',
    maxWidth: '100%',
    padding: '0 8px',
    borderRadius: tokens.borderRadiusCircular,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    color: tokens.colorNeutralForeground1,
    '@media (forced-colors: active)': { border: '1px solid CanvasText' },
  },
  dot: { width: '8px', height: '8px', borderRadius: '50%', flexShrink: 0, forcedColorAdjust: 'none' },
  name: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
});

/** A category as Outlook shows it: its name on a tint of its colour; the dot keeps the colour where tints are gone. */
export function CategoryMark({
  name,
  categories,
}: {
  readonly name: string;
  readonly categories: readonly Category[];
}) {
  const styles = useStyles();
  const color = categoryColor(categories.find(({ displayName }) => displayName === name)?.color);
  return (
    <span
      className={styles.mark}
      style={{ backgroundColor: `color-mix(in srgb, ${color} 20%, transparent)` }}
      title={name}
    >
      <span className={styles.dot} style={{ backgroundColor: color }} />
      <span className={styles.name}>{name}</span>
    </span>
  );
}
