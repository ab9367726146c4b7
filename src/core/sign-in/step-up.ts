import { challenge } from '@latchkey/verifier/core';
import { REALM } from '../access/insufficient-scope.ts';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { type AuthenticatedPrincipal, type Authentication, acrOf, type UserPrincipal } from '../principal.ts';
import type { CoreStore } from '../stores.ts';
import { requireActiveUser } from '../users/active-user.ts';

export interface StepUpOptions {
  readonly store: Pick<CoreStore, 'users'>;
  readonly clock: Pick<Clock, 'now'>;
  /** For so long an authentication counts as recent. */
  readonly recentSignInSeconds: number;
}

/** How an operation takes a recent authentication. */
export interface StepUpNeeded {
  /** Whether the password in the body proves that the user is there: then no other recent factor is asked for but a second one. */
  readonly hasPassword?: boolean;
}

export type StepUp = ReturnType<typeof createStepUp>;

/**
 * Step-up authentication (RFC 9470): a stolen token or an unattended browser is not enough for what is dangerous. It takes
 * an authentication a short time ago, and by two factors of a user who has two.
 */
export function createStepUp({ store, clock, recentSignInSeconds: maxAgeSeconds }: StepUpOptions) {
  /** Whether that is recent: by whole seconds, as tokens tell the time. */
  function isRecent(authentication: Authentication | null): authentication is Authentication {
    return authentication !== null && secondsOf(clock.now()) - secondsOf(authentication.at) <= maxAgeSeconds;
  }

  /**
   * Requires that of a user in a session. Programs are spared: no user stands behind a machine client or an API key who could
   * authenticate, and a user who has stepped up has given them what they may do. Asks the database, unless two factors
   * were shown recently.
   * @throws AppError insufficient_user_authentication, token_revoked
   */
  async function require(principal: AuthenticatedPrincipal, needed: StepUpNeeded = {}): Promise<void> {
    if (principal.kind !== 'user') return;
    const { authentication, userId } = principal;
    const recent = isRecent(authentication) ? authentication : null;
    if (recent !== null && acrOf(recent.methods) === '2') return;
    const { secondFactorSince } = await requireActiveUser(store.users, userId);
    if (secondFactorSince !== null) throw insufficientAuthentication(maxAgeSeconds, true);
    if (recent === null && !needed.hasPassword) throw insufficientAuthentication(maxAgeSeconds, false);
  }

  /** Requires a recent authentication, by whatever factor. @throws AppError insufficient_user_authentication */
  function requireRecent({ authentication }: Pick<UserPrincipal, 'authentication'>): void {
    if (!isRecent(authentication)) throw insufficientAuthentication(maxAgeSeconds, false);
  }

  /**
   * What a session says once its user has proved something again. Nothing in it was proved before its time:
   * - a password, or a passkey that proves two factors, begins anew;
   * - another factor is added to a first one that is still recent, and the time stays that of the first one.
   * @throws AppError insufficient_user_authentication where a second factor has no recent first one to be added to
   */
  function raise(before: Authentication | null, proved: readonly string[], at: Date): Authentication {
    if (proved.includes('pwd') || acrOf(proved) === '2') return { methods: proved, at };
    if (!isRecent(before)) throw insufficientAuthentication(maxAgeSeconds, true);
    // A passkey without user verification proves nothing more when it is shown once more.
    const isPasskeyAgain = [before.methods, proved].every((methods) => methods.includes('user'));
    if (isPasskeyAgain && acrOf(before.methods) !== '2')
      throw insufficientAuthentication(maxAgeSeconds, true);
    return { methods: [...new Set([...before.methods, ...proved, 'mfa'])], at: before.at };
  }

  return { require, requireRecent, raise };
}

function secondsOf(time: number | Date): number {
  return Math.floor(Number(time) / 1000);
}

function insufficientAuthentication(maxAgeSeconds: number, needsTwoFactors: boolean): AppError {
  const code = 'insufficient_user_authentication';
  const needed = { max_age: maxAgeSeconds, ...(needsTwoFactors && { acr_values: '2' as const }) };
  const how = needsTwoFactors
    ? 'with your password and then with your second factor, or with a passkey, or sign in again'
    : 'with your password or a passkey, or sign in again';
  const detail = `You have to have authenticated within the last ${maxAgeSeconds} seconds: call POST /me/reauthenticate ${how}, and repeat the request.`;
  const parameters = { ...needed, max_age: String(maxAgeSeconds) };
  const headers = { 'WWW-Authenticate': challenge(REALM, code, parameters) };
  return new AppError(code, detail, { headers, members: needed });
}
