import type { Logger } from 'pino';
import type { Turn } from '../passwords/fair-queue.ts';
import type { Passwords } from '../passwords/passwords.ts';
import type { User } from '../users/user.ts';

/** The stored hash that a password matched. */
export interface Proof {
  readonly hash: string;
  /** Whether it should be replaced by a hash of the configured kind and cost. */
  readonly outdated: boolean;
}

export function createComparePassword({
  passwords,
  logger,
}: {
  readonly passwords: Pick<Passwords, 'verify'>;
  readonly logger: Logger;
}) {
  /**
   * Null where the password is wrong, or where there is no user. A wrong password takes as long as a hash at the
   * highest stored cost, whether or not the user exists.
   * @throws AppError overloaded
   */
  return async function comparePassword(
    user: User | null,
    password: string,
    turn: Turn,
  ): Promise<Proof | null> {
    // For a disabled user no hash is compared, so that the correct password takes as long as a wrong one.
    const stored = user?.disabledAt === null ? user.passwordHash : null;
    const { matches, outdated, pepperMissing, tooCostly } = await passwords.verify(password, stored, turn);
    if (pepperMissing) {
      logger.error({ user_id: user?.id }, 'a password hash was made with a pepper that is not configured');
    }
    if (tooCostly) {
      const message = 'password hash rejected: its bcrypt cost is above BCRYPT_COST + 1';
      logger.error({ user_id: user?.id }, message);
    }
    return matches && stored !== null ? { hash: stored, outdated } : null;
  };
}
