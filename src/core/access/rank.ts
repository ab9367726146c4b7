import { AppError } from '../errors.ts';
import { OPERATOR } from '../principal.ts';
import { demandScopeFits } from '../tokens/scope.ts';
import type { AccountStores } from '../users/ports.ts';
import { ADMIN_ROLE, type ConfirmedGranter, confirmGranter, demandRank, type Granter } from './grants.ts';

/** Whoever can run a command here can also write to the database. */
export const OPERATOR_AT_WORK: Granter = {
  caller: OPERATOR,
  holder: null,
  holds: { roles: [ADMIN_ROLE], permissions: [] },
};

/**
 * Nobody grants more than they hold, and no more than fits into a token. To be called in the transaction that grants,
 * after it has: then whoever changes one of these roles at the same moment has waited.
 * @throws AppError insufficient_scope that names what is missing, scope_too_large
 */
export async function demandGrantable(
  stores: AccountStores,
  granter: ConfirmedGranter,
  roles: readonly string[],
): Promise<void> {
  const granted = await stores.userRoles.permissionsOf(roles);
  demandScopeFits(granted);
  demandRank(granter, { roles, permissions: granted });
}

/**
 * Nobody touches the account of somebody who may do more: a changed email address or a new password would be a way to
 * become them. To be called first in the transaction that touches it, until whose end nobody is given more.
 * @throws AppError token_revoked, insufficient_scope that names what is missing, user_not_found
 */
export async function confirmAbove(
  stores: AccountStores,
  admin: Granter,
  userId: string,
  at: Date,
): Promise<ConfirmedGranter> {
  await stores.rights.lockRanks();
  const granter = await confirmGranter(stores, admin, at);
  if ((await stores.users.findById(userId)) === null) throw new AppError('user_not_found');
  demandRank(granter, await stores.rights.rightsOf(userId));
  return granter;
}
