import type { AuditEntry } from '../audit/audit.ts';
import type { SessionGrant, Sessions, SignInEvidence } from '../sessions/sessions.ts';
import type { CoreStores } from '../stores.ts';
import type { User } from '../users/user.ts';
import type { NewDeviceNotice } from './new-device.ts';

/** The transaction of something that is done only with the sign-in, and what of it goes into the audit log before that. */
interface Together {
  readonly stores: CoreStores;
  readonly earlier: readonly AuditEntry[];
}

export type CompleteSignIn = ReturnType<typeof createCompleteSignIn>;

/**
 * Makes the last step of every kind of sign-in. `tellOfNewDevice` is called after those on such a device; where there is a
 * transaction its caller does that, once it is committed.
 */
export function createCompleteSignIn(
  sessions: Pick<Sessions, 'start' | 'startWithin'>,
  tellOfNewDevice: NewDeviceNotice,
) {
  /**
   * Begins a session for a user who has authenticated. Null where they are gone or disabled by now, or where the
   * password that they proved to know is no longer theirs.
   *
   * There is no further factor yet, so this is all. Where a user has one, and it is not among
   * `evidence.authentication.methods`, the challenge is decided here, and the answer becomes `{ session } | { challenge
   * }`.
   */
  return async function completeSignIn(
    user: User,
    evidence: SignInEvidence,
    together?: Together,
  ): Promise<SessionGrant | null> {
    if (together !== undefined)
      return sessions.startWithin(together.stores, user.id, evidence, together.earlier);
    const grant = await sessions.start(user.id, evidence);
    if (grant !== null && evidence.isNewDevice) await tellOfNewDevice(user, evidence.origin);
    return grant;
  };
}
