import { sql } from 'kysely';
import { badRequest } from '../../odata/bad-request.ts';
import { tableOf } from '../../odata/metadata.ts';
import type { Operation } from '../../odata/operations.ts';
import { findCollection } from '../../odata/read/collection.ts';
import type { WriteSession } from '../../odata/session.ts';
import { associate, disassociate } from '../../odata/write/link.ts';
import { asObject } from '../../odata/write/payload.ts';
import { requireRow } from '../../odata/write/write.ts';
import { readParameters } from '../parameters.ts';
import { readEntityParameter } from './entity-parameter.ts';

const MOST = 1_000;
const MEMBERS = 'teammembership_association';

/** `POST teams(..)/Microsoft.Dynamics.CRM.AddMembersTeam { Members: [{ systemuserid }] }`: who is there already stays. */
function changingMembers(name: 'AddMembersTeam' | 'RemoveMembersTeam', change: typeof associate): Operation {
  return {
    name,
    kind: 'action',
    boundTo: 'team',
    async run(call) {
      const { parameters, id } = call;
      readParameters(name, parameters, ['Members']);
      const given = parameters.get('Members');
      if (!Array.isArray(given) || given.length > MOST)
        throw badRequest(`${name} needs the list Members, of at most ${MOST}.`, '0x80048d19');
      await call.transaction(async (session) => {
        const table = tableOf(session.model, 'team');
        const collection = findCollection(table, MEMBERS);
        if (collection === undefined) throw new Error(`A team has no ${MEMBERS}`);
        await requireRow(session, table, id);
        await session.access.demandRow(session, 'write', table, id);
        const members = await readMembers(session, id);
        for (const user of await readUsers(session, given))
          if (members.has(user) !== (name === 'AddMembersTeam')) await change(session, table, id, collection, user);
      });
      return { status: 204, headers: {} };
    },
  };
}

export const addMembersTeam = changingMembers('AddMembersTeam', associate);
export const removeMembersTeam = changingMembers('RemoveMembersTeam', disassociate);

/** @throws {HttpError} 400 for what is no user, 404 for a user who is not there */
async function readUsers(session: WriteSession, given: readonly unknown[]): Promise<Set<string>> {
  const users = new Set<string>();
  for (const each of given) {
    const { table, id } = await readEntityParameter(session, 'Members', {
      '@odata.type': 'Microsoft.Dynamics.CRM.systemuser',
      ...asObject(each),
    });
    if (table.name !== 'systemuser') throw badRequest('The Members of a team are users.', '0x80048d19');
    await requireRow(session, table, id);
    users.add(id);
  }
  return users;
}

async function readMembers({ queries }: WriteSession, team: string): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`select systemuserid as id from teammembership
    where teamid = ${team}`.execute(queries);
  return new Set(rows.map(({ id }) => id));
}
