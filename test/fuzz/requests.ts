import type { Column, Table } from '../../src/server/odata/metadata.ts';
import { special } from './special.ts';
import { columnsOf, idOf, literal, options, tableOf, text, type Material } from './query.ts';

export interface FuzzRequest {
  method: string;
  /** After the root of the service; from the root of the server when it begins with a slash. */
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
}

const MESSAGES = [
  ...[
    'WhoAmI',
    'CheckPromoteEmail',
    'CheckIncomingEmail',
    'DeliverPromoteEmail',
    'QualifyLead',
    'WinOpportunity',
    'LoseOpportunity',
  ],
  ...[
    'CloseIncident',
    'SendEmail',
    'GrantAccess',
    'ModifyAccess',
    'RevokeAccess',
    'RetrievePrincipalAccess',
    'AddMembersTeam',
    'Merge',
  ],
  ...[
    'RetrieveUserPrivileges',
    'RetrieveDuplicates',
    'InstantiateTemplate',
    'SendEmailFromTemplate',
    'AddToQueue',
    'Nothing',
  ],
];
/** Pieces that a parser may stumble over. */
const TOKENS = [
  "'",
  '"',
  '(',
  ')',
  '%',
  '%00',
  '%ff',
  '$',
  '@',
  '/',
  '//',
  ';',
  ',',
  '{',
  '}',
  '[',
  ']',
  '\\',
  '\r\n',
  '\n',
  '--',
  '<',
  '>',
  '&',
  '=',
  '0',
  '-',
  '\u0000',
  '\ud800',
  'é',
  'null',
  ' eq ',
  ' and ',
  'any(',
  '..',
];

export function makeRequest(material: Material): FuzzRequest {
  const { random } = material;
  const request = random.chance(0.06) ? batch(material) : random.chance(0.3) ? special(material) : single(material);
  return random.chance(0.25) ? mutated(material, request) : request;
}

function single(material: Material): FuzzRequest {
  const { random } = material;
  const table = tableOf(material);
  const query = () => {
    const found = options(material, table);
    return found.length === 0 ? '' : `?${found.map(escaped).join('&')}`;
  };
  const row = `${table.setName}(${idOf(material, table)})`;
  const headers = someHeaders(material);
  switch (random.int(12)) {
    case 0:
    case 1:
    case 2:
      return { method: 'GET', path: table.setName + query(), headers, body: undefined };
    case 3:
      return { method: 'GET', path: row + query(), headers, body: undefined };
    case 4:
    case 5:
      return { method: 'POST', path: table.setName, headers, body: json(body(material, table, 0)) };
    case 6:
      return { method: 'PATCH', path: row, headers, body: json(body(material, table, 0)) };
    case 7:
      return {
        method: 'DELETE',
        path: random.chance(0.7) ? row : `${row}/${random.pick(columnsOf(table)).name}`,
        headers,
        body: undefined,
      };
    case 8:
      return { method: 'GET', path: `${row}/${member(material, table)}${query()}`, headers, body: undefined };
    case 9:
      return reference(material, table, row, headers);
    case 10:
      return message(material, table, row, headers);
    default:
      return {
        method: random.pick(['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'DELETE']),
        path: random.pick([
          '',
          '$metadata',
          'EntityDefinitions',
          `${table.setName}/$count${query()}`,
          '$batch',
          'x',
          '../x',
          `${table.setName}/${row}`,
          'GlobalOptionSetDefinitions',
          '$entity',
        ]),
        headers,
        body: undefined,
      };
  }
}

/** Escaped as a client would, which leaves what may stand. */
function escaped(option: string): string {
  const [name = '', ...rest] = option.split('=');
  return `${name}=${encodeURIComponent(wellFormed(rest.join('=')))}`;
}

const wellFormed = (value: string) => value.replace(/\p{Surrogate}/gu, '\ufffd');

function json(value: object): string {
  return JSON.stringify(value);
}

function member({ random }: Material, table: Table): string {
  const navigations = [...table.single.keys(), ...table.collections.keys(), ...table.many.keys()];
  const column = random.pick(columnsOf(table)).name;
  return random.pick([
    column,
    `${column}/$value`,
    random.pick([...navigations, 'x']),
    `${random.pick([...navigations, 'x'])}/$ref`,
    '$count',
    'x/y/z',
  ]);
}

function reference(material: Material, table: Table, row: string, headers: Record<string, string>): FuzzRequest {
  const { random } = material;
  const target = tableOf(material);
  return {
    method: random.pick(['PUT', 'POST', 'DELETE']),
    path: `${row}/${random.pick([...table.single.keys(), ...table.collections.keys(), ...table.many.keys(), 'x'])}/$ref`,
    headers,
    body: json({ '@odata.id': `${target.setName}(${idOf(material, target)})` }),
  };
}

function message(material: Material, table: Table, row: string, headers: Record<string, string>): FuzzRequest {
  const { random } = material;
  const name = random.pick(MESSAGES);
  const parameter = () =>
    random.pick([
      'MessageId',
      'Subject',
      'LeadId',
      'Status',
      'Target',
      'Revokee',
      'PrincipalAccess',
      'CreateContact',
      'IssueSend',
      'x',
    ]);
  const bound = random.chance(0.4) ? `${row}/Microsoft.Dynamics.CRM.${name}` : name;
  if (random.chance(0.5)) {
    const inside = random
      .many(0, 3, () => `${parameter()}=${random.pick(["'a'", '@a', '1', 'null', "{'@odata.id':'contacts(x)'}", ''])}`)
      .join(',');
    return {
      method: 'GET',
      path: `${bound}(${encodeURIComponent(inside)})?@a=${encodeURIComponent("'x'")}`,
      headers,
      body: undefined,
    };
  }
  const parameters = random.many(0, 5, () => [
    parameter(),
    random.pick<unknown>([
      text(material),
      1,
      true,
      null,
      [],
      {},
      { '@odata.type': `Microsoft.Dynamics.CRM.${table.name}`, [table.key]: idOf(material, table) },
    ]),
  ]);
  return { method: 'POST', path: bound, headers, body: json(Object.fromEntries(parameters) as object) };
}

function value(material: Material, column: Column): unknown {
  const { random } = material;
  if (random.chance(0.05)) return random.pick<unknown>([null, {}, [], 'x', 1e308, -1, true, [[]], { a: {} }]);
  const source = literal(material, column).replace(/^'(.*)'$/s, '$1');
  switch (column.kind) {
    case 'choice':
      return random.chance(0.8) && column.options !== undefined
        ? random.pick([...column.options.keys()])
        : Number(source) || 0;
    case 'boolean':
      return source === 'true' || source === '1';
    case 'integer':
    case 'bigint':
    case 'decimal':
    case 'money':
      return Number(source) || 0;
    case 'bytes':
      return random.pick(['AAAA', 'x', '====', '']);
    default:
      return source;
  }
}

function body(material: Material, table: Table, depth: number): Record<string, unknown> {
  const { random, model } = material;
  const found: Record<string, unknown> = {};
  for (const name of ['name', 'lastname', 'subject', 'title'])
    if (table.columns.has(name) && random.chance(0.8)) found[name] = `Fuzz ${random.int(1000)}`;
  for (const column of random.many(0, 4, () => random.pick(columnsOf(table))))
    found[column.name] = value(material, column);
  const single = [...table.single.values()];
  if (single.length > 0 && random.chance(0.3)) {
    const navigation = random.pick(single);
    const target = model.tables.get(navigation.target);
    if (target !== undefined) {
      if (depth < 3 && random.chance(0.3)) found[navigation.name] = body(material, target, depth + 1);
      else
        found[`${navigation.name}@odata.bind`] = random.chance(0.9)
          ? `/${target.setName}(${idOf(material, target)})`
          : random.pick<unknown>([null, 1, '', '/x', []]);
    }
  }
  const collections = [...table.collections.values()];
  if (collections.length > 0 && depth < 3 && random.chance(0.15)) {
    const navigation = random.pick(collections);
    const target = model.tables.get(navigation.target);
    if (target !== undefined) found[navigation.name] = random.many(0, 2, () => body(material, target, depth + 1));
  }
  if (random.chance(0.03))
    found[random.pick(['constructor', '__proto__', '@odata.type', 'x@odata.bind', '', '_ownerid_value'])] =
      text(material);
  return found;
}

function someHeaders({ random }: Material): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  const add = (chance: number, name: string, values: readonly string[]) => {
    if (random.chance(chance)) headers[name] = random.pick(values);
  };
  add(0.2, 'prefer', [
    'return=representation',
    'odata.maxpagesize=2',
    'odata.include-annotations="*"',
    'odata.track-changes',
    'odata.maxpagesize=x',
    'respond-async',
    ',,,',
    'odata.include-annotations="',
  ]);
  add(0.1, 'if-match', ['*', 'W/"1"', 'x', '', 'W/"1", *']);
  add(0.1, 'if-none-match', ['*', 'null', 'W/"1"']);
  add(0.01, 'callerobjectid', ['x', 'd0000000-0000-4000-8000-000000000002']);
  add(0.03, 'accept', ['application/xml', '*/*', 'application/json;odata.metadata=full', ';;;']);
  add(0.02, 'content-type', ['text/plain', 'application/json; charset=x', 'multipart/mixed', '']);
  add(0.03, 'mscrm.suppressduplicatedetection', ['false', 'true', 'x']);
  return headers;
}

function batch(material: Material): FuzzRequest {
  const { random } = material;
  const part = (id: number) => {
    const { method, path, body: content, headers } = single(material);
    const lines = Object.entries(headers)
      .map(([name, held]) => `${name}: ${held}`)
      .join('\r\n');
    const address = random.chance(0.05) ? `$${random.int(3)}` : path.replace(/\s/g, '%20');
    return `Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: ${id}\r\n\r\n${method} ${random.chance(0.5) ? '/api/data/v9.2/' : ''}${address} HTTP/1.1\r\n${lines}\r\n\r\n${content ?? ''}\r\n`;
  };
  const parts = random.many(0, 4, () =>
    random.chance(0.4)
      ? `Content-Type: multipart/mixed; boundary=c\r\n\r\n${random.many(0, 3, () => `--c\r\n${part(random.int(4))}`).join('')}--c--\r\n`
      : part(random.int(9)),
  );
  const content = `${parts.map((each) => `--b\r\n${each}`).join('')}--b--\r\n`;
  const headers: Record<string, string> = {
    'content-type': random.chance(0.97) ? 'multipart/mixed; boundary=b' : 'multipart/mixed',
  };
  if (random.chance(0.5)) headers['prefer'] = 'odata.continue-on-error';
  return { method: 'POST', path: '$batch', headers, body: content };
}

function mutated(material: Material, request: FuzzRequest): FuzzRequest {
  const { random } = material;
  return request.body !== undefined && random.chance(0.6)
    ? { ...request, body: scrambled(material, request.body) }
    : { ...request, path: scrambled(material, request.path) };
}

/** Some pieces taken out, put in twice, exchanged or replaced by a piece of the dictionary. */
function scrambled({ random }: Material, source: string): string {
  let result = source;
  for (let step = random.int(4); step >= 0; step -= 1) {
    const at = random.int(result.length + 1);
    const length = random.pick([0, 1, 1, 2, 8]);
    const piece = random.pick([
      random.pick(TOKENS),
      result.slice(at, at + length).repeat(2),
      '',
      random.pick(TOKENS).repeat(50),
    ]);
    result = result.slice(0, at) + piece + result.slice(at + length);
  }
  return result.slice(0, 20_000);
}
