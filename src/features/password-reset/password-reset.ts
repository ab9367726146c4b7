import { createHash, randomBytes } from 'node:crypto';
import { confirmGranterAbove } from '../../core/access/grants.ts';
import { type AuditEntry, entryOf } from '../../core/audit/audit.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Place } from '../../core/passwords/fair-queue.ts';
import type { Passwords } from '../../core/passwords/passwords.ts';
import { passwordUnchanged } from '../../core/passwords/policy.ts';
import { ANONYMOUS, type PrincipalCaller, type RequestOrigin } from '../../core/principal.ts';
import type { Revocation } from '../../core/revocation/revocation.ts';
import { after } from '../../core/sessions/ending.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import { ownWords, type User } from '../../core/users/user.ts';
import type { Store } from '../../db/store.ts';
import type { ResetToken } from './reset-tokens.store.ts';
import type { ResetStores } from './stores.ts';

export interface PasswordResetDependencies {
  readonly store: Store<ResetStores>;
  readonly passwords: Passwords;
  readonly sessions: Pick<Sessions, 'revokeWithin' | 'announce'>;
  readonly clock: Clock;
  /** The page that takes the token, with `{token}` in its place; undefined where there is none. */
  readonly resetUrl: string | undefined;
}

/** What lets its holder choose another password for a user, once. */
export interface ResetLink {
  readonly token: string;
  /** Null where no page is configured. */
  readonly link: string | null;
  readonly expiresAt: Date;
}

export type PasswordReset = ReturnType<typeof createPasswordReset>;

const TOKEN_BYTES = 32;
const TTL_SECONDS = 3600;

/** Another password for people who have forgotten theirs. Hashing never holds a database connection. */
export function createPasswordReset(dependencies: PasswordResetDependencies) {
  const { store, passwords, sessions, clock, resetUrl } = dependencies;
  const now = () => new Date(clock.now());

  /**
   * Makes a link, which is returned this once and ends the one before.
   * @throws AppError user_not_found, insufficient_scope, user_disabled
   */
  async function createLink(userId: string, admin: PrincipalCaller): Promise<ResetLink> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const createdAt = now();
    const expiresAt = after(createdAt, TTL_SECONDS);
    await store.transaction(async (stores) => {
      await confirmGranterAbove(stores, admin, userId, createdAt);
      const user = await stores.users.findById(userId);
      if (user?.disabledAt) throw new AppError('user_disabled');
      await stores.resetTokens.replace({ userId, hash: hashOf(token), createdAt, expiresAt });
      const details = { expires_at: expiresAt.toISOString() };
      await stores.audit.append(entryOf('reset_link.created', admin, userId, details), createdAt);
    });
    return { token, link: resetUrl?.replace('{token}', token) ?? null, expiresAt };
  }

  /**
   * Changes the password of the user whom the token is for, ends all of their sessions and forgets all wrong passwords,
   * as every change of a password does. A new password that is refused leaves the token as it is.
   * @throws AppError invalid_reset_token, validation_failed, overloaded
   */
  async function reset(token: string, newPassword: string, origin: RequestOrigin): Promise<void> {
    // Before the token is looked at, so that a full queue tells nothing about it.
    const place = passwords.reserve(origin.network);
    try {
      const found = await store.resetTokens.find(hashOf(token), now());
      const user = found && (await store.users.findById(found.userId));
      if (user === null || !isFor(user, found)) throw new AppError('invalid_reset_token');
      passwords.assertAcceptable(newPassword, ownWords(user), '/new_password');
      await assertOther(user, newPassword, place);
      const hash = await passwords.hash(newPassword, place);
      await sessions.announce(await store.transaction((stores) => useToken(stores, found, hash, origin)));
    } finally {
      place.leave();
    }
  }

  /**
   * A password that the operator has required to be replaced may be known to others.
   * @throws AppError validation_failed, overloaded
   */
  async function assertOther(user: User, newPassword: string, place: Place): Promise<void> {
    if (user.passwordChangeRequiredAt === null) return;
    const { matches } = await passwords.verify(newPassword, user.passwordHash, place);
    if (matches) throw passwordUnchanged('/new_password');
  }

  async function useToken(
    stores: ResetStores,
    { userId, hash: tokenHash, createdAt }: ResetToken,
    hash: string,
    origin: RequestOrigin,
  ): Promise<Revocation[]> {
    const at = now();
    const isUsed =
      (await stores.resetTokens.use(tokenHash, at)) &&
      (await stores.users.resetPassword(userId, hash, at, createdAt));
    if (!isUsed) throw new AppError('invalid_reset_token');
    const caller = { actor: ANONYMOUS, origin, sessionId: null };
    return endSessions(stores, entryOf('password.reset', caller, userId), userId, at);
  }

  /**
   * Gives a user another password without the one before, as an operator may. A disabled account stays disabled.
   * @throws AppError user_not_found, insufficient_scope, validation_failed, overloaded
   */
  async function setPassword(user: User, newPassword: string, admin: PrincipalCaller): Promise<void> {
    passwords.assertAcceptable(newPassword, ownWords(user), '/new_password');
    const hash = await passwords.hash(newPassword, admin.origin.network);
    const revoked = await store.transaction(async (stores) => {
      const at = now();
      await confirmGranterAbove(stores, admin, user.id, at);
      await stores.resetTokens.remove(user.id);
      await stores.users.setPassword(user.id, hash, at);
      return endSessions(stores, entryOf('password.changed', admin, user.id), user.id, at);
    });
    await sessions.announce(revoked);
  }

  async function endSessions(
    stores: ResetStores,
    entry: AuditEntry,
    userId: string,
    at: Date,
  ): Promise<Revocation[]> {
    await stores.loginFailures.clearAccount(userId);
    await stores.audit.append(entry, at);
    return sessions.revokeWithin(stores, { userId }, 'password_changed');
  }

  return { createLink, reset, setPassword };
}

/** Removes the tokens that have expired. */
export function forgetExpiredTokens({ resetTokens }: ResetStores, clock: Clock): Promise<void> {
  return resetTokens.prune(new Date(clock.now()));
}

/** Whether the account is active, and still has the password that was forgotten: `resetPassword` makes sure of both. */
function isFor({ disabledAt, passwordChangedAt }: User, token: ResetToken | null): token is ResetToken {
  if (token === null || disabledAt !== null) return false;
  return passwordChangedAt === null || passwordChangedAt <= token.createdAt;
}

/** What is stored of a token. 256 random bits cannot be guessed, so a plain hash is enough. */
function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
