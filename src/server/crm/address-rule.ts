import type { TableRule } from '../odata/session.ts';

const PARTS = ['line1', 'line2', 'line3', 'city', 'stateorprovince', 'postalcode', 'country'] as const;

/** `address1_composite`: the address as it is written on a letter. Rows of before have theirs from step 0010. */
export const addressRule: TableRule = {
  async beforeWrite({ values, before }) {
    for (const address of ['address1', 'address2']) {
      if (!PARTS.some((part) => values.has(`${address}_${part}`))) continue;
      const part = (name: (typeof PARTS)[number]) => {
        const column = `${address}_${name}`;
        const stored = values.has(column) ? values.get(column) : before?.[column];
        return typeof stored === 'string' ? stored : '';
      };
      const region = join(' ', [part('stateorprovince'), part('postalcode')]);
      const place = join(', ', [part('city'), region]);
      const whole = join('\r\n', [part('line1'), part('line2'), part('line3'), place, part('country')]);
      values.set(`${address}_composite`, whole === '' ? null : whole);
    }
  },
};

function join(between: string, texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(between);
}
