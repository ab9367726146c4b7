import { type AuditEntry, entryOf } from '../audit/audit.ts';
import type { Clock } from '../clock.ts';
import type { SecondFactorChallenge, SecondFactors } from '../factors/second-factors.ts';
import { userCaller } from '../principal.ts';
import type { SessionGrant, Sessions, SignInEvidence } from '../sessions/sessions.ts';
import type { CoreStore, CoreStores } from '../stores.ts';
import type { User } from '../users/user.ts';
import type { NewDeviceNotice } from './new-device.ts';

interface CompleteSignInDependencies {
  readonly store: CoreStore;
  readonly sessions: Pick<Sessions, 'start' | 'startWithin'>;
  readonly secondFactors: Pick<SecondFactors, 'neededFor' | 'challengeWithin'>;
  readonly tellOfNewDevice: NewDeviceNotice;
  readonly clock: Clock;
}

/** The transaction of something that is done only with the sign-in, and what of it goes into the audit log before that. */
interface Together {
  readonly stores: CoreStores;
  readonly earlier: readonly AuditEntry[];
}

/** What becomes of a sign-in: a session, or a challenge for a second factor. */
export type SignInOutcome = { readonly grant: SessionGrant } | { readonly challenge: SecondFactorChallenge };

export type CompleteSignIn = ReturnType<typeof createCompleteSignIn>;

/**
 * Makes the last step of every kind of sign-in. `tellOfNewDevice` is called after those on such a device; where there is a
 * transaction its caller does that, once it is committed.
 */
export function createCompleteSignIn(dependencies: CompleteSignInDependencies) {
  const { store, sessions, secondFactors, tellOfNewDevice, clock } = dependencies;

  /**
   * Begins a session for a user who has authenticated, or a challenge where a second factor is missing. Null where they are
   * gone or disabled by now, the password that they proved to know is no longer theirs, or they have a second factor by
   * now.
   */
  return async function completeSignIn(
    user: User,
    evidence: SignInEvidence,
    together?: Together,
  ): Promise<SignInOutcome | null> {
    const stores = together?.stores ?? store;
    const methods = evidence.isOfSession ? null : await secondFactors.neededFor(stores, user, evidence);
    if (methods !== null) {
      const challenge = await secondFactors.challengeWithin(stores, user, evidence, methods);
      const { method, origin } = evidence;
      const entry = entryOf('login.challenged', userCaller(user.id, origin), user.id, { method });
      await stores.audit.appendMany([...(together?.earlier ?? []), entry], new Date(clock.now()));
      return { challenge };
    }
    // The row of the user was read before: a factor that was added since then is not passed over.
    const isEnoughForFactor =
      user.secondFactorSince !== null || evidence.authentication.methods.includes('mfa');
    const sufficient = { ...evidence, isEnoughForFactor };
    if (together !== undefined) {
      const grant = await sessions.startWithin(together.stores, user.id, sufficient, together.earlier);
      return grant && { grant };
    }
    const grant = await sessions.start(user.id, sufficient);
    if (grant !== null && evidence.isNewDevice) await tellOfNewDevice(user, evidence.origin);
    return grant && { grant };
  };
}
