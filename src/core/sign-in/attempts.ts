import { createHmac } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { AppError, rateLimited } from '../errors.ts';
import type { Quota } from '../limits/quota.ts';
import type { SigningKey } from '../tokens/keys.ts';
import type {
  DelayRule,
  FailureKey,
  FailureKeys,
  IdentifierKind,
  LoginFailureStore,
} from '../users/ports.ts';
import { createUnderWay } from './in-flight.ts';
import { createKeyedTurns } from './keyed-turns.ts';
import { createKnownWaits, type KnownWait } from './known-waits.ts';

export interface LoginGuardOptions {
  readonly failures: LoginFailureStore;
  readonly clock: Clock;
  /** After so many failures with one identifier every next one has to wait longer. */
  readonly freeFailures: number;
  /** After so many in a row the password is not compared any more. */
  readonly maxFailures: number;
  /** Told of each try that has to wait, for the metrics. */
  readonly onLimited?: () => void;
}

/** One try at a password, counted as a failure until it turns out to be none. */
export interface LoginAttempt {
  /** False where the account takes no password any more; the answer must then be that to a wrong password. */
  readonly mayMatch: boolean;
  /** Whether this failure is the one after which the account takes no password any more. */
  readonly locks: boolean;
  readonly quota: Quota | undefined;
  /** It stays counted. */
  readonly failed: () => void;
  readonly succeeded: () => Promise<Quota | undefined>;
  /** No password was compared, so it was no failure. */
  readonly withdraw: () => Promise<void>;
  /** To be called last, however it ended. */
  readonly over: () => void;
}

export interface LoginGuard {
  /** @throws AppError rate_limited while the next try has to wait */
  readonly admit: (keys: FailureKeys) => Promise<LoginAttempt>;
  /**
   * Refuses what this process knows that `admit` would refuse, without asking the database.
   * @throws AppError rate_limited
   */
  readonly refuseKnownWait: (delay: FailureKey) => void;
}

/** A count that nobody added to for a day does not delay any more. What locks is not forgotten. */
export const FORGET_SECONDS = 86_400;
const MAX_DELAY_SECONDS = 900;
/** What another process counted may still be taken back, so such a wait is believed for a moment only. */
const BELIEVED_MILLISECONDS = 1000;

/** Limits are off: every try may match and nothing is counted. */
export const NO_GUARD: LoginGuard = {
  admit: async () => ({
    mayMatch: true,
    locks: false,
    quota: undefined,
    failed: () => {},
    succeeded: async () => undefined,
    withdraw: async () => {},
    over: () => {},
  }),
  refuseKnownWait: () => {},
};

/**
 * Counts wrong passwords (NIST SP 800-63B-4 section 3.2.2). A try is counted before its password is compared, in one
 * conditional write, so that of many tries at once no more are compared than may be. Within a process the tries of one
 * key take turns, so that they wait for one another here and not in the database.
 *
 * For devices that the account does not know the delay belongs to the identifier as typed and to no account, so that it
 * tells nothing about which accounts there are, which identifiers are one account's and when its owner logs in. The lock
 * belongs to the account, and nobody can see it.
 */
export function createLoginGuard(options: LoginGuardOptions): LoginGuard {
  const { failures, clock, freeFailures, maxFailures, onLimited = () => {} } = options;
  const rule: DelayRule = { freeFailures, forgetSeconds: FORGET_SECONDS, maxDelaySeconds: MAX_DELAY_SECONDS };
  const inTurn = createKeyedTurns(isDatabaseAway);
  const underWay = createUnderWay();
  const knownWaits = createKnownWaits(clock);

  function admit(keys: FailureKeys): Promise<LoginAttempt> {
    const key = textOf(keys.delay);
    return inTurn(key, async () => {
      for (;;) {
        refuseKnownWait(keys.delay);
        // Asked for before the database is: one that ends in between may have changed the count.
        const nextEnd = underWay.nextEnd(key);
        const at = new Date(clock.now());
        const counted = await failures.count(keys, at, rule);
        if (counted !== null) return attemptOf(keys, at, counted, underWay.begin(key));
        // Those under way may turn out to be right: ten logins at once with the right password all succeed.
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

  /** Only where nothing but the clock ends the wait: an unlocked account takes its known devices at once. */
  function remember({ delay, lock }: FailureKeys, wait: KnownWait): void {
    if (delay !== lock) knownWaits.remember(textOf(delay), wait);
  }

  function attemptOf(
    keys: FailureKeys,
    at: Date,
    counted: { readonly recentFailures: number; readonly failures: number },
    over: () => void,
  ): LoginAttempt {
    const { recentFailures, failures: total } = counted;
    const delayMilliseconds = delaySeconds(recentFailures) * 1000;
    return {
      mayMatch: total <= maxFailures,
      locks: total === maxFailures,
      quota: quotaOf(recentFailures, delayMilliseconds),
      failed: () => {
        const until = at.getTime() + delayMilliseconds;
        if (delayMilliseconds > 0) remember(keys, { recentFailures, until, believedUntil: until });
      },
      succeeded: async () => {
        await failures.succeed(keys, at);
        return quotaOf(keys.delay === keys.lock ? 0 : recentFailures - 1, 0);
      },
      withdraw: () => failures.takeBack(keys, at),
      over,
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

  return { admit, refuseKnownWait };
}

function isDatabaseAway(error: unknown): boolean {
  return error instanceof AppError && error.code === 'database_unavailable';
}

function textOf({ account, device }: FailureKey): string {
  return `${account} ${device}`;
}

const STRANGERS = '';
/** All sessions of an account share one count, or who has many could guess as often. */
const SESSIONS = 'sessions';

/** What stands in the table for an identifier, and for the account of one that nobody has. */
export interface TypedIdentifier {
  readonly identifier: string;
  readonly nobody: string;
}

/** Hashed, since what people type in may be anything. Computed for everybody, since that takes time. */
export function hashIdentifier(
  { signingKey }: SigningKey,
  kind: IdentifierKind,
  typed: string,
): TypedIdentifier {
  const hash = createHmac('sha256', signingKey)
    .update(`latchkey login v1\0${kind}\0${typed}`)
    .digest('base64url');
  return { identifier: `identifier:${hash}`, nobody: `nobody:${hash}` };
}

/** The count that delays devices which the account does not know. */
export function delayOfStrangers({ identifier }: TypedIdentifier): FailureKey {
  return { account: identifier, device: STRANGERS };
}

/** An account that does not exist is counted like any other, or the difference would tell who has one. */
export function keysOfStrangers(typed: TypedIdentifier, userId: string | undefined): FailureKeys {
  const lock = { account: userId ?? typed.nobody, device: STRANGERS };
  return { delay: delayOfStrangers(typed), lock };
}

export function keysOfDevice(userId: string, deviceId: string): FailureKeys {
  return sharedKey(userId, `device:${deviceId}`);
}

/** For whoever is logged in and gives the password once more. */
export function keysOfSessions(userId: string): FailureKeys {
  return sharedKey(userId, SESSIONS);
}

function sharedKey(account: string, device: string): FailureKeys {
  const key = { account, device };
  return { delay: key, lock: key };
}
