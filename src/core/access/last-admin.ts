import { AppError } from '../errors.ts';
import type { AccountStores } from '../users/ports.ts';
import { ADMIN_ROLE } from './grants.ts';

/**
 * To be called in the transaction that takes an administrator away.
 * @throws AppError last_admin where nobody active would be left with the role
 */
export async function demandOtherAdmin({ rights, userRoles }: AccountStores, userId: string): Promise<void> {
  const { roles } = await rights.rightsOf(userId);
  if (!roles.includes(ADMIN_ROLE)) return;
  if ((await userRoles.countOthersWith(ADMIN_ROLE, userId)) === 0) throw new AppError('last_admin');
}
