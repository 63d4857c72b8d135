import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { DynamicsWebApi } from 'dynamics-web-api';
import { SaxesParser } from 'saxes';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client, type World } from '../world.ts';

// Every table on both engines: a busy machine needs a while.
jest.setTimeout(60_000);

/** What the tests look at of a definition. */
interface Described {
  MetadataId: string;
  LogicalName: string;
  Attributes: { LogicalName: string }[];
  OptionSet: { Options: { Value: number; Label: { UserLocalizedLabel: { Label: string } } }[] };
}

interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
}

/** @throws where the text is not well-formed, namespaces included */
function parseXml(text: string): Element {
  const parser = new SaxesParser({ xmlns: true });
  const root: Element = { name: '', attributes: {}, children: [] };
  const open = [root];
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ local, attributes }) => {
    const plain = Object.fromEntries(Object.entries(attributes).map(([name, { value }]) => [name, value]));
    const element = { name: local, attributes: plain, children: [] };
    open.at(-1)!.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => void open.pop());
  parser.write(text).close();
  return root.children[0]!;
}

const of = (element: Element, name: string) => element.children.filter((child) => child.name === name);

forEachEngine('The schema', (engine) => {
  let world: World;
  let client: Client;
  let crm: DynamicsWebApi;
  beforeAll(async () => {
    world = await createWorld(await engine.open());
    client = world.as(miguel);
    const serverUrl = await world.app.listen({ port: 0, host: '127.0.0.1' });
    crm = new DynamicsWebApi({ serverUrl, dataApi: { version: '9.2' }, onTokenRefresh: () => world.token(dana) });
  });
  afterAll(async () => world.app.close());

  test('$metadata names no type, key, partner or set that it does not hold', async () => {
    const answer = await client.get('$metadata');
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/xml']);
    const [services] = of(parseXml(answer.text), 'DataServices');
    const [schema] = of(services!, 'Schema');
    const entities = new Map(of(schema!, 'EntityType').map((each) => [each.attributes['Name']!, each]));
    const complex = new Set(of(schema!, 'ComplexType').map((each) => each.attributes['Name']!));
    const local = (type: string) =>
      type.replace(/^Collection\((.*)\)$/, '$1').replace(/^(?:mscrm|Microsoft\.Dynamics\.CRM)\./, '');
    const known = (type: string) =>
      /^Edm\.\w+$/.test(local(type)) || entities.has(local(type)) || complex.has(local(type));
    const lineage = (name: string): Element[] => {
      const type = entities.get(name);
      if (type === undefined) throw new Error(`no type ${name}`);
      const base = type.attributes['BaseType'];
      return base === undefined ? [type] : [type, ...lineage(local(base))];
    };
    const members = (name: string, kind: string) => lineage(name).flatMap((type) => of(type, kind));
    const bad: string[] = [];
    const check = (holds: boolean, what: string) => void (holds || bad.push(what));
    for (const [name, type] of entities) {
      const names = [...members(name, 'Property'), ...members(name, 'NavigationProperty')].map(
        (each) => each.attributes['Name'],
      );
      check(new Set(names).size === names.length, `${name} has a member twice`);
      if (type.attributes['Abstract'] !== 'true' && type.attributes['OpenType'] !== 'true')
        check(members(name, 'Key').length === 1, `${name} has no single key`);
      for (const reference of members(name, 'Key').flatMap((key) => of(key, 'PropertyRef')))
        check(names.includes(reference.attributes['Name']), `${name}: key`);
      for (const property of of(type, 'Property'))
        check(known(property.attributes['Type']!), `${name}: ${property.attributes['Type']}`);
      for (const navigation of of(type, 'NavigationProperty')) {
        const { Name: own, Type: target = '', Partner: partner } = navigation.attributes;
        check(entities.has(local(target)), `${name}.${own}: ${target}`);
        const back =
          partner === undefined
            ? undefined
            : members(local(target), 'NavigationProperty').find((each) => each.attributes['Name'] === partner);
        check(partner === undefined || back !== undefined, `${name}.${own}: no partner ${partner}`);
        const collection = target.startsWith('Collection');
        if (back !== undefined && !collection)
          check(back.attributes['Partner'] === own, `${name}.${own}: ${partner} leads elsewhere`);
        for (const constraint of of(navigation, 'ReferentialConstraint')) {
          check(
            names.includes(constraint.attributes['Property']),
            `${name}.${own}: ${constraint.attributes['Property']}`,
          );
          const far = members(local(target), 'Property').map((each) => each.attributes['Name']);
          check(
            far.includes(constraint.attributes['ReferencedProperty']),
            `${name}.${own}: ${constraint.attributes['ReferencedProperty']}`,
          );
        }
      }
    }
    for (const type of of(schema!, 'ComplexType'))
      for (const member of type.children)
        check(known(member.attributes['Type']!), `${type.attributes['Name']}: ${member.attributes['Type']}`);
    const operations = [...of(schema!, 'Function'), ...of(schema!, 'Action')];
    for (const operation of operations)
      for (const part of operation.children)
        check(known(part.attributes['Type']!), `${operation.attributes['Name']}: ${part.attributes['Type']}`);
    const [container] = of(schema!, 'EntityContainer');
    const sets = new Map(of(container!, 'EntitySet').map((each) => [each.attributes['Name']!, each]));
    for (const [name, set] of sets) {
      check(known(set.attributes['EntityType']!), name);
      for (const binding of of(set, 'NavigationPropertyBinding'))
        check(sets.has(binding.attributes['Target']!), `${name}: ${binding.attributes['Path']}`);
    }
    for (const imported of [...of(container!, 'FunctionImport'), ...of(container!, 'ActionImport')])
      check(
        operations.some((each) => each.attributes['Name'] === imported.attributes['Name']),
        imported.attributes['Name']!,
      );
    expect(bad).toEqual([]);
    expect(entities.get('email')!.attributes['BaseType']).toBe('mscrm.activitypointer');
    expect(operations.map((each) => each.attributes['Name'])).toEqual(
      expect.arrayContaining(['WhoAmI', 'DeliverPromoteEmail']),
    );
    const { value } = (await client.get<{ value: { name: string }[] }>('')).body;
    expect(value.map(({ name }) => name).sort()).toEqual([...sets.keys()].sort());
  });

  test('a client that has $metadata is told so', async () => {
    const { headers } = await client.get('$metadata');
    expect((await client.get('$metadata', { 'if-none-match': String(headers['etag']) })).status).toBe(304);
    expect((await client.get('$metadata', { 'if-none-match': 'W/"old"' })).status).toBe(200);
  });

  test('a client for Dynamics 365 finds tables, columns, relationships and option sets', async () => {
    const tables = await crm.retrieveEntities<Described>({
      select: ['LogicalName', 'EntitySetName'],
      filter: "LogicalName eq 'contact'",
    });
    expect(tables.value).toEqual([
      { LogicalName: 'contact', EntitySetName: 'contacts', MetadataId: expect.any(String) },
    ]);
    const contact = await crm.retrieveEntity<Described>({
      key: tables.value[0]!.MetadataId,
      expand: [{ property: 'Attributes', select: ['LogicalName'] }],
    });
    expect(contact).toMatchObject({
      ObjectTypeCode: 2,
      PrimaryNameAttribute: 'fullname',
      OwnershipType: 'UserOwned',
      SchemaName: 'Contact',
    });
    expect(contact.Attributes.map(({ LogicalName }) => LogicalName)).toEqual(
      expect.arrayContaining(['fullname', 'parentcustomerid']),
    );
    const choices = await crm.retrieveAttributes<Described>({
      entityKey: "LogicalName='contact'",
      castType: 'Microsoft.Dynamics.CRM.PicklistAttributeMetadata',
      select: ['LogicalName'],
      expand: [{ property: 'OptionSet' }, { property: 'GlobalOptionSet' }],
    });
    const gender = choices.value.find(({ LogicalName }) => LogicalName === 'gendercode')!;
    expect(gender.OptionSet.Options.map(({ Value, Label }) => [Value, Label.UserLocalizedLabel.Label])).toEqual([
      [1, 'Male'],
      [2, 'Female'],
    ]);
    const name = await crm.retrieveAttribute<Described>({
      entityKey: "LogicalName='contact'",
      attributeKey: "LogicalName='lastname'",
    });
    expect(name).toMatchObject({
      AttributeType: 'String',
      MaxLength: 50,
      SchemaName: 'LastName',
      '@odata.type': '#Microsoft.Dynamics.CRM.StringAttributeMetadata',
    });
    const relationship = await crm.retrieveRelationship<Described>({ key: "SchemaName='contact_customer_accounts'" });
    expect(relationship).toMatchObject({
      ReferencedEntity: 'account',
      ReferencingEntity: 'contact',
      ReferencingAttribute: 'parentcustomerid',
      ReferencingEntityNavigationPropertyName: 'parentcustomerid_account',
      CascadeConfiguration: { Assign: 'Cascade', Delete: 'Cascade' },
    });
    const relationships = await crm.retrieveRelationships<Described>({
      castType: 'Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata',
      select: ['SchemaName', 'IntersectEntityName'],
    });
    expect(relationships.value).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ SchemaName: 'contactleads_association', IntersectEntityName: 'contactleads' }),
      ]),
    );
    const need = await crm.retrieveGlobalOptionSet<Described>({ key: "Name='need'" });
    expect(need).toMatchObject({ IsGlobal: true, OptionSetType: 'Picklist' });
  });

  test.each([
    ["EntityDefinitions(LogicalName='email')/Attributes(LogicalName='regardingobjectid')", 200, '"Targets":["account"'],
    ["EntityDefinitions(LogicalName='email')?$select=IsActivity,DisplayCollectionName", 200, '"IsActivity":true'],
    [
      "EntityDefinitions(LogicalName='incident')/ManyToOneRelationships?$select=SchemaName&$filter=ReferencingAttribute eq 'customerid'",
      200,
      'incident_customer_accounts',
    ],
    [
      "EntityDefinitions(LogicalName='account')/Attributes?$select=LogicalName&$filter=AttributeType eq Microsoft.Dynamics.CRM.AttributeTypeCode'Money'",
      200,
      'revenue_base',
    ],
    ["EntityDefinitions(LogicalName='account')/Attributes/$count", 200, ''],
    [
      "EntityDefinitions(LogicalName='lead')/Attributes(LogicalName='statuscode')/Microsoft.Dynamics.CRM.StatusAttributeMetadata/OptionSet?$select=Options",
      200,
      '"State":2',
    ],
    ["EntityDefinitions(LogicalName='account')/DisplayName", 200, 'Account'],
    [
      'EntityDefinitions?$select=LogicalName&$filter=IsActivity eq true and IsCustomizable/Value eq false',
      200,
      'phonecall',
    ],
    ["EntityDefinitions(LogicalName='nothing')", 404, 'nothing'],
    ["EntityDefinitions(LogicalName='account')/Attributes?$select=MaxLength", 400, 'MaxLength'],
    ["EntityDefinitions(LogicalName='account')/constructor", 404, 'constructor'],
    ['EntityDefinitions?$select=__proto__', 400, '__proto__'],
    ['EntityDefinitions?$orderby=LogicalName', 400, '$orderby'],
    ["EntityDefinitions?$filter=contains(LogicalName,'a')", 400, 'eq'],
    ["EntityDefinitions?$filter=Nothing eq 'a'", 400, 'Nothing'],
    ["RetrieveTotalRecordCount(EntityNames=['account','contact'])", 200, '"Keys":["account","contact"],"Values":[0,0]'],
    ["RetrieveTotalRecordCount(EntityNames=['nothing'])", 400, 'nothing'],
    ["RetrieveCurrentOrganization(AccessType='Default')", 200, 'Contoso'],
    ['RetrieveVersion()', 200, '9.2.0.0'],
  ])('%s -> %i %s', async (path, status, word) => {
    const answer = await client.get(path);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(word)]);
  });

  test('the schema is not written through the Web API', async () => {
    const answer = await world.as(dana).send<{ error: { message: string } }>('POST', 'EntityDefinitions', {});
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET']);
    expect((await world.as(dana).send('DELETE', "EntityDefinitions(LogicalName='account')")).status).toBe(405);
  });
});
