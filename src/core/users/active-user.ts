import { AppError } from '../errors.ts';
import type { User } from './user.ts';
import type { UserStore } from './users.store.ts';

/**
 * The user of a credential that is otherwise valid.
 * @throws AppError token_revoked where the account was deleted or disabled since the credential was checked
 */
export async function requireActiveUser(users: Pick<UserStore, 'findById'>, userId: string): Promise<User> {
  const user = await users.findById(userId);
  if (user === null || user.disabledAt !== null) throw new AppError('token_revoked');
  return user;
}
