/** One setting of a mailbox as a person sees it; names and values are the server's (docs/operating.md). */
export type SettingField = { readonly name: string; readonly label: string } & (
  | { readonly kind: 'flag' | 'number' }
  | { readonly kind: 'choice'; readonly choices: readonly (readonly [value: string, words: string])[] }
  | { readonly kind: 'list' | 'day'; readonly hint: string }
);

export const settingFields: readonly SettingField[] = [
  { name: 'incoming', kind: 'flag', label: 'Look through the Inbox' },
  { name: 'sentItems', kind: 'flag', label: 'Look through Sent Items' },
  { name: 'outgoing', kind: 'flag', label: 'Send what I write in the CRM through this mailbox' },
  {
    name: 'automatic',
    kind: 'choice',
    label: 'Automatic tracking',
    choices: [
      ['as-filter', 'As my personal options in the CRM say'],
      ['off', 'Only by hand, category and folder'],
    ],
  },
  { name: 'category', kind: 'flag', label: 'Track what carries the tracking category' },
  {
    name: 'categoryRemoved',
    kind: 'choice',
    label: 'When I take the category off',
    choices: [
      ['keep', 'Untrack, and keep the e-mail in the CRM'],
      ['remove', 'Untrack, and remove the e-mail from the CRM'],
    ],
  },
  { name: 'markTracked', kind: 'flag', label: 'Set the category on what was tracked' },
  {
    name: 'neverTrack',
    kind: 'list',
    label: 'Never track automatically',
    hint: 'One address or domain per line, for example bank.example. Sub-domains are included.',
  },
  {
    name: 'internal',
    kind: 'choice',
    label: 'Mail among colleagues',
    choices: [
      ['skip', 'Is not tracked automatically'],
      ['track', 'Is tracked like other mail'],
    ],
  },
  {
    name: 'private',
    kind: 'choice',
    label: 'Mail marked as private',
    choices: [
      ['skip', 'Is not tracked automatically'],
      ['track', 'Is tracked like other mail'],
    ],
  },
  {
    name: 'encrypted',
    kind: 'choice',
    label: 'Encrypted mail',
    choices: [
      ['skip', 'Is not tracked automatically'],
      ['headers-only', 'Is tracked without its body'],
    ],
  },
  {
    name: 'processFrom',
    kind: 'day',
    label: 'Track mail that arrived on this day or later',
    hint: 'Empty: since the mailbox was enabled.',
  },
  { name: 'retentionDays', kind: 'number', label: 'Days for which it is remembered what became of each mail' },
];
