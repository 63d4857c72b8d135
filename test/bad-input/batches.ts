import { account, contact } from './addresses.ts';
import type { BadInput } from './bad-input.ts';

const http = 'Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n';
const mixed = 'multipart/mixed; boundary=b';
const good = 'POST contacts HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{"lastname":"In a batch"}\r\n';
const part = (request: string, id = 1) => `${http}Content-ID: ${id}\r\n\r\n${request}\r\n`;
const batch = (...parts: string[]) => `${parts.map((each) => `--b\r\n${each}`).join('')}--b--\r\n`;
const set = (...parts: string[]) =>
  `Content-Type: multipart/mixed; boundary=c\r\n\r\n${parts.map((each) => `--c\r\n${each}`).join('')}--c--\r\n`;
const get = (address: string) => `GET ${address} HTTP/1.1\r\n\r\n`;
const change = (method: string, path: string, body: string) =>
  `${method} ${path} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n${body}\r\n`;

/** Refused as a whole. */
const whole: readonly (readonly [name: string, body: string, type?: string])[] = [
  ['nothing', ''],
  ['no boundary', batch(part(get('WhoAmI'))), 'multipart/mixed'],
  ['an empty boundary', batch(part(get('WhoAmI'))), 'multipart/mixed; boundary='],
  ['a boundary of 10,000 letters', batch(part(get('WhoAmI'))), `multipart/mixed; boundary=${'b'.repeat(10_000)}`],
  ['another boundary', batch(part(get('WhoAmI'))), 'multipart/mixed; boundary=x'],
  ['JSON', '{"requests":[]}', 'application/json'],
  ['no end', `--b\r\n${part(get('WhoAmI'))}`],
  ['1,001 requests', batch(...Array.from({ length: 1_001 }, () => part(get('WhoAmI'))))],
  ['100,000 empty parts', '--b\r\n\r\n'.repeat(100_000)],
  ['1 MB of line ends', '\r\n'.repeat(500_000)],
  ['1 MB of hyphens', '-'.repeat(1_000_000)],
];

/** One part that is refused; in a change set what stands beside it is undone. */
const parts: readonly (readonly [name: string, request: string, status: number | undefined, word: string])[] = [
  ['no request line', 'hello', 400, 'request line'],
  ['a method that is none', get('contacts').replace('GET', 'BREW'), 405, ''],
  ['a batch', change('POST', '$batch', '{}'), 400, 'batch'],
  ['an unknown set', get('constructor'), 404, 'constructor'],
  ['an unknown column', get('contacts?$select=__proto__'), 400, '__proto__'],
  ['a $filter of 1 MB', get(`contacts?$filter=${'a'.repeat(1_000_000)}`), 400, ''],
  ['a $filter of 10,000 parentheses', get(`contacts?$filter=${'('.repeat(10_000)}1${')'.repeat(10_000)}`), 400, ''],
  ['a $filter of 20,000 terms', get(`contacts?$filter=${'1%20eq%201%20or%20'.repeat(20_000)}1%20eq%201`), 400, ''],
  ['an $expand of 1 MB', get(`contacts?$expand=${'a('.repeat(500_000)}`), 400, ''],
  ['a $select of 100,000 names', get(`contacts?$select=${'fullname,'.repeat(100_000)}x`), 400, ''],
  ['an $orderby of 100,000 names', get(`contacts?$orderby=${'fullname,'.repeat(100_000)}x`), 400, ''],
  ['fetchXml of 10,000 levels', get(`contacts?fetchXml=${'<a>'.repeat(10_000)}`), 400, ''],
  ['fetchXml of 1 MB', get(`contacts?fetchXml=<fetch><entity name="${'a'.repeat(1_000_000)}"/></fetch>`), 400, ''],
  [
    'fetchXml with entities',
    get('contacts?fetchXml=<!DOCTYPE%20a%20[<!ENTITY%20b%20"c">]><fetch><entity%20name="%26b;"/></fetch>'),
    400,
    '',
  ],
  ['an $apply of 1 MB', get(`contacts?$apply=${'filter('.repeat(140_000)}`), 400, ''],
  ['a $skiptoken of 1 MB', get(`contacts?$skiptoken=${'A'.repeat(1_000_000)}`), 400, ''],
  ['a $deltatoken of 1 MB', get(`contacts?$deltatoken=${'A'.repeat(1_000_000)}`), 400, ''],
  ['an address of 1 MB', get('a/'.repeat(500_000)), 414, ''],
  ['a key of 1 MB', get(`contacts(${'a'.repeat(1_000_000)})`), 414, ''],
  ['an escape that is none', get('contacts?$filter=%zz'), 400, 'escape'],
  ['NUL', get('contacts?$filter=%00'), 400, 'escape'],
  ['an unknown Content-ID', change('POST', '$99/contact_customer_contacts/$ref', '{}'), undefined, '$99'],
  ['an unknown column in a body', change('POST', 'contacts', '{"constructor":1}'), 400, 'constructor'],
  ['a row that is not there', change('DELETE', 'contacts(00000000-0000-4000-8000-000000000000)', ''), 404, ''],
  ['another type', change('POST', 'contacts', '<a/>').replace('json', 'xml'), 415, 'xml'],
  ['another version', `PATCH contacts(${contact}) HTTP/1.1\r\nIf-Match: W/"1"\r\n\r\n{"lastname":"x"}\r\n`, 412, ''],
  ['a lookup to nothing', change('POST', 'contacts', '{"parentcustomerid_account@odata.bind":"$7"}'), undefined, '$7'],
  [
    'a lookup by an alternate key',
    change('PATCH', `accounts(${account})`, '{"primarycontactid@odata.bind":"/contacts(a=1)"}'),
    400,
    'a',
  ],
];

/** `status` is that of the batch, which is that of its first failure. */
export function inBatches(): BadInput[] {
  const made = (
    where: string,
    name: string,
    body: string,
    type: string,
    status: number | undefined,
    word: string,
  ): BadInput => ({
    where,
    name,
    method: 'POST',
    path: '$batch',
    body,
    headers: { 'content-type': type },
    status,
    word,
  });
  return [
    ...whole.map(([name, body, type = mixed]) => made('$batch', name, body, type, undefined, '')),
    ...parts.map(([name, request, status, word]) => made('a part', name, batch(part(request)), mixed, status, word)),
    ...parts.map(([name, request, status, word]) =>
      made(
        'a change set',
        name,
        batch(set(part(good), part(request, 2))),
        mixed,
        request.startsWith('GET') ? 400 : status,
        request.startsWith('GET') ? '' : word,
      ),
    ),
  ];
}
