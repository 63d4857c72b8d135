import { tokens } from '@fluentui/react-components';
import { initials, spread } from './initials.ts';
import styles from './picture.module.css';

const colours = [
  [tokens.colorPaletteDarkRedBackground2, tokens.colorPaletteDarkRedForeground2],
  [tokens.colorPaletteCranberryBackground2, tokens.colorPaletteCranberryForeground2],
  [tokens.colorPalettePumpkinBackground2, tokens.colorPalettePumpkinForeground2],
  [tokens.colorPaletteForestBackground2, tokens.colorPaletteForestForeground2],
  [tokens.colorPaletteTealBackground2, tokens.colorPaletteTealForeground2],
  [tokens.colorPaletteSteelBackground2, tokens.colorPaletteSteelForeground2],
  [tokens.colorPaletteCornflowerBackground2, tokens.colorPaletteCornflowerForeground2],
  [tokens.colorPaletteGrapeBackground2, tokens.colorPaletteGrapeForeground2],
  [tokens.colorPaletteMagentaBackground2, tokens.colorPaletteMagentaForeground2],
  [tokens.colorPalettePlumBackground2, tokens.colorPalettePlumForeground2],
] as const;

/**
 * Initials in the person's own colour. Fluent's Avatar looks the same and brings 15 KB of presence badges to the first paint.
 * Decoration: the name stands beside it.
 */
export function Picture({ name, address }: { name: string; address: string }) {
  const [backgroundColor, color] = colours[spread(address, colours.length)] ?? colours[0];
  return (
    <div aria-hidden className={styles.picture} style={{ backgroundColor, color }}>
      {initials(name)}
    </div>
  );
}
