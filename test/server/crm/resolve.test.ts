import { expect, test } from '@jest/globals';
import { readAddresses } from '../../../src/server/crm/mail/addresses.ts';
import { resolveRecipient, resolveSender, type Candidate } from '../../../src/model/resolve.ts';
import { safeHtml } from '../../../src/server/crm/mail/safe-html.ts';

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

const ids = ({ chosen }: { chosen: readonly Candidate[] }) => chosen.map(({ id }) => id);

test('a sender is one row: colleagues before contacts before accounts before leads', () => {
  const all = [row('lead', 'l'), row('contact', 'c'), row('systemuser', 'u'), row('account', 'a')];
  expect(resolveSender(all, 'dana')).toMatchObject({ rule: 'first-in-order', chosen: [{ id: 'u' }] });
  expect(ids(resolveSender(all.slice(0, 2), 'dana'))).toEqual(['c']);
});

test('a row that the tracker owns comes before all others; of equals the one that was made first', () => {
  const owned = [row('lead', 'l', { ownerId: 'dana' }), row('account', 'a', { ownerId: 'dana' })];
  expect(resolveSender([row('systemuser', 'u'), ...owned], 'dana')).toMatchObject({
    rule: 'owned-by-mailbox-owner',
    chosen: [{ id: 'a' }],
  });
  const older = row('contact', 'old', { createdOn: '2025-01-01T00:00:00Z' });
  expect(ids(resolveSender([row('contact', 'new'), older], 'dana'))).toEqual(['old']);
});

test('an inactive row is a sender only when it is the only one; a disabled user never is', () => {
  const gone = row('contact', 'c', { active: false });
  expect(resolveSender([gone], 'dana')).toMatchObject({ rule: 'only-match', chosen: [{ id: 'c' }] });
  expect(ids(resolveSender([gone, row('lead', 'l')], 'dana'))).toEqual(['l']);
  expect(ids(resolveSender([gone, row('lead', 'l')], 'dana', { several: 'resolve', inactive: true }))).toEqual(['c']);
  expect(resolveSender([row('systemuser', 'u', { active: false })], 'dana').rule).toBe('nobody');
});

test('more than a hundred rows with one address say nothing', () => {
  const many = Array.from({ length: 101 }, (_, index) => row('contact', `c${index}`));
  expect(resolveSender(many, 'dana')).toEqual({ rule: 'too-many-matches', chosen: [] });
  expect(resolveRecipient(many)).toEqual({ rule: 'too-many-matches', chosen: [] });
  expect(ids(resolveRecipient(many.slice(1)))).toHaveLength(100);
});

test('a recipient is every row that has the address, unless the organisation wants none of several', () => {
  const all = [row('contact', 'c'), row('lead', 'l'), row('account', 'a', { active: false })];
  expect(ids(resolveRecipient(all))).toEqual(['c', 'l']);
  expect(resolveRecipient(all, { several: 'leave', inactive: false })).toEqual({ rule: 'several-matches', chosen: [] });
  expect(ids(resolveRecipient(all.slice(1), { several: 'leave', inactive: false }))).toEqual(['l']);
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

/** [what, the body] */
const intricate: [string, string][] = [
  ['tags in one another', '<i>'.repeat(1_700_000)],
  ['entities', '&amp;'.repeat(1_000_000)],
  ['styles', `<p style="${'color:red;'.repeat(500_000)}">x</p>`],
  ['braces in a style', `<p style="${'a{'.repeat(2_500_000)}">x</p>`],
  ['comments in a style', `<p style="${'/**/'.repeat(1_250_000)}color:red">x</p>`],
  ['attributes', `<p ${'a=b '.repeat(1_250_000)}>x</p>`],
  ['scripts that do not end', '<script>'.repeat(600_000)],
  ['comments that do not end', '<!--'.repeat(1_250_000)],
  ['rows of a table', '<tr><td class="x" style="margin:0">Invoice &nbsp; 1</td></tr>\n'.repeat(90_000)],
  ['signs', '<'.repeat(2_500_000)],
];

test.each(intricate)('a body of 5 MB of %s is copied as its text', (_, body) => {
  const safe = safeHtml(`${body}<script>alert(1)</script><img src=x onerror=alert(1)>`);
  // Cleaning, which takes a hundred times as long, would leave some of its elements.
  expect(safe.replaceAll('<br />', '')).not.toContain('<');
});

test('the text of an intricate body is all there is to read in it', () => {
  const much = '<i></i>'.repeat(20_000);
  const body = `<!-- a > b --><style>p > i {}</style><P>1 < 2 &lt;b&gt;<br>yes</P>${much}<title>no</TITLE><a title="x>y">end</a`;
  expect(safeHtml(body)).toBe('<br />1 &lt; 2 &lt;b&gt;<br />yes<br />y">end');
});
