import { entryOf } from '../audit/audit.ts';
import type { Core } from '../core.ts';
import { AppError } from '../errors.ts';
import type { Place } from '../passwords/fair-queue.ts';
import type { PrincipalCaller, UserPrincipal } from '../principal.ts';
import type { Revocation } from '../revocation/revocation.ts';
import { requireActiveUser } from '../users/active-user.ts';
import type { User } from '../users/user.ts';
import { type Attempt, cancelOnThrow, MAX_COMPARISONS, wrongPasswordError } from './attempts.ts';
import { createComparePassword } from './compare-password.ts';
import { keysOfSessions } from './failure-keys.ts';

/** The user who gave their password again, and the stored hash that it matches. */
export interface CurrentPassword {
  readonly user: User;
  readonly hash: string;
  /** The place in the queue that the comparison has, for a hash that has to be made in addition. */
  readonly place: Place;
}

/** Returns what it revoked, or null where the hash is no longer stored. */
export type ChangeByPassword = (current: CurrentPassword) => Promise<Revocation[] | null>;

/** Makes the function for changes that a stolen access token must not be enough for. */
export function createWithCurrentPassword(core: Core) {
  const { store, clock, passwords, attempts, deviceTokens, sessions } = core;
  const comparePassword = createComparePassword(core);

  /**
   * Makes a change where the password of a user who is logged in is correct, and announces what it revoked. Wrong
   * passwords count, or a thief with an access token could guess without end.
   * @throws AppError wrong_password, token_revoked, rate_limited, overloaded, and what the change throws
   */
  return async function withCurrentPassword(
    caller: PrincipalCaller<UserPrincipal>,
    password: string,
    change: ChangeByPassword,
  ): Promise<void> {
    const { userId } = caller.principal;
    const place = passwords.reserve(caller.origin.network, deviceTokens.accountOf(userId));
    let attempt: Attempt;
    let revoked: Revocation[] | null;
    try {
      attempt = await attempts.begin(keysOfSessions(userId));
      revoked = await cancelOnThrow(attempt, compareAndChange(caller, password, attempt, place, change));
    } finally {
      place.leave();
    }
    if (revoked === null) {
      attempt.fail();
      await recordRefusal(caller, 'wrong_password');
      throw wrongPasswordError('wrong_password', attempt, userId);
    }
    await sessions.announce(revoked);
    await attempt.succeed();
  };

  /** Null where the password is wrong. Compares twice, since a login may have hashed the same password again. */
  async function compareAndChange(
    caller: PrincipalCaller<UserPrincipal>,
    password: string,
    { mayMatch }: Attempt,
    place: Place,
    change: ChangeByPassword,
  ): Promise<Revocation[] | null> {
    for (let comparisons = 0; comparisons < MAX_COMPARISONS; comparisons++) {
      const user = await requireActiveUser(store.users, caller.principal.userId);
      const proof = await comparePassword(mayMatch ? user : null, password, place);
      if (proof === null) return null;
      try {
        const revoked = await change({ user, hash: proof.hash, place });
        if (revoked !== null) return revoked;
      } catch (error) {
        // A thief who hears that only the rest was refused has learned that the password is correct.
        if (error instanceof AppError && error.code !== 'database_unavailable') {
          await recordRefusal(caller, error.code);
        }
        throw error;
      }
    }
    return null;
  }

  async function recordRefusal(caller: PrincipalCaller<UserPrincipal>, reason: string): Promise<void> {
    const entry = entryOf('password.refused', caller, caller.principal.userId, { reason }, 'failure');
    await store.audit.append(entry, new Date(clock.now()));
  }
}
