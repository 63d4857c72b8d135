import type { Operation } from '../../odata/operations.ts';
import {
  addPrivilegesRole,
  removePrivilegeRole,
  replacePrivilegesRole,
  retrievePrincipalAccess,
  retrieveRolePrivileges,
  retrieveUserPrivileges,
} from './privilege-messages.ts';
import { grantAccess, modifyAccess, retrieveSharedPrincipalsAndAccess, revokeAccess } from './sharing-messages.ts';
import { addMembersTeam, removeMembersTeam } from './team-messages.ts';

/** What can be asked and done about rights. */
export const securityMessages: readonly Operation[] = [
  grantAccess,
  modifyAccess,
  revokeAccess,
  retrieveSharedPrincipalsAndAccess,
  ...retrievePrincipalAccess,
  retrieveUserPrivileges,
  retrieveRolePrivileges,
  addPrivilegesRole,
  replacePrivilegesRole,
  removePrivilegeRole,
  addMembersTeam,
  removeMembersTeam,
];
