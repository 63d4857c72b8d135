import { expect, test } from '@jest/globals';
import { readAddresses } from '../../../src/server/crm/mail/addresses.ts';
import { chooseRecipients, chooseSender, isOutgoing, type Candidate } from '../../../src/server/crm/mail/candidates.ts';
import { safeHtml } from '../../../src/server/crm/rules.ts';

test.each([
  ['a@x; b@y', ['a@x', 'b@y']],
  ['"Lund; Søren, \\"the\\" <third>" <soren@x>, b@y', ['soren@x', 'b@y']],
  ['a@x;A@X;<a@x>', ['a@x']],
  ['undisclosed recipients:;', []],
  ['', []],
  [';;,,', []],
])('%s names %j', (source, expected) => {
  expect(readAddresses(source)).toEqual(expected);
});

const row = (table: string, id: string, more: Partial<Candidate> = {}): Candidate => ({
  table,
  id,
  address: 'a@x',
  columnNumber: 1,
  ownerId: null,
  createdOn: '2026-01-01T00:00:00Z',
  active: true,
  ...more,
});

test('a sender is one row: colleagues before contacts before accounts before leads', () => {
  const all = [row('systemuser', 'u'), row('contact', 'c'), row('lead', 'l')];
  expect(chooseSender(all, 'dana')?.id).toBe('u');
  expect(chooseSender(all.slice(1), 'dana')?.id).toBe('c');
});

test('a row that the tracker owns comes before all others', () => {
  expect(chooseSender([row('systemuser', 'u'), row('lead', 'l', { ownerId: 'dana' })], 'dana')?.id).toBe('l');
});

test('an inactive row is a sender only when it is the only one; a disabled user never is', () => {
  expect(chooseSender([row('contact', 'c', { active: false })], 'dana')?.id).toBe('c');
  expect(chooseSender([row('contact', 'c', { active: false }), row('lead', 'l')], 'dana')?.id).toBe('l');
  expect(chooseSender([row('systemuser', 'u', { active: false })], 'dana')).toBeUndefined();
  expect(isOutgoing([row('systemuser', 'u', { active: false })])).toBe(true);
});

test('more than a hundred rows with one address say nothing', () => {
  const many = Array.from({ length: 101 }, (_, index) => row('contact', `c${index}`));
  expect(chooseSender(many, 'dana')).toBeUndefined();
  expect(chooseRecipients(many)).toEqual([]);
});

test('a recipient is every row that has the address', () => {
  const found = chooseRecipients([row('contact', 'c'), row('lead', 'l'), row('account', 'a', { active: false })]);
  expect(found.map(({ id }) => id)).toEqual(['c', 'l']);
});

test('the safe copy of a body runs nothing, asks for nothing and posts nothing', () => {
  const hostile = [
    '<script>alert(1)</script><p onclick="x()" style="color:red;background-image:url(https://t.example/x)">text</p>',
    '<a href="javascript:x()">link</a><a href="https://x.example">link</a>',
    '<img src="https://t.example/x.gif"><img src="cid:logo"><img src="data:image/png;base64,AAAA">',
    '<form action="https://x"><input name="password"><button>go</button></form>',
    '<iframe src="https://x"></iframe><object data="x"></object><svg onload="x()"><style>*{}</style></svg><meta http-equiv="refresh">',
  ].join('');
  const safe = safeHtml(hostile);
  expect(safe).not.toMatch(
    /script|onclick|onload|url\(|t\.example|<form|<input|<button|<iframe|<object|<svg|<style|<meta/i,
  );
  expect(safe).toContain('style="color:red"');
  expect(safe).toContain('href="https://x.example"');
  expect(safe).toContain('src="cid:logo"');
});
