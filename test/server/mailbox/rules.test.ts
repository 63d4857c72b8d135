import { describe, expect, test } from '@jest/globals';
import {
  createFolderTree,
  effectOf,
  foldersOf,
  previewRule,
  ruleOf,
  troubleOf,
  type FiledMail,
  type FolderRule,
} from '../../../src/server/mailbox/rules.ts';
import type { FolderRole, SourceFolder } from '../../../src/server/mailbox/source.ts';

const contract = { table: 'opportunity', id: 'c0000000-0000-4000-8000-000000000001', name: 'Contract' } as const;
const renewal = { table: 'opportunity', id: 'c0000000-0000-4000-8000-000000000002', name: 'Renewal' } as const;
const ada = { table: 'contact', id: 'a0000000-0000-4000-8000-000000000001', name: 'Ada' } as const;

function rule(folderId: string, more: Partial<FolderRule> = {}): FolderRule {
  const since = '2026-11-01T00:00:00.000Z';
  const usual = { includeSubfolders: false, regarding: null, appliesTo: 'new', origin: 'own' } as const;
  return { id: `rule of ${folderId}`, folderId, since, ...usual, ...more };
}

function folder(id: string, parentId: string | null, role: FolderRole | null = null): SourceFolder {
  return { id, name: id, parentId, role };
}

const folders = [
  folder('inbox', null, 'inbox'),
  folder('customers', 'inbox'),
  folder('fabrikam', 'customers'),
  folder('orders', 'fabrikam'),
  folder('archive', null, 'archive'),
  folder('old', 'archive'),
  folder('trash', null, 'trash'),
  folder('thrown away', 'trash'),
];
const tree = createFolderTree(folders);

describe('the rule of a folder', () => {
  test('is its own, else the nearest above that includes sub-folders', () => {
    const customers = rule('customers', { includeSubfolders: true });
    const fabrikam = rule('fabrikam', { regarding: contract });
    const rules = [customers, fabrikam];
    expect(ruleOf(rules, tree, 'customers')).toBe(customers);
    expect(ruleOf(rules, tree, 'fabrikam')).toBe(fabrikam);
    expect(ruleOf(rules, tree, 'orders')).toBe(customers);
    expect(ruleOf(rules, tree, 'inbox')).toBeUndefined();
    expect([...foldersOf(rules, folders)]).toEqual(['customers', 'fabrikam', 'orders']);
    expect(ruleOf([{ ...fabrikam, includeSubfolders: true }, customers], tree, 'orders')?.folderId).toBe('fabrikam');
  });

  test('made here goes before one of the CRM, and the older before the newer', () => {
    const theirs = rule('orders', { id: 'theirs', origin: 'crm', since: '2020-01-01T00:00:00.000Z' });
    const newer = rule('orders', { id: 'newer', since: '2026-11-02T00:00:00.000Z' });
    const older = rule('orders', { id: 'older' });
    expect(ruleOf([theirs, newer, older], tree, 'orders')).toBe(older);
    expect(ruleOf([theirs], tree, 'orders')).toBe(theirs);
  });

  test.each([
    ['orders', 'own', null],
    ['old', 'own', null],
    ['old', 'crm', 'outside-inbox'],
    ['orders', 'crm', null],
    ['trash', 'own', 'in-trash'],
    ['thrown away', 'own', 'in-trash'],
    ['deleted long ago', 'own', 'folder-gone'],
  ] as const)('of %s (%s) is in trouble: %s', (folderId, origin, trouble) => {
    const given = rule(folderId, { origin });
    expect(troubleOf(given, tree)).toBe(trouble);
    expect(ruleOf([given], tree, folderId)).toBe(trouble === null ? given : undefined);
  });

  test('goes on when the folder is renamed or moved, and not for a new folder of the old name', () => {
    const moved = createFolderTree([
      folder('inbox', null, 'inbox'),
      { ...folder('orders', 'inbox'), name: 'Bestellungen' },
      { ...folder('another', 'inbox'), name: 'orders' },
    ]);
    const given = rule('orders');
    expect(ruleOf([given], moved, 'orders')).toBe(given);
    expect(ruleOf([given], moved, 'another')).toBeUndefined();
  });

  test('is found in a tree that bites its own tail, or lacks a parent', () => {
    const circle = createFolderTree([folder('a', 'b'), folder('b', 'a'), folder('c', 'nowhere')]);
    expect(ruleOf([rule('b', { includeSubfolders: true })], circle, 'a')?.folderId).toBe('b');
    expect(ruleOf([rule('b', { includeSubfolders: true })], circle, 'c')).toBeUndefined();
  });
});

describe('what a rule means for the mails of its folder', () => {
  const mail: FiledMail = {
    itemId: '1',
    receivedAt: '2026-11-05T08:00:00.000Z',
    filedAt: null,
    state: 'tracked',
    regarding: null,
    linkedByRule: null,
  };
  const early = { receivedAt: '2026-10-05T08:00:00.000Z' };
  const toContract = { regarding: contract };
  test.each<[string, Partial<FolderRule>, Partial<FiledMail>, string]>([
    ['a new mail is tracked', toContract, { state: 'not-tracked' }, 'track'],
    [
      'an earlier one is not, when the rule is for new mail',
      toContract,
      { state: 'not-tracked', ...early },
      'before-rule',
    ],
    [
      'but is when somebody puts it there now',
      toContract,
      { state: 'not-tracked', ...early, filedAt: '2026-11-07T00:00:00Z' },
      'track',
    ],
    ['and when the rule is for all', { ...toContract, appliesTo: 'all' }, { state: 'not-tracked', ...early }, 'track'],
    ['what is regarding nothing is linked', toContract, {}, 'link'],
    ['what a rule linked is linked anew', toContract, { regarding: renewal, linkedByRule: renewal.id }, 'relink'],
    ['what a person linked stays', toContract, { regarding: ada }, 'by-hand'],
    ['what a person linked after a rule stays', toContract, { regarding: ada, linkedByRule: renewal.id }, 'by-hand'],
    ['a link that a person took away stays away', toContract, { regarding: null, linkedByRule: renewal.id }, 'by-hand'],
    ['what is linked so already', toContract, { regarding: contract }, 'same'],
    ['a rule without a record takes no link away', {}, { regarding: renewal, linkedByRule: renewal.id }, 'same'],
    [
      'what its owner untracked stays so',
      { ...toContract, appliesTo: 'all' },
      { state: 'untracked-by-owner' },
      'untracked',
    ],
  ])('%s', (_, given, of, effect) => {
    expect(effectOf(rule('orders', given), { ...mail, ...of })).toBe(effect);
  });

  test('is shown before it happens, with what each mail is regarding now', () => {
    const mails = [
      { ...mail, itemId: 'linked by the rule', regarding: renewal, linkedByRule: renewal.id },
      { ...mail, itemId: 'linked by hand', regarding: ada, linkedByRule: renewal.id },
      { ...mail, itemId: 'old', ...early },
    ];
    const preview = previewRule(rule('orders', toContract), mails);
    expect(preview.mails.map((each) => [each.mail.itemId, each.mail.regarding?.name, each.effect])).toEqual([
      ['linked by the rule', 'Renewal', 'relink'],
      ['linked by hand', 'Ada', 'by-hand'],
      ['old', undefined, 'before-rule'],
    ]);
    expect(preview.counts).toEqual({
      track: 0,
      link: 0,
      relink: 1,
      same: 0,
      'by-hand': 1,
      untracked: 0,
      'before-rule': 1,
    });
  });
});
