import { account, contact } from './addresses.ts';
import type { BadInput } from './bad-input.ts';

const row = `contacts(${contact})`;
const change = '{"lastname":"After"}';
const stranger = '00000000-0000-4000-8000-00000000dead';
const long = 'x'.repeat(50_000);

const requests: readonly (readonly [request: string, body?: string])[] = [
  ['GET contacts'],
  [`GET ${row}`],
  [`GET ${row}/lastname`],
  ['GET contacts/$count'],
  ['GET WhoAmI'],
  ['GET $metadata'],
  ['GET EntityDefinitions?$select=LogicalName'],
  ['POST contacts', change],
  [`PATCH ${row}`, change],
  [`DELETE ${row}`],
  ['GET /crm/export/contacts'],
];
/** Refused wherever they are sent. */
const everywhere: readonly (readonly [name: string, headers: Record<string, string>, status: number, word: string])[] =
  [
    ['MSCRMCallerID that is no GUID', { mscrmcallerid: "' or 1=1--" }, 400, 'MSCRMCallerID'],
    ['MSCRMCallerID of nobody', { mscrmcallerid: stranger }, 403, 'not a member'],
    ['CallerObjectId that is no GUID', { callerobjectid: 'constructor' }, 403, 'prvActOnBehalfOfAnotherUser'],
    ['CallerObjectId of nobody', { callerobjectid: stranger }, 403, ''],
    ['a long CallerObjectId', { callerobjectid: long }, 403, 'prvActOnBehalfOfAnotherUser'],
    ['a token that is none', { authorization: 'Bearer x.y.z' }, 401, ''],
    ['a token of 50 KB', { authorization: `Bearer ${long}` }, 401, ''],
    ['another kind of sign-in', { authorization: 'Basic ZGFuYTpkYW5h' }, 401, ''],
    ['no sign-in', { authorization: '' }, 401, ''],
  ];
/** Refused by the Web API. */
const inApi: typeof everywhere = [
  ['another OData-Version', { 'odata-version': '3.0' }, 400, 'OData-Version'],
  ['an OData-Version that is none', { 'odata-version': '__proto__' }, 400, 'OData-Version'],
  ['an OData-MaxVersion that is none', { 'odata-maxversion': 'x' }, 400, 'OData-MaxVersion'],
  ['a body that is packed', { 'content-encoding': 'gzip' }, 415, 'gzip'],
];
/** Refused where a version is looked at. */
const versions: readonly (readonly [name: string, headers: Record<string, string>])[] = [
  ['a version that is none', { 'if-match': 'x' }],
  ['a version of something else', { 'if-match': 'W/"999999999"' }],
  ['a version that is too large', { 'if-match': `W/"${'9'.repeat(400)}"` }],
  ['SQL', { 'if-match': `W/"1' or 1=1--"` }],
  ['a version of 50 KB', { 'if-match': `W/"${long}"` }],
];

export function inHeaders(): BadInput[] {
  const made = (
    request: string,
    body: string | undefined,
    [name, headers, status, word]: (typeof everywhere)[number],
  ): BadInput => {
    const [method = '', path = ''] = request.split(' ');
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    return { where: request, name, method, path, body, headers: { ...type, ...headers }, status, word };
  };
  const api = requests.filter(([request]) => !request.includes(' /'));
  return [
    ...requests.flatMap(([request, body]) => everywhere.map((header) => made(request, body, header))),
    ...api.flatMap(([request, body]) => inApi.map((header) => made(request, body, header))),
    ...[`PATCH ${row}`, `PUT ${row}/lastname`, `PUT ${row}/parentcustomerid_account/$ref`].flatMap((request) =>
      versions.map(([name, headers]) => {
        const body = request.endsWith('$ref')
          ? `{"@odata.id":"accounts(${account})"}`
          : request.startsWith('PUT')
            ? '{"value":"After"}'
            : change;
        return made(request, body, [name, headers, 412, '']);
      }),
    ),
    ...versions.map(([name, headers]) => made(`DELETE ${row}`, undefined, [name, headers, 412, ''])),
  ];
}
