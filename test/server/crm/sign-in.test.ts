import { expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { createWorld, dana, daemon, miguel } from '../world.ts';

forEachEngine('signing in', ({ open }) => {
  const crm = { organisation: 'Contoso', firstSignIn: 'refuse', administrators: [dana.address] } as const;

  test('nobody becomes a user by a token alone; whom the administrator has entered is welcome', async () => {
    const world = await createWorld(await open(), { crm });
    const refused = await world.as(miguel).get('WhoAmI');
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ error: { code: '0x80072560' } });
    expect((await world.as(dana).get<{ value: object[] }>('systemusers?$select=fullname')).body.value).toHaveLength(1);

    const id = await world.as(dana).create('systemusers', {
      firstname: 'Miguel',
      lastname: 'Santos',
      internalemailaddress: miguel.address.toUpperCase(),
    });
    expect((await world.as(miguel).get('WhoAmI')).body).toMatchObject({ UserId: id });
    await world.app.close();
  });

  test('who was entered with a role gets no other at the first sign-in', async () => {
    const world = await createWorld(await open(), { crm });
    const me = await world.as(dana).create('systemusers', { lastname: 'Santos', internalemailaddress: miguel.address });
    const found = await world
      .as(dana)
      .get<{ value: { roleid: string }[] }>("roles?$select=roleid&$filter=name eq 'Customer Service Representative'");
    const link = { '@odata.id': `roles(${found.body.value[0]!.roleid})` };
    await world.as(dana).send('POST', `systemusers(${me})/systemuserroles_association/$ref`, link);
    await world.as(miguel).get('WhoAmI');
    const held = `systemusers(${me})/systemuserroles_association?$select=name`;
    expect((await world.as(dana).get(held)).body).toMatchObject({
      value: [{ name: 'Customer Service Representative' }],
    });
    await world.app.close();
  });

  test("the product's own worker is welcome where no other application is, and is not held back", async () => {
    const database = await open();
    const strict = { crm, limits: { requests: 1, executionSeconds: 60, concurrent: 10 } };
    const closed = await createWorld(database, strict);
    expect((await closed.as(daemon).get('WhoAmI')).status).toBe(403);
    await closed.app.close();

    const world = await createWorld(database, { ...strict, services: [daemon.objectId] });
    await world.as(dana).get('WhoAmI');
    expect((await world.as(dana).get('WhoAmI')).status).toBe(429);
    const answers = await Promise.all([1, 2, 3].map(() => world.as(daemon).get('WhoAmI')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const asked = 'systemusers?$select=applicationid&$filter=applicationid ne null';
    expect((await world.as(daemon).get<{ value: object[] }>(asked)).body.value).toHaveLength(1);
    await world.app.close();
  });
});
