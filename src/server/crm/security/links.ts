import { badRequest } from '../../odata/bad-request.ts';
import { tableOf, type ManyNavigation, type Table } from '../../odata/metadata.ts';
import type { WriteSession } from '../../odata/session.ts';
import { isAdministrator } from './reach.ts';
import { administratorsOnly } from './refusals.ts';

/** Whoever could change these could give everything to themselves. */
const escalating = new Set(['systemuserroles', 'teamroles', 'systemuserprofiles', 'teamprofiles']);

/** The rights to tie two rows, or to part them: append on both; members of a team with the right to write the team. */
export async function demandLink(
  session: WriteSession,
  table: Table,
  id: string,
  { intersect, target }: ManyNavigation,
  other: string,
): Promise<void> {
  const { access, caller } = session;
  const far = tableOf(session.model, target);
  if (intersect === 'roleprivileges')
    throw badRequest(
      'Privileges of a role are changed with AddPrivilegesRole and ReplacePrivilegesRole.',
      '0x80040203',
    );
  if (escalating.has(intersect) && !isAdministrator(caller.standing))
    throw administratorsOnly(caller, 'change roles or column security profiles');
  if (intersect === 'teammembership') {
    const team = table.name === 'team' ? id : other;
    return access.demandRow(session, 'write', tableOf(session.model, 'team'), team);
  }
  await access.demandRow(session, 'append', table, id);
  await access.demandRow(session, 'append', far, other);
}
