import type { AuditEntry } from '../audit/audit.ts';
import type { SessionGrant, Sessions, SignInEvidence } from '../sessions/sessions.ts';
import type { CoreStores } from '../stores.ts';
import type { User } from '../users/user.ts';

/** The transaction of something that is done only with the sign-in, and what of it goes into the audit log before that. */
interface Together {
  readonly stores: CoreStores;
  readonly earlier: readonly AuditEntry[];
}

export type CompleteSignIn = ReturnType<typeof createCompleteSignIn>;

/** Makes the last step of every kind of sign-in. */
export function createCompleteSignIn(sessions: Pick<Sessions, 'start' | 'startWithin'>) {
  /**
   * Begins a session for a user who has authenticated. Null where they are gone or disabled by now, or where the
   * password that they proved to know is no longer theirs.
   *
   * There is no further factor yet, so this is all. Where a user has one, and it is not among
   * `evidence.authentication.methods`, the challenge is decided here, and the answer becomes `{ session } | { challenge
   * }`.
   */
  return function completeSignIn(
    user: User,
    evidence: SignInEvidence,
    together?: Together,
  ): Promise<SessionGrant | null> {
    if (together === undefined) return sessions.start(user.id, evidence);
    return sessions.startWithin(together.stores, user.id, evidence, together.earlier);
  };
}
