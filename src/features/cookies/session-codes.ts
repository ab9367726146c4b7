import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import type { UserPrincipal } from '../../core/principal.ts';

export type SessionCodes = ReturnType<typeof createSessionCodes>;

/** Codes with which the sign-in in this browser is handed to an app, which begins a session of its own. */
export function createSessionCodes({ provedSignIn }: Pick<Core, 'provedSignIn'>) {
  /**
   * What the session has proved, and when, goes with the code: it is no new authentication.
   * @throws AppError session_ended
   */
  function issue({ userId, sessionId }: UserPrincipal, challengeId: string | null): Promise<string> {
    return provedSignIn.signInLater(async (stores) => {
      const user = await stores.users.findById(userId);
      const session = sessionId === null ? null : await stores.sessions.find(sessionId);
      if (user === null || user.disabledAt !== null || session === null || session.revokedAt !== null)
        throw new AppError('session_ended');
      const { method, authentication, createdAt } = session;
      const { methods: amr, at } = authentication ?? { methods: [], at: createdAt };
      return {
        user,
        isNew: false,
        earlier: [],
        revoked: [],
        proved: { method, amr, at, challengeId, isOfSession: true },
      };
    });
  }

  return { issue };
}
