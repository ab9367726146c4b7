import { confirmGranterAbove } from '../../core/access/grants.ts';
import { entryOf } from '../../core/audit/audit.ts';
import type { Clock } from '../../core/clock.ts';
import { issueLinkWithin } from '../../core/codes/issue.ts';
import { AppError } from '../../core/errors.ts';
import type { Passwords } from '../../core/passwords/passwords.ts';
import type { PrincipalCaller } from '../../core/principal.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import type { CoreStore } from '../../core/stores.ts';
import { ownWords, type User } from '../../core/users/user.ts';
import { endAccessWithin } from './end-access.ts';

export interface ResetByAdminDependencies {
  readonly store: CoreStore;
  readonly passwords: Passwords;
  readonly sessions: Pick<Sessions, 'revokeWithin' | 'announce'>;
  readonly clock: Clock;
  /** The page that takes a token. */
  readonly linkOf: (token: string) => string;
}

/** What lets its holder choose another password for a user, once. */
export interface ResetLink {
  readonly token: string;
  readonly link: string;
  readonly expiresAt: Date;
}

export type ResetByAdmin = ReturnType<typeof createResetByAdmin>;

const LINK_TTL_SECONDS = 3600;

/** Another password for a user, with the help of an administrator or at the command line. */
export function createResetByAdmin(dependencies: ResetByAdminDependencies) {
  const { store, passwords, sessions, clock, linkOf } = dependencies;

  /**
   * Makes a link to hand over, which is returned this once and ends the one before.
   * @throws AppError user_not_found, insufficient_scope, user_disabled
   */
  async function createLink(userId: string, admin: PrincipalCaller): Promise<ResetLink> {
    const at = new Date(clock.now());
    const { token, expiresAt } = await store.transaction(async (stores) => {
      await confirmGranterAbove(stores, admin, userId, at);
      const user = await stores.users.findById(userId);
      if (user?.disabledAt) throw new AppError('user_disabled');
      const link = await issueLinkWithin(
        stores,
        {
          purpose: 'password_reset',
          // Apart from the messages that anyone can ask for, each of which would end it.
          subject: `administrator's user:${userId}`,
          userId,
          ttlSeconds: LINK_TTL_SECONDS,
        },
        at,
      );
      const details = { expires_at: link.expiresAt.toISOString() };
      await stores.audit.append(entryOf('reset_link.created', admin, userId, details), at);
      return link;
    });
    return { token, link: linkOf(token), expiresAt };
  }

  /**
   * Gives a user another password without the one before, as an operator may. A disabled account stays disabled.
   * @throws AppError user_not_found, insufficient_scope, validation_failed, overloaded
   */
  async function setPassword(user: User, newPassword: string, admin: PrincipalCaller): Promise<void> {
    passwords.assertAcceptable(newPassword, ownWords(user), '/new_password');
    const hash = await passwords.hash(newPassword, admin.origin.network);
    const revoked = await store.transaction(async (stores) => {
      const at = new Date(clock.now());
      await confirmGranterAbove(stores, admin, user.id, at);
      await stores.users.setPassword(user.id, hash, at);
      return endAccessWithin(stores, sessions, entryOf('password.changed', admin, user.id), user.id, at);
    });
    await sessions.announce(revoked);
  }

  return { createLink, setPassword };
}
