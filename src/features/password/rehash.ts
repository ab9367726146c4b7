import { entryOf } from '../../core/audit/audit.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError, fieldError } from '../../core/errors.ts';
import type { Turn } from '../../core/passwords/fair-queue.ts';
import type { Passwords } from '../../core/passwords/passwords.ts';
import { isSamePassword } from '../../core/passwords/policy.ts';
import type { Caller, RequestOrigin } from '../../core/principal.ts';
import type { AccountStore, User } from '../../core/users/ports.ts';
import type { Proof } from './password-check.ts';

export interface RehashDependencies {
  readonly store: AccountStore;
  readonly passwords: Passwords;
  readonly clock: Clock;
}

interface GivenPasswords {
  readonly password: string;
  readonly newPassword?: string | undefined;
}

/** What becomes of the stored hash at a login whose password was right. */
export function createRehash({ store, passwords, clock }: RehashDependencies) {
  /**
   * The hash that is stored in the end: that of another password where one is demanded, made anew where it is outdated.
   * @throws AppError password_change_required, validation_failed, overloaded
   */
  return async function rehash(
    user: User,
    proof: Proof,
    { password, newPassword }: GivenPasswords,
    origin: RequestOrigin,
    turn: Turn,
  ): Promise<string> {
    if (user.passwordChangeRequiredAt !== null)
      return replace(user, proof, { password, newPassword }, origin, turn);
    if (newPassword !== undefined) throw notDemanded();
    return proof.outdated ? renew(user, proof, password, turn) : proof.hash;
  };

  /** Where the operator demands another password, nobody is let in without one. */
  async function replace(
    user: User,
    { hash }: Proof,
    { password, newPassword }: GivenPasswords,
    origin: RequestOrigin,
    turn: Turn,
  ) {
    if (newPassword === undefined) throw new AppError('password_change_required');
    passwords.demandAcceptable(newPassword, [user.email, user.username, user.name], '/new_password');
    if (isSamePassword(newPassword, password)) {
      throw fieldError(
        '/new_password',
        'password_unchanged',
        'Choose another password than the present one.',
      );
    }
    const newHash = await passwords.hash(newPassword, turn);
    const at = new Date(clock.now());
    const caller: Caller = { actor: { type: 'user', id: user.id }, origin, sessionId: null };
    return store.transaction(async (stores) => {
      if (!(await stores.users.changePassword(user.id, hash, newHash, at))) return hash;
      await stores.ledger.append(entryOf('password.changed', caller, user.id), at);
      return newHash;
    });
  }

  /** The next login will do where too many wait to have a password hashed. */
  async function renew(user: User, { hash }: Proof, password: string, turn: Turn): Promise<string> {
    try {
      const renewed = await passwords.hash(password, turn);
      return (await store.users.replacePasswordHash(user.id, hash, renewed)) ? renewed : hash;
    } catch (error) {
      if (error instanceof AppError && error.code === 'overloaded') return hash;
      throw error;
    }
  }
}

/** What is sent for nothing would otherwise be taken for done. */
function notDemanded(): AppError {
  const detail = 'This account may keep its password: POST /me/password changes it.';
  return fieldError('/new_password', 'password_not_demanded', detail);
}
