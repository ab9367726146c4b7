import type { Logger } from 'pino';
import type { Quota } from '../../core/limits/quota.ts';
import type { Turn } from '../../core/passwords/fair-queue.ts';
import type { Passwords } from '../../core/passwords/passwords.ts';
import type { LoginAttempt, LoginGuard } from '../../core/sign-in/attempts.ts';
import type { FailureKeys, User } from '../../core/users/ports.ts';

export interface PasswordCheckDependencies {
  readonly passwords: Passwords;
  readonly guard: LoginGuard;
  readonly logger: Logger;
}

/** What became of a try: the result, or null where the password was wrong. */
export interface Outcome<Result> {
  readonly result: Result | null;
  /** How many tries are left. */
  readonly quota: Quota | undefined;
  /** This failure was the one after which the account takes no password any more. */
  readonly locked: boolean;
  /** False where the password was not even compared. */
  readonly mayMatch: boolean;
}

/** The stored hash that a password was right for. */
export interface Proof {
  readonly hash: string;
  /** It should be made anew. */
  readonly outdated: boolean;
}

/** Null where the password is wrong. Takes the time of one hash at the live cost either way. */
export type Prove = (user: User | null, password: string, turn: Turn) => Promise<Proof | null>;

export type PasswordCheck = ReturnType<typeof createPasswordCheck>;

/** Comparing a password with the stored one, no more often than the guard admits. */
export function createPasswordCheck({ passwords, guard, logger }: PasswordCheckDependencies) {
  /**
   * One try at a password. `work` returns null where that was wrong; whatever it throws is no failure of the password.
   * @throws AppError rate_limited, overloaded
   */
  async function attempt<Result>(
    keys: FailureKeys,
    work: (prove: Prove) => Promise<Result | null>,
  ): Promise<Outcome<Result>> {
    const admitted = await guard.admit(keys);
    try {
      return await settle(admitted, work);
    } finally {
      admitted.over();
    }
  }

  async function settle<Result>(
    admitted: LoginAttempt,
    work: (prove: Prove) => Promise<Result | null>,
  ): Promise<Outcome<Result>> {
    let result: Result | null;
    try {
      result = await work((user, password, turn) => prove(admitted.mayMatch ? user : null, password, turn));
    } catch (error) {
      await admitted.withdraw().catch((err) => logger.warn({ err }, 'a try at a password stays counted'));
      throw error;
    }
    if (result === null) {
      admitted.failed();
      return { result, quota: admitted.quota, locked: admitted.locks, mayMatch: admitted.mayMatch };
    }
    // What has been done stays done, also where the count cannot be cleared.
    const quota = await admitted.succeeded().catch((err) => {
      logger.warn({ err }, 'a right password stays counted as a wrong one');
      return admitted.quota;
    });
    return { result, quota, locked: false, mayMatch: true };
  }

  async function prove(user: User | null, password: string, turn: Turn): Promise<Proof | null> {
    // Who is disabled is compared with nothing, so that the right password takes as long as a wrong one.
    const stored = user?.disabledAt === null ? user.passwordHash : null;
    const { matches, outdated, pepperMissing, tooCostly } = await passwords.verify(password, stored, turn);
    if (pepperMissing) {
      logger.error({ user_id: user?.id }, 'a password hash was made with a pepper that is not configured');
    }
    if (tooCostly) {
      logger.error(
        { user_id: user?.id },
        'a password hash costs more than twice BCRYPT_COST: it is not compared',
      );
    }
    return matches && stored !== null ? { hash: stored, outdated } : null;
  }

  return { attempt };
}
