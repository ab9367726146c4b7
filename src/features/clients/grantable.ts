import { type ConfirmedGranter, demandHeld } from '../../core/access/grants.ts';
import { AppError } from '../../core/errors.ts';
import type { ClientStores } from '../../core/clients/ports.ts';

/**
 * Nobody grants what is not there, or more than they hold.
 * @throws AppError unknown_permission, insufficient_scope; both name the permission
 */
export async function demandGrantable(
  stores: ClientStores,
  granter: ConfirmedGranter,
  wanted: readonly string[],
): Promise<void> {
  if (wanted.length === 0) return;
  const [unknown] = await stores.clients.unknownPermissions(wanted);
  if (unknown !== undefined) throw new AppError('unknown_permission', `There is no permission ${unknown}.`);
  demandHeld(granter, wanted);
}
