import { createHmac } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { type AppError, rateLimited } from '../errors.ts';
import type { Quota } from '../quota.ts';
import type { SigningKey } from '../tokens/keys.ts';
import type { IdentifierKind, LoginFailureStore, LoginFailures } from './ports.ts';
import { createUnderWay } from './under-way.ts';

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

/** Whose password is tried, under what kind of identifier, and from where. */
export interface LoginSubject {
  /** The id of the user, or what stands for somebody unknown. */
  readonly account: string;
  readonly kind: IdentifierKind;
  /** A device that the account knows has a count of its own; all others share the one of STRANGERS. */
  readonly device: string;
}

/** One try at a password, counted as a failure until it turns out to be none. */
export interface LoginAttempt {
  /** False where the account takes no password any more; the answer must then be that to a wrong password. */
  readonly mayMatch: boolean;
  /** Whether this failure is the one after which the account takes no password any more. */
  readonly locks: boolean;
  readonly quota: Quota | undefined;
  /** The count begins anew. */
  readonly succeeded: () => Promise<Quota | undefined>;
  /** No password was compared, so it was no failure. */
  readonly withdraw: () => Promise<void>;
  /** To be called last, however it ended. */
  readonly over: () => void;
}

export interface LoginGuard {
  /** @throws AppError rate_limited while the next try has to wait */
  readonly admit: (subject: LoginSubject) => Promise<LoginAttempt>;
}

export const STRANGERS = '';

/** A count that nobody added to for a day does not delay any more. What locks is not forgotten. */
export const FORGET_SECONDS = 86_400;
const MAX_DELAY_SECONDS = 900;
/** With many tries at once, each round of reading and writing lets one of them win. */
const MAX_ROUNDS = 50;

/** Limits are off: every try may match and nothing is counted. */
export const NO_GUARD: LoginGuard = {
  admit: async () => ({
    mayMatch: true,
    locks: false,
    quota: undefined,
    succeeded: async () => undefined,
    withdraw: async () => {},
    over: () => {},
  }),
};

/**
 * Counts wrong passwords (NIST SP 800-63B-4 section 3.2.2). A try is counted before its password is compared, in one
 * conditional write, so that of many tries at once no more are compared than may be.
 *
 * The delay belongs to the identifier, so that it tells nothing about which email address and which username are one
 * account's. The lock belongs to the account, and nobody can see it.
 */
export function createLoginGuard(options: LoginGuardOptions): LoginGuard {
  const { failures, clock, freeFailures, maxFailures, onLimited = () => {} } = options;
  const underWay = createUnderWay();

  async function admit({ account, kind, device }: LoginSubject): Promise<LoginAttempt> {
    const key = [account, device, kind].join(' ');
    for (let round = 0; round < MAX_ROUNDS; ) {
      const at = clock.now();
      // Asked for before the count is read: whoever ends in between may have cleared it.
      const nextEnd = underWay.nextEnd(key);
      const before = await failures.find(account, device);
      const count = visibleCount(before, kind, at);
      const delayMilliseconds = delaySeconds(count) * 1000;
      // No longer than the delay itself, also where a clock has been set back.
      const waitMilliseconds = Math.min(
        lastFailure(before, kind) + delayMilliseconds - at,
        delayMilliseconds,
      );
      if (count >= freeFailures && waitMilliseconds > 0) {
        // Those under way may turn out to be right: ten logins at once with the right password all succeed.
        const end = nextEnd ?? underWay.nextEnd(key);
        if (end === undefined) throw refuse(quotaOf(count, waitMilliseconds));
        await end;
        continue;
      }
      const over = underWay.begin(key);
      const after = oneMore(before ?? { account, device, ...NO_FAILURES }, kind, count, at);
      const won = await failures.replace(before, after).catch((error) => {
        over();
        throw error;
      });
      if (won) return attemptOf(before, after, kind, count + 1, over);
      over();
      round++;
    }
    throw refuse(quotaOf(freeFailures, 1000));
  }

  function refuse(quota: Quota): AppError {
    onLimited();
    return rateLimited(quota);
  }

  function attemptOf(
    before: LoginFailures | null,
    after: LoginFailures,
    kind: IdentifierKind,
    count: number,
    over: () => void,
  ): LoginAttempt {
    const { account, device, failures: total } = after;
    return {
      mayMatch: total <= maxFailures,
      locks: total === maxFailures,
      quota: quotaOf(count, delaySeconds(count) * 1000),
      succeeded: async () => {
        await failures.clear(account, device);
        return quotaOf(0, 0);
      },
      withdraw: () => failures.takeBack(after, before, kind),
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

  return { admit };
}

/** Stands for an account that does not exist. Hashed, since what people type in may be anything. */
export function accountOfNobody({ signingKey }: SigningKey, kind: IdentifierKind, typed: string): string {
  const hash = createHmac('sha256', signingKey).update(`latchkey login v1\0${kind}\0${typed}`);
  return `nobody:${hash.digest('base64url')}`;
}

const NO_FAILURES = {
  failures: 0,
  failedAt: new Date(0),
  emailFailures: 0,
  emailFailedAt: null,
  usernameFailures: 0,
  usernameFailedAt: null,
};

function visibleCount(row: LoginFailures | null, kind: IdentifierKind, at: number): number {
  if (row === null || at - lastFailure(row, kind) > FORGET_SECONDS * 1000) return 0;
  return kind === 'email' ? row.emailFailures : row.usernameFailures;
}

function lastFailure(row: LoginFailures | null, kind: IdentifierKind): number {
  return (kind === 'email' ? row?.emailFailedAt : row?.usernameFailedAt)?.getTime() ?? 0;
}

function oneMore(row: LoginFailures, kind: IdentifierKind, count: number, at: number): LoginFailures {
  const failedAt = new Date(at);
  const visible =
    kind === 'email'
      ? { emailFailures: count + 1, emailFailedAt: failedAt }
      : { usernameFailures: count + 1, usernameFailedAt: failedAt };
  return { ...row, failures: row.failures + 1, failedAt, ...visible };
}
