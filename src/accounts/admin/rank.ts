import type { Caller } from '../../caller.ts';
import { AppError } from '../../errors.ts';
import { insufficientScope } from '../../http/caller.ts';
import { demandScopeFits } from '../../tokens/scope.ts';
import type { AccountStores } from '../ports.ts';

/** Who asks, and what they may do. */
export interface Administrator {
  readonly caller: Caller;
  readonly permissions: readonly string[];
}

/**
 * Nobody grants more than they hold, and no more than fits into a token.
 * @throws AppError insufficient_scope that names what is missing, scope_too_large
 */
export async function demandGrantable(
  stores: AccountStores,
  admin: Administrator,
  roles: readonly string[],
): Promise<void> {
  const wanted = await stores.userRoles.permissionsOf(roles);
  demandScopeFits(wanted);
  await demandHeld(stores, admin, wanted);
}

/**
 * Nobody touches the account of somebody who may do more: a changed email address or a new password would be a way to
 * become them.
 * @throws AppError insufficient_scope that names what is missing, user_not_found
 */
export async function demandAbove(
  stores: AccountStores,
  admin: Administrator,
  userId: string,
): Promise<void> {
  if ((await stores.users.findById(userId)) === null) throw new AppError('user_not_found');
  const { permissions } = await stores.rights.rightsOf(userId);
  await demandHeld(stores, admin, permissions);
}

/** By the token, and for a user also by what they may do at this moment: the token may be a second old. */
async function demandHeld(
  { rights }: AccountStores,
  { caller, permissions }: Administrator,
  needed: readonly string[],
): Promise<void> {
  if (caller.actor.type === 'operator') return;
  const missing = needed.find((permission) => !permissions.includes(permission));
  if (missing !== undefined) throw insufficientScope(missing);
  if (caller.actor.type !== 'user' || needed.length === 0) return;
  const current = await rights.rightsOf(caller.actor.id ?? '');
  const lost = needed.find((permission) => !current.permissions.includes(permission));
  if (lost !== undefined) throw insufficientScope(lost);
}
