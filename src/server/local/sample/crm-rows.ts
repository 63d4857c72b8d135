// Rows of the sample: fixed ids, and links between them.

export interface Payload {
  /** Entity set and key, as in `accounts(...)`. */
  path: string;
  body: Record<string, unknown>;
}

const kinds = {
  accounts: 'acc0',
  contacts: 'c0a7',
  leads: '1ead',
  opportunities: '0bb0',
  incidents: 'ca5e',
  phonecalls: 'ca11',
  tasks: '7a5c',
  appointments: 'a990',
};

export type Who = 'dana' | 'miguel';
export type Owner = (who: Who) => Record<string, string>;
type EntitySet = keyof typeof kinds;

const guid = (set: EntitySet, number: number) => `${kinds[set]}0000-5a3b-4e00-8a00-${String(number).padStart(12, '0')}`;
export const bind = (set: EntitySet, number: number) => `/${set}(${guid(set, number)})`;
export const row = (set: EntitySet, number: number, body: Record<string, unknown>): Payload => ({
  path: `${set}(${guid(set, number)})`,
  body,
});

export const fabrikam = 1;
export const northwind = 2;
export const adatum = 3;
export const tailspin = 4;
export const bookshop = 5;
export const [hannah, jonas, amara, priya, tom, yuki, kenji, lucia, olena, layla, marco] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
] as const;
