import type { Table } from '../../src/server/odata/metadata.ts';
import { columnsOf, filter, idOf, literal, options, tableOf, text, type Material } from './query.ts';
import type { FuzzRequest } from './requests.ts';

const json = (body: unknown) => JSON.stringify(body);
const JSON_HEADERS = { 'content-type': 'application/json' };
const escape = (text: string) => encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));

/** What has an address or a shape of its own: files, imports, definitions, changes, keys, messages with their parameters. */
export function special(material: Material): FuzzRequest {
  const { random } = material;
  const make = random.pick([transfer, transfer, definitions, follow, follow, alternate, file, sales, sharing, grouped]);
  return make(material);
}

function get(path: string, headers: Record<string, string> = {}): FuzzRequest {
  return { method: 'GET', path, headers, body: undefined };
}

function post(path: string, body: unknown): FuzzRequest {
  return { method: 'POST', path, headers: JSON_HEADERS, body: json(body) };
}

/** CSV and vCard in, CSV out. */
function transfer(material: Material): FuzzRequest {
  const { random } = material;
  const table = tableOf(material);
  if (random.chance(0.4)) {
    const asked = [...options(material, table), random.pick(['bom=1', 'headings=logical', 'headings=x', 'bom='])];
    const search = asked.map((option) => option.replace(/=(.*)$/s, (_all, value: string) => `=${escape(value)}`));
    return get(`/crm/export/${random.pick([table.setName, table.name, 'constructor'])}?${search.join('&')}`);
  }
  const name = random.pick(['contact', 'contact', 'lead', 'account', 'email', '__proto__']);
  const target = random.pick(['preview', 'preview', idOf(material, table), '00000000-0000-4000-8000-0000000000aa']);
  const query = random.pick([
    'name=a.csv&duplicates=skip',
    'name=a.vcf&duplicates=update',
    'name=&duplicates=create',
    `name=a.csv&mapping=${escape(json({ Name: 'lastname', constructor: '__proto__' }))}`,
    'mapping=[]',
    'mapping={"a":1}&duplicates=x',
  ]);
  const cell = () => `"${text(material).replaceAll('"', '""')}"`;
  const heading = () => random.pick(['Last Name', 'lastname', 'E-mail', 'emailaddress1', '__proto__', '', 'Company']);
  const csv = [
    random.many(1, 5, heading).join(random.pick([',', ';', '\t'])),
    ...random.many(0, 4, () => random.many(0, 6, cell).join(',')),
  ].join(random.pick(['\r\n', '\n', '\r']));
  const card = `BEGIN:VCARD\r\nVERSION:${random.pick(['3.0', '4.0', 'x'])}\r\nN:${text(material)};Ana\r\nEMAIL:${text(material)}\r\n${random.pick(['END:VCARD', '', 'BEGIN:VCARD'])}`;
  return {
    method: 'POST',
    path: `/crm/import/${name}/${target}?${query}`,
    headers: { 'content-type': random.pick(['text/csv', 'text/vcard', 'application/json', 'text/csv;charset=utf-16']) },
    body: random.pick([csv, csv, card, '', '\u0000', '"', 'a\n'.repeat(3_000)]),
  };
}

function definitions(material: Material): FuzzRequest {
  const { random } = material;
  const table = tableOf(material);
  const entity = `EntityDefinitions(LogicalName='${random.pick([table.name, table.name, 'constructor', "'", ''])}')`;
  const column = random.pick(columnsOf(table)).name;
  const kind = random.pick(['Picklist', 'String', 'Lookup', 'Nothing']);
  const path = random.pick([
    'EntityDefinitions',
    entity,
    `${entity}/Attributes`,
    `${entity}/Attributes(LogicalName='${column}')`,
    `${entity}/Attributes/Microsoft.Dynamics.CRM.${kind}AttributeMetadata`,
    `${entity}/Attributes(LogicalName='${column}')/Microsoft.Dynamics.CRM.${kind}AttributeMetadata/OptionSet`,
    `${entity}/OneToManyRelationships`,
    `${entity}/Keys`,
    'RelationshipDefinitions',
    `GlobalOptionSetDefinitions(Name='${column}')`,
    '$metadata',
  ]);
  const option = () =>
    random.pick([
      '$select=LogicalName,SchemaName',
      '$select=constructor',
      `$filter=LogicalName eq '${column}'`,
      "$filter=IsCustomEntity eq true or (LogicalName ne 'a' and not(ObjectTypeCode gt 5))",
      `$filter=${'('.repeat(random.int(300))}`,
      '$expand=Attributes($select=LogicalName)',
      '$expand=Attributes($expand=x)',
      '$expand=Keys,OneToManyRelationships',
      '$top=-1',
      '$orderby=LogicalName',
      `$filter=LogicalName eq ${literal(material, random.pick(columnsOf(table)))}`,
    ]);
  const search = random.many(0, 2, option).map((each) => {
    const at = each.indexOf('=');
    return `${each.slice(0, at)}=${escape(each.slice(at + 1))}`;
  });
  return get(`${path}?${search.join('&')}`, random.chance(0.2) ? { accept: 'application/xml' } : {});
}

/** Pages and changes that an answer has offered, whole and altered; or a request that will be offered some. */
function follow(material: Material): FuzzRequest {
  const { random, links } = material;
  if (links.length === 0 || random.chance(0.4)) {
    const table = tableOf(material);
    const prefer = random.pick([
      'odata.track-changes',
      'odata.maxpagesize=1',
      'odata.track-changes,odata.maxpagesize=1',
    ]);
    return get(`${table.setName}?$select=${table.key}`, { prefer });
  }
  const link = random.pick(links);
  return get(
    random.pick([
      link,
      link.replace(/token=.*/s, (token) => token.slice(0, random.int(token.length))),
      link.replace(/\d/, '9'),
      link.replace(/^\w+/, tableOf(material).setName),
      `${link}&$filter=${escape(filter(material, tableOf(material)))}`,
    ]),
  );
}

function alternate(material: Material): FuzzRequest {
  const { random } = material;
  const table = tableOf(material);
  const column = random.pick(columnsOf(table));
  const pair = () => `${column.name}=${literal(material, column)}`;
  const key = random.pick([
    () => `accounts(accountnumber=${literal(material, column)})`,
    () => `${table.setName}(${random.many(1, 3, pair).join(',')})`,
    () => "accounts(accountnumber='A1')",
    () => "accounts(constructor='a',__proto__='b')",
  ])();
  const path = escape(key).replaceAll('%2C', ',').replaceAll('%3D', '=');
  const method = random.pick(['GET', 'GET', 'PATCH', 'DELETE', 'PUT']);
  const body = method === 'PATCH' ? json({ name: 'Fuzz' }) : undefined;
  return { method, path, headers: JSON_HEADERS, body };
}

/** Pictures, and bodies of notes and attachments. */
function file(material: Material): FuzzRequest {
  const { random, model } = material;
  const names = ['account', 'contact', 'lead', 'annotation', 'activitymimeattachment'];
  const table = model.tables.get(random.pick(names)) ?? tableOf(material);
  const bytes = columnsOf(table).filter(({ kind }) => kind === 'bytes');
  const column = random.chance(0.8) && bytes.length > 0 ? random.pick(bytes) : random.pick(columnsOf(table));
  const method = random.pick(['GET', 'GET', 'PUT', 'PATCH', 'DELETE', 'POST']);
  const headers: Record<string, string> = {
    'content-type': random.pick(['application/octet-stream', 'image/png', 'application/json', 'text/plain']),
  };
  if (random.chance(0.5)) headers['x-ms-file-name'] = random.pick(['a.png', '../a', '%00', '__proto__', 'a.exe']);
  if (random.chance(0.3))
    headers['range'] = random.pick(['bytes=0-1', 'bytes=9-1', 'bytes=-5', 'x', 'bytes=0-99999999999']);
  if (random.chance(0.2)) headers['x-ms-transfer-mode'] = random.pick(['chunked', 'x']);
  return {
    method,
    path: `${table.setName}(${idOf(material, table)})/${column.name}${random.pick(['', '/$value', '/$value?size=full', '?size=x'])}`,
    headers,
    body:
      method === 'GET' || method === 'DELETE'
        ? undefined
        : random.pick(['', 'AAAA', '\u0000\u0001', '{"value":"AAAA"}', 'x'.repeat(5_000)]),
  };
}

/** A row as a parameter names it: of the right kind, of another, or none. */
function named(material: Material, wanted: string): unknown {
  const { random, model } = material;
  const right = model.tables.get(wanted);
  const table: Table = right !== undefined && random.chance(0.8) ? right : tableOf(material);
  const type = { '@odata.type': `Microsoft.Dynamics.CRM.${random.chance(0.9) ? table.name : 'constructor'}` };
  return random.chance(0.9)
    ? { [table.key]: idOf(material, table), ...type }
    : random.pick<unknown>([
        null,
        [],
        'x',
        1,
        { ...type },
        { '@odata.id': `${table.setName}(${idOf(material, table)})` },
      ]);
}

function at(material: Material, wanted: string): string {
  const { random, model } = material;
  const right = model.tables.get(wanted);
  const table = right !== undefined && random.chance(0.9) ? right : tableOf(material);
  return `${table.setName}(${idOf(material, table)})/Microsoft.Dynamics.CRM.`;
}

const ODD: readonly unknown[] = [null, 'x', -1, 3, 5, true, 1e300, [], {}, 2147483648];

function sales(material: Material): FuzzRequest {
  const { random, model } = material;
  const status = () => random.pick<unknown>([-1, 3, 3, 4, 5, ...ODD]);
  const wish = () => (random.chance(0.85) ? random.chance(0.5) : random.pick(ODD));
  const closing = (table: string, key: string) => {
    const set = model.tables.get(table)?.setName ?? table;
    const row = model.tables.get(table);
    return {
      subject: text(material),
      [`${key}@odata.bind`]: `/${set}(${row === undefined ? 'x' : idOf(material, row)})`,
      ...(random.chance(0.3) ? { actualrevenue: random.pick(ODD), actualend: text(material) } : {}),
    };
  };
  switch (random.int(5)) {
    case 0:
      return post(`${at(material, 'lead')}QualifyLead`, {
        CreateAccount: wish(),
        CreateContact: wish(),
        CreateOpportunity: wish(),
        Status: status(),
        ...(random.chance(0.3) ? { OpportunityCustomerId: named(material, 'account') } : {}),
        ...(random.chance(0.3)
          ? { SourceCampaignId: named(material, 'contact'), SuppressDuplicateDetection: wish() }
          : {}),
      });
    case 1:
      return post(random.pick(['WinOpportunity', 'LoseOpportunity']), {
        OpportunityClose: closing('opportunity', 'opportunityid'),
        Status: status(),
      });
    case 2:
      return post('CloseIncident', { IncidentResolution: closing('incident', 'incidentid'), Status: status() });
    case 3:
      return post(`${at(material, 'queue')}AddToQueue`, {
        Target: named(material, random.pick(['email', 'task', 'incident'])),
        ...(random.chance(0.3) ? { SourceQueue: named(material, 'queue') } : {}),
        ...(random.chance(0.3)
          ? { QueueItemProperties: random.pick<unknown>([{ priority: 'x' }, { title: 'a' }, [], 1]) }
          : {}),
      });
    default:
      return post(
        `${at(material, 'queueitem')}${random.pick(['PickFromQueue', 'ReleaseToQueue', 'RemoveFromQueue'])}`,
        {
          ...(random.chance(0.7) ? { SystemUser: named(material, 'systemuser'), RemoveQueueItem: wish() } : {}),
        },
      );
  }
}

function sharing(material: Material): FuzzRequest {
  const { random } = material;
  const row = () => named(material, random.pick(['account', 'contact', 'lead', 'email', 'opportunity']));
  const principal = () => named(material, random.pick(['systemuser', 'team']));
  const mask = () => random.pick<unknown>(['ReadAccess', 'ReadAccess,WriteAccess', 'None', 'constructor', '', 1, null]);
  switch (random.int(4)) {
    case 0:
      return post(random.pick(['GrantAccess', 'ModifyAccess']), {
        Target: row(),
        PrincipalAccess: random.chance(0.9) ? { Principal: principal(), AccessMask: mask() } : random.pick(ODD),
      });
    case 1:
      return post('RevokeAccess', { Target: row(), Revokee: principal() });
    case 2:
      return get(`RetrieveSharedPrincipalsAndAccess(Target=@t)?@t=${escape(json(row()))}`);
    default:
      return get(`${at(material, 'systemuser')}RetrievePrincipalAccess(Target=@t)?@t=${escape(json(row()))}`);
  }
}

/** Sums over groups, in both languages. */
function grouped(material: Material): FuzzRequest {
  const { random } = material;
  const table = tableOf(material);
  const column = () => {
    const { name, kind } = random.pick(columnsOf(table));
    return kind === 'lookup' && random.chance(0.5) ? `_${name}_value` : name;
  };
  const how = () => random.pick(['sum', 'min', 'max', 'average', 'countdistinct', 'x']);
  if (random.chance(0.5)) {
    const sums = random.many(
      1,
      3,
      () => `${column()} with ${how()} as ${random.pick(['n', 'm', 'constructor', '1a'])}`,
    );
    const steps = random.many(0, 1, () => `filter(${filter(material, table)})`);
    const names = random.many(1, 3, column).join(',');
    const apply = [
      ...steps,
      random.pick([
        `aggregate(${sums.join(',')})`,
        `groupby((${names}),aggregate(${sums.join(',')},$count as c))`,
        `groupby((${names}))`,
      ]),
    ];
    const order = random.chance(0.3) ? `&$orderby=${random.pick(['n desc', 'constructor', column()])}` : '';
    return get(`${table.setName}?$apply=${escape(apply.join('/'))}${order}`);
  }
  const date = () => random.pick(['', ' dategrouping="month"', ' dategrouping="fiscal-year"', ' dategrouping="x"']);
  const attributes = random.many(1, 3, () =>
    random.chance(0.5)
      ? `<attribute name="${column()}" alias="a${random.int(3)}" groupby="true"${date()}/>`
      : `<attribute name="${column()}" alias="s${random.int(3)}" aggregate="${random.pick(['count', 'countcolumn', 'sum', 'avg', 'min', 'max', 'x'])}"${random.pick(['', ' distinct="true"'])}/>`,
  );
  const order = random.chance(0.3) ? `<order alias="a${random.int(3)}"/>` : '';
  const xml = `<fetch aggregate="true"${random.pick(['', ' top="2"', ' count="2"'])}><entity name="${table.name}">${attributes.join('')}${order}</entity></fetch>`;
  return get(`${table.setName}?fetchXml=${escape(xml)}`);
}
