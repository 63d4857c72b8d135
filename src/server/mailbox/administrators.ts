import type { Dataverse } from '../../api/dataverse.ts';
import { query } from '../../api/dialect.ts';
import { keptFor } from './rules/kept-for.ts';

const role = 'System Administrator';

/**
 * Whether somebody administers the CRM: asked of the CRM with the server's own rights, and believed for a minute. Who cannot be
 * asked about is none.
 * @throws {CrmError}
 */
export function createAdministrators(crm: Dataverse, now: () => number): (objectId: string) => Promise<boolean> {
  return keptFor(now, async (objectId) => {
    const path = query('systemusers', {
      select: ['systemuserid'],
      filter: `azureactivedirectoryobjectid eq ${objectId} and isdisabled eq false and systemuserroles_association/any(r:r/name eq '${role}')`,
      top: 1,
    });
    return (await crm.list(path)).length > 0;
  });
}
