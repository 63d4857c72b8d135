import { beforeAll, describe, expect, test } from '@jest/globals';
import { forEachEngine } from '../engines.ts';
import { hasPrivilege, kinds, may, teams, type Holding, type Kind, type Verb } from './security-oracle.ts';
import { createSecurityWorld, holdings, sendFile, type SecurityWorld } from './security-world.ts';
import {
  eachAnswer,
  listed,
  loadBlock,
  names,
  note,
  paths,
  quiet,
  target,
  type Block,
  type Rows,
} from './security-reads.ts';
import { attempts, changeSet, outcome, sendBlocks, type Outcome } from './security-writes.ts';

/** Ways to hold rights that reading tells apart, but whose writes say nothing new. */
const redundant = new Set(["team's role, basic, inherited", "own local, team's deep"]);

const plainName = (name: string) => name.replace('@out.example', '');

function expected(holding: Holding, verbs: readonly Verb[], kind: Kind): Outcome {
  if (!hasPrivilege(holding)) return 'no privilege';
  if (!may(holding, 'read', kind)) return 'not found';
  return verbs.every((verb) => may(holding, verb, kind)) ? 'done' : 'no right';
}

forEachEngine('the security matrix', ({ open }) => {
  let world: SecurityWorld;
  beforeAll(async () => {
    world = await createSecurityWorld(await open());
  }, 60_000);

  describe.each(holdings)('read with %s', (_name, holding) => {
    beforeAll(() => world.hold(holding));
    const wanted = names.filter((name) => may(holding, 'read', kinds[name]!)).sort();

    test.each(paths)('%s', async (path, ask) => {
      const seen = await ask(world);
      if (!hasPrivilege(holding)) expect(seen).toEqual(quiet.has(path) ? [] : 'refused');
      else if (typeof seen === 'number') expect(seen).toBe(wanted.length);
      else expect(seen === 'refused' ? seen : seen.map(plainName).sort()).toEqual(wanted);
    });

    test('a file that was opened before the rights were lost', async () => {
      await world.hold({ own: 'global' });
      const tokens = new Map<string, string>();
      for (const [name, cluster] of world.clusters) {
        const head = await world.reader.send<Block>('POST', 'InitializeAnnotationBlocksDownload', note(cluster.note));
        tokens.set(name, head.body.FileContinuationToken);
      }
      await world.hold(holding);
      const seen = await eachAnswer(({ reader }, _, name) => loadBlock(reader, tokens.get(name)!))(world);
      if (!hasPrivilege(holding)) expect(seen).toBe('refused');
      else expect([...(seen as string[])].sort()).toEqual(wanted);
    });

    test('changes are told to those alone who may read all rows', async () => {
      const { admin, reader, clusters } = world;
      const tracking = { prefer: 'odata.track-changes' };
      const before = await admin.get<{ '@odata.deltaLink': string }>('contacts?$select=lastname', tracking);
      const delta = before.body['@odata.deltaLink'].replace(/^.*\/v9\.2\//, '');
      for (const { contact } of clusters.values()) await admin.send('PATCH', `contacts(${contact})`, { jobtitle: 'd' });
      const all = holding.own === 'global' ? [...names].sort() : 'refused';
      for (const [path, headers] of [['contacts?$select=lastname', tracking] as const, [delta, {}] as const]) {
        const seen = await listed(path, 'lastname', headers)(world);
        expect(seen === 'refused' ? seen : (seen as string[]).filter((name) => names.includes(name)).sort()).toEqual(
          all,
        );
      }
      const count = delta.replace(/^contacts\?.*(?=\$deltatoken)/, 'contacts/$count?');
      expect((await reader.get(count)).status).toBe(all === 'refused' ? 403 : 200);
    });
  });

  describe.each(holdings.filter(([name]) => !redundant.has(name)))('write with %s', (holdingName, holding) => {
    beforeAll(async () => {
      world.ids.set('other hub', await world.reader.create('accounts', { name: 'other hub' }));
      await world.hold(holding);
    });

    test.each(attempts)('%s', async (_attempt, verbs, attempt) => {
      const seen: Record<string, Outcome> = {};
      for (const [name, cluster] of world.clusters) seen[name] = outcome(await attempt(world, cluster, name));
      const wanted = names.map((name) => [name, expected(holding, verbs, kinds[name]!)] as const);
      expect(seen).toEqual(Object.fromEntries(wanted));
    });

    test('DeleteFile', async () => {
      const { admin, clusters, reader } = world;
      for (const [name, { contact }] of clusters) {
        const first = { Target: target(contact), FileAttributeName: 'new_resume', FileName: 'resume.txt' };
        const last = { FileName: 'resume.txt', MimeType: 'text/plain' };
        const { FileId } = (await sendBlocks(admin, 'File', first, last)).body;
        const wanted = expected(holding, ['write'], kinds[name]!);
        const seen = outcome(await reader.send('POST', 'DeleteFile', { FileId }));
        // A file is asked for by its id alone: who may not read it does not even learn in which table it is.
        expect([name, seen]).toEqual([name, wanted === 'no privilege' ? 'not found' : wanted]);
        expect((await admin.get(`contacts(${contact})/new_resume/$value`)).status).toBe(seen === 'done' ? 204 : 200);
        await sendFile(admin, contact);
      }
    });

    test.each(['reader', 'nina', 'hugo', 'sam', 'crew', 'strangers', 'rep'] as const)(
      'rows made for %s, alone and inside another, are all there or not at all',
      async (owner) => {
        const bind = { 'ownerid@odata.bind': `/${owner in teams ? 'teams' : 'systemusers'}(${world.ids.get(owner)!})` };
        // No share and no manager lets a row be made, so the rights to assign one without either tell it.
        const wanted = !hasPrivilege(holding)
          ? 'no privilege'
          : may(holding, 'assign', { owner })
            ? 'done'
            : 'no right';
        const alone = await world.reader.send('POST', 'contacts', { lastname: 'made', ...bind });
        expect(outcome(alone)).toBe(wanted);
        const nested = await world.reader.send('POST', 'accounts', {
          name: 'made',
          contact_customer_accounts: [{ lastname: 'made', ...bind }],
        });
        expect(outcome(nested)).toBe(wanted);
        for (const [set, name] of [
          ['contacts', 'lastname'],
          ['accounts', 'name'],
        ] as const) {
          const made = await world.admin.get<Rows>(`${set}?$select=${name}&$filter=${name} eq 'made'`);
          expect(made.body.value).toHaveLength(wanted !== 'done' ? 0 : set === 'contacts' ? 2 : 1);
          for (const row of made.body.value)
            await world.admin.send('DELETE', `${set}(${String(row[`${set.slice(0, -1)}id`])})`);
        }
      },
    );

    test('a change set is undone as a whole when one of its rows may not be written', async () => {
      for (const [name, { contact }] of world.clusters) {
        const answer = await world.reader.send(
          'POST',
          '$batch',
          changeSet(world.hub, contact, `${holdingName} ${name}`),
          {
            'content-type': 'multipart/mixed; boundary=b',
          },
        );
        const isDone = expected(holding, ['write'], kinds[name]!) === 'done';
        expect([name, answer.status === 200]).toEqual([name, isDone]);
        const hub = await world.admin.get(`accounts(${world.hub})?$select=websiteurl`);
        expect([name, hub.body['websiteurl'] === `${holdingName} ${name}`]).toEqual([name, isDone]);
      }
    });

    test('RetrievePrincipalAccess says the same', async () => {
      for (const [name, { contact }] of world.clusters) {
        const answer = await world.admin.get(
          `systemusers(${world.ids.get('reader')!})/Microsoft.Dynamics.CRM.RetrievePrincipalAccess(Target=@tid)?@tid={'@odata.id':'contacts(${contact})'}`,
        );
        const told = String(answer.body['AccessRights'])
          .split(', ')
          .filter((right) => right !== 'CreateAccess');
        const wanted = accessOrder.filter((verb) => may(holding, verb, kinds[name]!));
        const list = wanted.map((verb) => `${verb.charAt(0).toUpperCase()}${verb.slice(1)}Access`);
        expect([name, told]).toEqual([name, list.length === 0 ? ['None'] : list]);
      }
    });
  });
});

const accessOrder: readonly Verb[] = ['read', 'write', 'append', 'appendTo', 'delete', 'share', 'assign'];
