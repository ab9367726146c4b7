import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { AppError, rateLimited } from '../errors.ts';
import type { Quota } from '../limits/quota.ts';
import type { FailureKey, FailureKeys } from './failure-keys.ts';
import { createInFlight } from './in-flight.ts';
import { createKeyedTurns } from './keyed-turns.ts';
import { createKnownWaits, type KnownWait } from './known-waits.ts';
import type { DelayRule, LoginFailureStore } from './login-failures.store.ts';

export interface AttemptOptions {
  readonly failures: LoginFailureStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** After this many failures with one identifier each further attempt has to wait, twice as long each time. */
  readonly freeFailures: number;
  /** After this many in a row the account is locked. */
  readonly maxFailures: number;
  /** Called for each attempt that has to wait, for the metrics. */
  readonly onLimited?: () => void;
}

/**
 * One attempt at a password, counted as a failure until it turns out to be none. Exactly one of `fail`, `succeed` and
 * `cancel` ends it; until then other attempts with the same keys may wait for it.
 */
export interface Attempt {
  /** False where the account is locked; the answer must then be that to a wrong password. */
  readonly mayMatch: boolean;
  /** Whether this failure locks the account. */
  readonly locks: boolean;
  /** The quota after a failure. */
  readonly quota: Quota | undefined;
  /** The password was wrong: it stays counted. */
  readonly fail: () => void;
  /** The password was correct. Returns the quota. A count that cannot be cleared is logged: the login stands. */
  readonly succeed: () => Promise<Quota | undefined>;
  /** No password was compared, so it was not a failure. A count that cannot be changed is logged. */
  readonly cancel: () => Promise<void>;
}

export interface Attempts {
  /** @throws AppError rate_limited while the next attempt has to wait */
  readonly begin: (keys: FailureKeys) => Promise<Attempt>;
  /**
   * Refuses what this process knows that `begin` would refuse, without querying the database.
   * @throws AppError rate_limited
   */
  readonly refuseKnownWait: (delay: FailureKey) => void;
}

/** A count that nothing is added to for a day does not delay any more. What locks is not forgotten. */
export const FORGET_SECONDS = 86_400;
const MAX_DELAY_SECONDS = 900;
/** A login or a change at the same moment may replace the hash that was compared: then the password is compared again. */
export const MAX_COMPARISONS = 2;
/** A failure that another process counted may still be taken back, so such a wait is believed for a moment only. */
const BELIEVED_MILLISECONDS = 1000;

/** Limits are off: every attempt may match and nothing is counted. */
export const NO_ATTEMPT_LIMITS: Attempts = {
  begin: async () => ({
    mayMatch: true,
    locks: false,
    quota: undefined,
    fail: () => {},
    succeed: async () => undefined,
    cancel: async () => {},
  }),
  refuseKnownWait: () => {},
};

/**
 * Counts wrong passwords (NIST SP 800-63B-4 section 3.2.2). An attempt is counted before its password is compared, in
 * one conditional write, so that of many concurrent attempts no more are compared than may be. Within a process the
 * attempts of one key take turns, so that they wait for one another here and not in the database.
 *
 * For devices that the account does not know the delay belongs to the identifier as typed and to no account, so that it
 * reveals nothing about which accounts exist, which identifiers are one account's and when its owner logs in. The lock
 * belongs to the account, and cannot be seen from outside.
 */
export function createAttempts(options: AttemptOptions): Attempts {
  const { failures, clock, logger, freeFailures, maxFailures, onLimited = () => {} } = options;
  const rule: DelayRule = { freeFailures, forgetSeconds: FORGET_SECONDS, maxDelaySeconds: MAX_DELAY_SECONDS };
  const inTurn = createKeyedTurns(isDatabaseAway);
  const inFlight = createInFlight();
  const knownWaits = createKnownWaits(clock);

  function begin(keys: FailureKeys): Promise<Attempt> {
    const key = textOf(keys.delay);
    return inTurn(key, async () => {
      for (;;) {
        refuseKnownWait(keys.delay);
        // Asked for before the database is queried: one that ends in between may have changed the count.
        const nextEnd = inFlight.nextEnd(key);
        const at = new Date(clock.now());
        const counted = await failures.count(keys, at, rule);
        if (counted !== null) return attemptOf(keys, at, counted, inFlight.begin(key));
        // Those in flight may turn out to be correct: ten concurrent logins with the correct password all succeed.
        if (nextEnd === undefined) await refuse(keys, at);
        await nextEnd;
      }
    });
  }

  function refuseKnownWait(delay: FailureKey): void {
    const wait = knownWaits.find(textOf(delay));
    if (wait === undefined) return;
    onLimited();
    throw rateLimited(quotaOf(wait.recentFailures, wait.milliseconds));
  }

  async function refuse(keys: FailureKeys, at: Date): Promise<never> {
    const { account, device } = keys.delay;
    const row = await failures.find(account, device);
    const recentFailures = row?.recentFailures ?? freeFailures;
    // No longer than the delay itself, also where a clock has been set back.
    const milliseconds = Math.min(
      (row?.waitsUntilMs ?? 0) - at.getTime(),
      delaySeconds(recentFailures) * 1000,
    );
    const believedUntil = at.getTime() + Math.min(milliseconds, BELIEVED_MILLISECONDS);
    remember(keys, { recentFailures, until: at.getTime() + milliseconds, believedUntil });
    onLimited();
    throw rateLimited(quotaOf(recentFailures, milliseconds));
  }

  /** Only waits that nothing but time can end: `unlock` ends that of a known device at once, so it is not cached. */
  function remember({ delay, lock }: FailureKeys, wait: KnownWait): void {
    if (delay !== lock) knownWaits.remember(textOf(delay), wait);
  }

  function attemptOf(
    keys: FailureKeys,
    at: Date,
    counted: { readonly recentFailures: number; readonly failures: number },
    end: () => void,
  ): Attempt {
    const { recentFailures, failures: total } = counted;
    const delayMilliseconds = delaySeconds(recentFailures) * 1000;
    const quota = quotaOf(recentFailures, delayMilliseconds);
    return {
      mayMatch: total <= maxFailures,
      locks: total === maxFailures,
      quota,
      fail() {
        const until = at.getTime() + delayMilliseconds;
        if (delayMilliseconds > 0) remember(keys, { recentFailures, until, believedUntil: until });
        end();
      },
      async succeed() {
        try {
          await failures.succeed(keys, at);
          return quotaOf(keys.delay === keys.lock ? 0 : recentFailures - 1, 0);
        } catch (err) {
          logger.warn({ err }, 'could not reset the failure count after a correct password');
          return quota;
        } finally {
          end();
        }
      },
      async cancel() {
        try {
          await failures.takeBack(keys, at);
        } catch (err) {
          logger.warn({ err }, 'could not take back a cancelled login attempt');
        } finally {
          end();
        }
      },
    };
  }

  /** None for the free failures; then 1 s, 2 s, 4 s ... up to a quarter of an hour. */
  function delaySeconds(count: number): number {
    return count < freeFailures ? 0 : Math.min(2 ** (count - freeFailures), MAX_DELAY_SECONDS);
  }

  function quotaOf(count: number, waitMilliseconds: number): Quota {
    const remaining = Math.max(0, freeFailures - count);
    const resetSeconds = remaining > 0 ? FORGET_SECONDS : Math.max(1, Math.ceil(waitMilliseconds / 1000));
    return {
      policy: 'login-account',
      limit: freeFailures,
      windowSeconds: FORGET_SECONDS,
      remaining,
      resetSeconds,
    };
  }

  return { begin, refuseKnownWait };
}

function isDatabaseAway(error: unknown): boolean {
  return error instanceof AppError && error.code === 'database_unavailable';
}

function textOf({ account, device }: FailureKey): string {
  return `${account} ${device}`;
}

/** The result of `work`, which compares the password of an attempt. Where it throws, the attempt is cancelled. */
export async function cancelOnThrow<Result>(attempt: Attempt, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    await attempt.cancel();
    throw error;
  }
}

/** The refusal of a wrong password or second factor. Where that locks the account, the log says so. */
export function wrongPasswordError(
  code: 'invalid_credentials' | 'wrong_password' | 'invalid_factor',
  { locks, quota }: Attempt,
  userId: string | undefined,
): AppError {
  if (!locks || userId === undefined) return new AppError(code, undefined, { quota });
  return new AppError(code, undefined, { quota, event: lockoutEvent(code, userId) });
}

/** The log line for an account, a device or a session group that has been locked, for passwords or for second factors. */
function lockoutEvent(code: string, userId: string): Record<string, string> {
  const event = code === 'invalid_factor' ? 'second_factor_locked' : 'password_locked';
  return { event, user_id: userId, message: 'account locked until it is unlocked' };
}
