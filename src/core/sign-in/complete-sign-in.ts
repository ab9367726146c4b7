import type { SessionGrant, Sessions, SignInEvidence } from '../sessions/sessions.ts';
import type { User } from '../users/user.ts';

export type CompleteSignIn = ReturnType<typeof createCompleteSignIn>;

/** Makes the last step of every kind of sign-in. */
export function createCompleteSignIn(sessions: Pick<Sessions, 'start'>) {
  /**
   * Begins a session for a user who has authenticated. Null where they are gone or disabled by now, or where the
   * password that they proved to know is no longer theirs.
   *
   * There is no further factor yet, so this is all. Where a user has one, and it is not among
   * `evidence.authentication.methods`, the challenge is decided here, and the answer becomes `{ session } | { challenge
   * }`.
   */
  return function completeSignIn(user: User, evidence: SignInEvidence): Promise<SessionGrant | null> {
    return sessions.start(user.id, evidence);
  };
}
