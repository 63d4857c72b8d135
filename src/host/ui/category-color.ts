/** Our rendering of Outlook's 25 preset colours, one hue each; darker presets repeat the hues. */
const hues = [
  4, 28, 42, 52, 120, 178, 78, 212, 268, 330, 210, 215, 0, 0, 0, 4, 28, 42, 52, 120, 178, 78, 212, 268, 330,
];

/** CSS colour for the mark of a category such as `preset7`; grey where there is none. */
export function categoryColor(preset: string | undefined): string {
  const index = Number(preset?.replace(/^preset/i, '') ?? Number.NaN);
  const hue = hues[index];
  if (hue === undefined || (index >= 12 && index <= 14)) return 'hsl(0 0% 50%)';
  return `hsl(${hue} 62% ${index > 14 ? 34 : 48}%)`;
}
