import { entryOf } from '../../core/audit/audit.ts';
import type { Core } from '../../core/core.ts';
import type { PrincipalCaller, UserPrincipal } from '../../core/principal.ts';
import type { Revocation } from '../../core/revocation/revocation.ts';
import { createCurrentPassword } from '../../core/sign-in/current-password.ts';

export type ChangePassword = ReturnType<typeof createChangePassword>;

export function createChangePassword(core: Core) {
  const { store, passwords, sessions, clock } = core;
  const currentPassword = createCurrentPassword(core);

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
    const check = await currentPassword.begin(caller, password);
    try {
      let revoked: Revocation[] | null = null;
      while (revoked === null) {
        const { user, hash } = await check.compare();
        passwords.assertAcceptable(newPassword, [user.email, user.username, user.name], '/new_password');
        const newHash = await passwords.hash(newPassword, check.place);
        revoked = await store.transaction(async (stores) => {
          const at = new Date(clock.now());
          if (!(await stores.users.changePassword(userId, hash, newHash, at))) return null;
          await stores.loginFailures.clearAccount(userId);
          await stores.audit.append(entryOf('password.changed', caller, userId), at);
          const others = { userId, ...(sessionId !== null && { exceptId: sessionId }) };
          return sessions.revokeWithin(stores, others, 'password_changed');
        });
      }
      sessions.announce(revoked);
    } catch (error) {
      await check.abandon(error);
      throw error;
    }
    await check.succeed();
  };
}
