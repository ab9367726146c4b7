import { entryOf } from '../audit/audit.ts';
import type { Core } from '../core.ts';
import { AppError } from '../errors.ts';
import type { Place } from '../passwords/fair-queue.ts';
import type { PrincipalCaller, UserPrincipal } from '../principal.ts';
import { requireActiveUser } from '../users/active-user.ts';
import type { User } from '../users/user.ts';
import { type Attempt, lockoutEvent } from './attempts.ts';
import { createComparePassword } from './compare-password.ts';
import { keysOfSessions } from './failure-keys.ts';

/**
 * A check of the password of a user who is logged in, before something that a stolen access token must not be enough for.
 * It ends with `succeed` or `abandon`.
 */
export interface PasswordCheck {
  /** The place in the queue that the comparison has, for a hash that has to be made besides. */
  readonly place: Place;
  /**
   * The user and the stored hash that the password is right for. May be called a second time where that hash is no longer
   * stored: a login may have made the same password's hash anew.
   * @throws AppError wrong_password, token_revoked, overloaded
   */
  readonly compare: () => Promise<{ readonly user: User; readonly hash: string }>;
  /** The change that the password was given for has succeeded. */
  readonly succeed: () => Promise<void>;
  /** The change was not made, for this reason. */
  readonly abandon: (reason: unknown) => Promise<void>;
}

const MAX_COMPARISONS = 2;

export type CurrentPassword = ReturnType<typeof createCurrentPassword>;

export function createCurrentPassword(core: Core) {
  const { store, clock, passwords, attempts, deviceTokens } = core;
  const comparePassword = createComparePassword(core);

  /**
   * Begins a check: takes a place in the queue of hashing and counts an attempt, or a thief with an access token could
   * guess without end.
   * @throws AppError rate_limited, overloaded
   */
  async function begin(caller: PrincipalCaller<UserPrincipal>, password: string): Promise<PasswordCheck> {
    const { userId } = caller.principal;
    const place = passwords.reserve(caller.origin.network, deviceTokens.accountOf(userId));
    let attempt: Attempt;
    try {
      attempt = await attempts.begin(keysOfSessions(userId));
    } catch (error) {
      place.leave();
      throw error;
    }
    let comparisons = 0;
    let isRight = false;
    let hasFailed = false;

    async function compare() {
      isRight = false;
      if (comparisons++ < MAX_COMPARISONS) {
        const user = await requireActiveUser(store.users, userId);
        const proof = await comparePassword(attempt.mayMatch ? user : null, password, place);
        if (proof !== null) {
          isRight = true;
          return { user, hash: proof.hash };
        }
      }
      hasFailed = true;
      attempt.fail();
      place.leave();
      await recordRefusal('wrong_password');
      const event = attempt.locks ? lockoutEvent(userId) : undefined;
      throw new AppError('wrong_password', undefined, { quota: attempt.quota, ...(event && { event }) });
    }

    async function succeed(): Promise<void> {
      await attempt.succeed();
      place.leave();
    }

    async function abandon(reason: unknown): Promise<void> {
      if (hasFailed) return;
      try {
        // A thief who hears that only the rest was refused has learned that the password is right.
        if (isRight && reason instanceof AppError && reason.code !== 'database_unavailable') {
          await recordRefusal(reason.code);
        }
      } finally {
        await attempt.cancel();
        place.leave();
      }
    }

    async function recordRefusal(reason: string): Promise<void> {
      const entry = entryOf('password.refused', caller, userId, { reason }, 'failure');
      await store.audit.append(entry, new Date(clock.now()));
    }

    return { place, compare, succeed, abandon };
  }

  return { begin };
}
