import { badRequest } from '../../odata/bad-request.ts';
import type { Call, Operation } from '../../odata/operations.ts';
import type { Right, WriteSession } from '../../odata/session.ts';
import { requireRow } from '../../odata/write/write.ts';
import { readParameters } from '../parameters.ts';
import { maskOfRights, readAccessRights, rightsOfMask, writeAccessRights } from './access-rights.ts';
import { readEntityParameter, readPrincipalParameter, type EntityParameter } from './entity-parameter.ts';
import { addShare, readShares, setShare } from './shares.ts';

const done = { status: 204, headers: {} };

/** The row that is to be shared: one that the caller sees, and may share. */
async function sharedTarget(
  session: WriteSession,
  message: string,
  value: Record<string, unknown>,
): Promise<EntityParameter> {
  const target = await readEntityParameter(session, 'Target', value);
  if (!target.table.owned) throw badRequest(`${message}: rows of ${target.table.name} cannot be shared.`, '0x80048d19');
  await requireRow(session, target.table, target.id);
  await session.access.demandRow(session, 'share', target.table, target.id);
  return target;
}

function granting(name: 'GrantAccess' | 'ModifyAccess', store: typeof addShare): Operation {
  return {
    name,
    kind: 'action',
    async run(call) {
      const parameters = readParameters(name, call.parameters, ['Target', 'PrincipalAccess']);
      const given = readParameters(name, new Map(Object.entries(parameters.object('PrincipalAccess'))), [
        'Principal',
        'AccessMask',
      ]);
      const rights = readAccessRights(given.text('AccessMask'));
      await call.transaction(async (session) => {
        const target = await sharedTarget(session, name, parameters.object('Target'));
        const principal = await readPrincipalParameter(session, 'Principal', given.object('Principal'));
        await demandOwn(session, target, rights);
        await store(session, target.table, target.id, principal, maskOfRights(rights));
      });
      return done;
    },
  };
}

/** Nobody gives away a right that they do not have themselves. */
async function demandOwn(
  session: WriteSession,
  { table, id }: EntityParameter,
  rights: readonly Right[],
): Promise<void> {
  for (const right of rights) if (right !== 'create') await session.access.demandRow(session, right, table, id);
}

/** Shares a row with a user or team, with its children where the relationship says so. */
export const grantAccess = granting('GrantAccess', addShare);
/** Sets what is shared with somebody to exactly these rights. */
export const modifyAccess = granting('ModifyAccess', setShare);

export const revokeAccess: Operation = {
  name: 'RevokeAccess',
  kind: 'action',
  async run(call) {
    const parameters = readParameters('RevokeAccess', call.parameters, ['Target', 'Revokee']);
    await call.transaction(async (session) => {
      const target = await sharedTarget(session, 'RevokeAccess', parameters.object('Target'));
      const principal = await readPrincipalParameter(session, 'Revokee', parameters.object('Revokee'));
      await setShare(session, target.table, target.id, principal, 0);
    });
    return done;
  },
};

/** Who has a row by a share, and with which rights; only who sees the row is told. */
export const retrieveSharedPrincipalsAndAccess: Operation = {
  name: 'RetrieveSharedPrincipalsAndAccess',
  kind: 'function',
  async run({ parameters, session }: Call) {
    const read = readParameters('RetrieveSharedPrincipalsAndAccess', parameters, ['Target']);
    const { table, id } = await readEntityParameter(session, 'Target', read.object('Target'));
    await requireRow(session, table, id);
    const shares = await readShares(session, [id]);
    const body = {
      '@odata.context': `${session.root}$metadata#Microsoft.Dynamics.CRM.RetrieveSharedPrincipalsAndAccessResponse`,
      PrincipalAccesses: shares.map(({ principal, type, own, inherited }) => ({
        AccessMask: writeAccessRights(rightsOfMask(own | inherited)),
        Principal: { '@odata.type': `#Microsoft.Dynamics.CRM.${type}`, ownerid: principal, [`${type}id`]: principal },
      })),
    };
    return { status: 200, headers: {}, body };
  },
};
