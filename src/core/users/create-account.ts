import { type AuditEntry, entryOf } from '../audit/audit.ts';
import { type RequestOrigin, userCaller } from '../principal.ts';
import type { CoreStores } from '../stores.ts';
import type { NewUser, User } from './user.ts';

/** The roles of every new account. */
const BASELINE_ROLES = ['user'];

/**
 * Makes the account of a person who signs up, and the entry for the audit log, which is to be the first of it.
 * @throws AppError email_taken, username_taken, phone_taken
 */
export async function createAccountWithin(
  stores: CoreStores,
  newUser: NewUser,
  origin: RequestOrigin,
): Promise<{ readonly user: User; readonly entry: AuditEntry }> {
  const user = await stores.users.insert(newUser);
  await stores.userRoles.add(user.id, BASELINE_ROLES);
  return { user, entry: entryOf('user.signed_up', userCaller(user.id, origin), user.id) };
}
