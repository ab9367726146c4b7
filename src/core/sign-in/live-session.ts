import { AppError } from '../errors.ts';
import type { PrincipalCaller, UserPrincipal } from '../principal.ts';
import type { CoreStores } from '../stores.ts';

/**
 * To be called first in the transaction of what outlives a session, such as another address: an access token is good for a
 * moment longer where another process has ended its session. Until the end of the transaction the account is locked.
 * @throws AppError token_revoked where the session has ended, or the account was deleted or disabled
 */
export async function requireLiveSession(
  { rights }: Pick<CoreStores, 'rights'>,
  { principal }: PrincipalCaller<UserPrincipal>,
  at: Date,
): Promise<void> {
  if ((await rights.lockHolding(principal, at)) === null) throw new AppError('token_revoked');
}
