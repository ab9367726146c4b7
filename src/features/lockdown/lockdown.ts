import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import {
  anonymousCaller,
  type PrincipalCaller,
  type RequestOrigin,
  type UserPrincipal,
} from '../../core/principal.ts';
import { requireActiveUser } from '../../core/users/active-user.ts';

export type Lockdown = ReturnType<typeof createLockdown>;

/** Locks an account down for its owner. */
export function createLockdown({ store, codes, outbox, sessions, clock, lockDownWithin }: Core) {
  const now = () => new Date(clock.now());

  /** In a session of the account. @throws AppError token_revoked */
  async function lockMine(caller: PrincipalCaller<UserPrincipal>): Promise<void> {
    const revoked = await store.transaction(async (stores) =>
      lockDownWithin(stores, await requireActiveUser(stores.users, caller.principal.userId), caller, now()),
    );
    await sessions.announce(revoked);
    outbox.wake();
  }

  /** Requires that a link is still good. @throws AppError invalid_link, code_used, code_replaced, code_expired */
  async function open(token: string): Promise<void> {
    await codes.open(token, ['lockdown']);
  }

  /**
   * By the link of a message about a sign-in on a new device.
   * @throws AppError invalid_link, code_used, code_replaced, code_expired
   */
  async function lockByLink(token: string, origin: RequestOrigin): Promise<void> {
    const challenge = await codes.open(token, ['lockdown']);
    const revoked = await store.transaction(async (stores) => {
      await codes.useWithin(stores, challenge);
      const user = challenge.userId === null ? null : await stores.users.findById(challenge.userId);
      if (user === null) throw new AppError('invalid_link');
      return lockDownWithin(stores, user, anonymousCaller(origin), now());
    });
    await sessions.announce(revoked);
    outbox.wake();
  }

  return { lockMine, open, lockByLink };
}
