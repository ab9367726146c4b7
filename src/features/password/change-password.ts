import { entryOf } from '../../core/audit/audit.ts';
import type { Core } from '../../core/core.ts';
import { assertChanged } from '../../core/passwords/policy.ts';
import type { PrincipalCaller, UserPrincipal } from '../../core/principal.ts';
import { createWithCurrentPassword } from '../../core/sign-in/current-password.ts';
import { ownWords } from '../../core/users/user.ts';

export type ChangePassword = ReturnType<typeof createChangePassword>;

export function createChangePassword(core: Core) {
  const { store, passwords, sessions, clock } = core;
  const withCurrentPassword = createWithCurrentPassword(core);

  /**
   * Changes the password, ends every other session and forgets all wrong passwords.
   * @throws AppError token_revoked, wrong_password, validation_failed, rate_limited, overloaded
   */
  return async function changePassword(
    caller: PrincipalCaller<UserPrincipal>,
    password: string,
    newPassword: string,
  ): Promise<void> {
    const { userId } = caller.principal;
    const { sessionId } = caller;
    await withCurrentPassword(caller, password, async ({ user, hash, place }) => {
      passwords.assertAcceptable(newPassword, ownWords(user), '/new_password');
      assertChanged(newPassword, password, '/new_password');
      const newHash = await passwords.hash(newPassword, place);
      return store.transaction(async (stores) => {
        const at = new Date(clock.now());
        if (!(await stores.users.changePassword(userId, hash, newHash, at))) return null;
        await stores.loginFailures.clearPasswords(userId);
        await stores.audit.append(entryOf('password.changed', caller, userId), at);
        const others = { userId, ...(sessionId !== null && { exceptId: sessionId }) };
        return sessions.revokeWithin(stores, others, 'password_changed');
      });
    });
  };
}
