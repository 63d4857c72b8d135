import type { Operation } from '../odata/operations.ts';

export const whoAmI: Operation = {
  name: 'WhoAmI',
  kind: 'function',
  async run({ session: { root, caller } }) {
    const body = {
      '@odata.context': `${root}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse`,
      BusinessUnitId: caller.businessUnitId,
      UserId: caller.userId,
      OrganizationId: caller.organizationId,
    };
    return { status: 200, headers: {}, body };
  },
};
