import { expect, jest, test } from '@jest/globals';
import type { Database } from '../../../src/server/db/open.ts';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, miguel, type Client } from '../world.ts';

// Every table on both engines: a busy machine needs a while.
jest.setTimeout(60_000);

const stage = {
  name: 'new_stage',
  label: 'Stage',
  type: 'choice',
  options: [
    { value: 100, label: 'Plan' },
    { value: 200, label: 'Build' },
  ],
  default: 100,
};
const project = {
  name: 'new_project',
  label: 'Project',
  primary: 'new_name',
  activities: true,
  notes: true,
  states: [
    { value: 0, label: 'Open', statuses: [{ value: 1, label: 'Running' }] },
    {
      value: 1,
      label: 'Closed',
      statuses: [
        { value: 2, label: 'Finished' },
        { value: 3, label: 'Given up' },
      ],
    },
  ],
  keys: [{ name: 'new_codekey', columns: ['new_code'] }],
  columns: [
    { name: 'new_name', label: 'Name', type: 'text', length: 200, required: true },
    { name: 'new_code', label: 'Code', type: 'text', length: 20, indexed: true },
    { name: 'new_budget', label: 'Budget', type: 'money' },
    stage,
    { name: 'new_urgent', label: 'Urgent', type: 'boolean' },
    { name: 'new_start', label: 'Start', type: 'date' },
    { name: 'new_plan', label: 'Plan', type: 'file' },
    { name: 'new_customerid', label: 'Customer', type: 'lookup', targets: ['account', 'contact'] },
  ],
};
const milestone = {
  name: 'new_milestone',
  label: 'Milestone',
  primary: 'new_title',
  ownership: 'organization',
  columns: [
    { name: 'new_title', label: 'Title', type: 'text' },
    {
      name: 'new_projectid',
      label: 'Project',
      type: 'lookup',
      targets: ['new_project'],
      required: true,
      behavior: 'parental',
    },
    { name: 'new_effort', label: 'Effort', type: 'decimal' },
  ],
};
const declaration = {
  publisher: 'new',
  tables: [project, milestone],
  columns: [
    {
      table: 'account',
      columns: [
        { name: 'new_tier', label: 'Tier', type: 'choice', options: [{ value: 1, label: 'Gold' }] },
        { name: 'new_limit', label: 'Limit', type: 'money' },
      ],
    },
  ],
};

const start = async (database: Database, customTables: unknown): Promise<Client> => {
  const crm = { organisation: 'Contoso', firstSignIn: 'create' as const, administrators: [dana.address], customTables };
  return (await createWorld(database, { crm })).as(dana);
};

forEachEngine('Custom tables', (engine) => {
  test('are declared, used like any other, grow, and keep what they hold', async () => {
    const database = await engine.open();
    let client = await start(database, declaration);
    const account = await client.create('accounts', { name: 'Fabrikam', new_tier: 1, new_limit: 9 });
    const pumps = await client.create('new_projects', {
      new_name: 'Pumps for Narvik',
      new_code: 'P-1',
      new_budget: 1200,
      new_urgent: true,
      new_start: '2026-11-21',
      'new_customerid_account@odata.bind': `/accounts(${account})`,
    });
    for (const [new_title, new_effort] of [
      ['Design', 3],
      ['Build', 8],
    ] as const)
      await client.create('new_milestones', {
        new_title,
        new_effort,
        'new_projectid@odata.bind': `/new_projects(${pumps})`,
      });
    await client.create('tasks', {
      subject: 'Call',
      'regardingobjectid_new_project_task@odata.bind': `/new_projects(${pumps})`,
    });
    await client.create('annotations', {
      subject: 'Note',
      'objectid_new_project@odata.bind': `/new_projects(${pumps})`,
    });

    const all = { prefer: 'odata.include-annotations="*"' };
    const shown = (name: string) => `${name}@OData.Community.Display.V1.FormattedValue`;
    expect(
      (
        await client.get(
          "new_projects(new_code='p-1')?$expand=new_customerid_account($select=name,new_tier),new_milestone_new_projectid_new_project($select=new_title;$orderby=new_effort desc),new_project_Tasks($select=subject)",
          all,
        )
      ).body,
    ).toMatchObject({
      new_stage: 100,
      [shown('new_stage')]: 'Plan',
      [shown('new_budget')]: '$1,200.00',
      new_budget_base: 1200,
      [shown('statuscode')]: 'Running',
      [shown('_new_customerid_value')]: 'Fabrikam',
      '_new_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname': 'account',
      new_customerid_account: { name: 'Fabrikam', new_tier: 1 },
      new_milestone_new_projectid_new_project: [{ new_title: 'Build' }, { new_title: 'Design' }],
      new_project_Tasks: [{ subject: 'Call' }],
    });
    for (const filter of [
      "contains(new_name,'narvik')",
      'new_milestone_new_projectid_new_project/any(m:m/new_effort gt 5)',
      'new_customerid_account/new_tier eq 1 and new_start ge 2026-11-01',
      "new_code eq 'P-1' and new_urgent eq true",
    ]) {
      expect([filter, (await client.get(`new_projects/$count?$filter=${filter}`)).text]).toEqual([filter, '1']);
    }
    const taken = await client.send('POST', 'new_projects', { new_name: 'Twice', new_code: 'p-1' });
    expect([taken.status, taken.text]).toEqual([412, expect.stringContaining('new_codekey')]);
    expect((await client.send('POST', 'new_projects', { new_stage: 100 })).text).toContain('new_name');
    expect((await client.send('PATCH', `new_projects(${pumps})`, { statecode: 1, statuscode: 3 })).status).toBe(204);
    const described = await client.get(
      "EntityDefinitions(LogicalName='new_project')?$select=IsCustomEntity,ObjectTypeCode,SchemaName&$expand=Keys($select=KeyAttributes)",
    );
    expect(described.body).toMatchObject({
      IsCustomEntity: true,
      SchemaName: 'new_Project',
      Keys: [{ KeyAttributes: ['new_code'] }],
    });
    expect(described.body['ObjectTypeCode']).toBeGreaterThanOrEqual(10_000);
    expect((await client.get('$metadata')).text).toContain('<EntityType Name="new_milestone"');

    const grown = {
      ...project,
      columns: [
        ...project.columns,
        { name: 'new_ends', label: 'Ends', type: 'datetime' },
        { name: 'new_leadid', label: 'Lead', type: 'lookup', targets: ['systemuser'] },
      ],
    };
    client = await start(database, { ...declaration, tables: [grown, milestone], columns: [] });
    expect((await client.send('PATCH', `new_projects(${pumps})`, { new_ends: '2027-01-01T00:00:00Z' })).status).toBe(
      204,
    );
    expect((await client.get(`new_projects(${pumps})`)).body).toMatchObject({
      new_ends: '2027-01-01T00:00:00Z',
      new_budget: 1200,
      _new_leadid_value: null,
    });
    expect((await client.get(`accounts(${account})?$select=new_tier`)).status).toBe(400);

    client = await start(database, declaration);
    expect((await client.get(`accounts(${account})?$select=new_tier`)).body).toMatchObject({ new_tier: 1 });
    await client.send('DELETE', `new_projects(${pumps})`);
    expect((await client.get('new_milestones/$count')).text).toBe('0');
  });

  test('a column keeps its type, and a fault changes nothing', async () => {
    const database = await engine.open();
    await start(database, declaration);
    const columns = project.columns.map((column) =>
      column.name === 'new_budget' ? { ...column, type: 'integer' } : column,
    );
    const extra = {
      ...milestone,
      columns: [...milestone.columns, { name: 'new_late', label: 'Late', type: 'boolean' }],
    };
    await expect(start(database, { ...declaration, tables: [{ ...project, columns }, extra] })).rejects.toThrow(
      'new_project.new_budget is stored as money; it cannot become integer',
    );
    const client = await start(database, declaration);
    expect((await client.get('new_milestones?$select=new_late')).status).toBe(400);
  });

  test('an alternate key is refused where rows are there that share its values', async () => {
    const database = await engine.open();
    const client = await start(database, { publisher: 'new', tables: [{ ...project, keys: [] }] });
    for (const new_name of ['One', 'Two']) await client.create('new_projects', { new_name, new_code: 'same' });
    await expect(start(database, { publisher: 'new', tables: [project] })).rejects.toThrow('new_project.new_codekey');
  });

  test('everybody else needs a role to see them', async () => {
    const crm = {
      organisation: 'Contoso',
      firstSignIn: 'create' as const,
      administrators: [dana.address],
      customTables: declaration,
    };
    const world = await createWorld(await engine.open(), { crm });
    await world.as(dana).create('new_projects', { new_name: 'Secret' });
    expect((await world.as(miguel).get('new_projects')).status).toBe(403);
  });

  test.each([
    ['no publisher', { tables: [] }, 'publisher'],
    [
      'a name without the prefix',
      { publisher: 'abc', tables: [milestone] },
      'tables[0]: new_milestone does not begin with',
    ],
    ['a table twice', { publisher: 'new', tables: [project, project] }, 'tables[1]: new_project is there twice'],
    ['a lookup to nowhere', { publisher: 'new', tables: [milestone] }, 'tables[0].columns[1]: the target new_project'],
    [
      'an unknown type',
      { publisher: 'new', tables: [{ ...milestone, columns: [{ name: 'new_x', label: 'X', type: 'colour' }] }] },
      'tables[0].columns[0].type',
    ],
    [
      'a primary column that is no text',
      { publisher: 'new', tables: [{ ...project, primary: 'new_budget' }] },
      'tables[0].primary',
    ],
    [
      'options twice',
      {
        publisher: 'new',
        tables: [
          {
            ...project,
            columns: [...project.columns.slice(0, 3), { ...stage, options: [stage.options[0], stage.options[0]] }],
          },
        ],
      },
      'same value',
    ],
    [
      'a key over no column',
      { publisher: 'new', tables: [{ ...project, keys: [{ name: 'new_key', columns: ['new_none'] }] }] },
      'tables[0].keys[0]',
    ],
    [
      'a column of the CRM',
      { publisher: 'new', columns: [{ table: 'account', columns: [{ name: 'name', label: 'N', type: 'text' }] }] },
      'columns[0].columns[0].name',
    ],
    [
      'SQL for a name',
      { publisher: 'new', tables: [{ ...milestone, name: 'new_x; drop table account' }] },
      'tables[0].name',
    ],
    ['no table', { publisher: 'new', columns: [{ table: 'nothing', columns: [] }] }, 'columns[0]: nothing is no table'],
    ['a text', 'hello', 'the file'],
  ])('%s is refused with its place', async (_name, wrong, sentence) => {
    await expect(start(await engine.open(), wrong)).rejects.toThrow(sentence);
  });
});
