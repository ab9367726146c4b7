import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Passwords } from '../passwords/passwords.ts';
import type { Device } from '../sessions/ports.ts';
import type { SessionGrant, Sessions } from '../sessions/service.ts';
import { parseEmail, parseUsername } from './identifiers.ts';
import type { AccountStore, Identifier, ProfileChange, User } from './ports.ts';

export interface AccountDependencies {
  readonly store: AccountStore;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly signupDisabled: boolean;
}

export interface Signup {
  readonly email: Identifier;
  readonly password: string;
  readonly username?: Identifier | undefined;
  readonly name?: string | null | undefined;
}

/** Exactly one of `email` and `username` is given. */
export interface Credentials {
  readonly email?: string | undefined;
  readonly username?: string | undefined;
  readonly password: string;
}

export interface Login {
  readonly user: User;
  readonly grant: SessionGrant;
}

export interface PasswordChange {
  readonly userId: string;
  /** The session that the change comes from, which goes on. */
  readonly sessionId: string;
  readonly currentPassword: string;
  readonly newPassword: string;
}

export type Accounts = ReturnType<typeof createAccounts>;

/** Signing up, logging in, and what people do with their own account. Hashing never holds a database connection. */
export function createAccounts({ store, passwords, sessions, clock, signupDisabled }: AccountDependencies) {
  const { users } = store;
  const now = () => new Date(clock.now());

  /** @throws AppError signup_disabled, validation_failed, email_taken, username_taken */
  async function signup({ email, password, username, name }: Signup, device: Device): Promise<Login> {
    if (signupDisabled) throw new AppError('signup_disabled');
    passwords.demandAcceptable(password, [email.shown, username?.shown, name], '/password');
    const createdAt = now();
    const newUser = {
      id: uuidv7({ msecs: createdAt.getTime() }),
      email,
      username: username ?? null,
      name: name ?? null,
      passwordHash: await passwords.hash(password),
      createdAt,
    };
    return store.transaction(async (stores) => {
      const user = await stores.users.insert(newUser);
      return { user, grant: await sessions.start(user.id, 'password', device, stores) };
    });
  }

  /** @throws AppError invalid_credentials, the same after the same work whatever was wrong */
  async function login(credentials: Credentials, device: Device): Promise<Login> {
    const user = await findByCredentials(credentials);
    const verdict = await passwords.verify(credentials.password, user?.passwordHash ?? null);
    if (user?.passwordHash == null || !verdict.matches || user.disabledAt !== null) {
      throw new AppError('invalid_credentials');
    }
    if (verdict.outdated) {
      const upgraded = await passwords.hash(credentials.password);
      await users.replacePasswordHash(user.id, user.passwordHash, upgraded, user.updatedAt);
    }
    return { user, grant: await sessions.start(user.id, 'password', device) };
  }

  async function findByCredentials({ email, username }: Credentials): Promise<User | null> {
    if (email !== undefined) {
      const parsed = parseEmail(email);
      return parsed && users.findByEmail(parsed.canonical);
    }
    const parsed = parseUsername(username ?? '');
    return parsed && users.findByUsername(parsed.canonical);
  }

  /** @throws AppError token_revoked where the account was deleted or disabled since the token was issued */
  async function get(userId: string): Promise<User> {
    const user = await users.findById(userId);
    if (user === null || user.disabledAt !== null) throw new AppError('token_revoked');
    return user;
  }

  /** @throws AppError token_revoked, username_taken */
  async function updateProfile(userId: string, change: ProfileChange): Promise<User> {
    const user = await users.updateProfile(userId, change, now());
    if (user === null) throw new AppError('token_revoked');
    return user;
  }

  /**
   * Changes the password and ends every session but `sessionId`.
   * @throws AppError token_revoked, wrong_password, validation_failed
   */
  async function changePassword({
    userId,
    sessionId,
    currentPassword,
    newPassword,
  }: PasswordChange): Promise<void> {
    const user = await get(userId);
    const currentHash = await confirmPassword(user, currentPassword);
    passwords.demandAcceptable(newPassword, [user.email, user.username, user.name], '/new_password');
    const newHash = await passwords.hash(newPassword);
    const revoked = await store.transaction(async (stores) => {
      const changed = await stores.users.replacePasswordHash(userId, currentHash, newHash, now());
      if (!changed) throw new AppError('wrong_password');
      return sessions.revokeWithin(stores, { userId, exceptId: sessionId }, 'password_changed');
    });
    sessions.announce(revoked);
  }

  /**
   * Deletes the account with its sessions; its access tokens are revoked.
   * @throws AppError token_revoked, wrong_password
   */
  async function remove(userId: string, password: string): Promise<void> {
    const user = await get(userId);
    const currentHash = await confirmPassword(user, password);
    const revoked = await store.transaction(async (stores) => {
      const removed = await stores.users.remove(userId, currentHash);
      if (!removed) throw new AppError('wrong_password');
      return sessions.revokeUserWithin(stores, userId);
    });
    sessions.announce(revoked);
  }

  /** Shuts the account and ends its sessions; its access tokens are revoked. False where nobody active has this id. */
  async function disable(userId: string): Promise<boolean> {
    const revoked = await store.transaction(async (stores) => {
      const disabled = await stores.users.disable(userId, now());
      if (!disabled) return null;
      await sessions.revokeWithin(stores, { userId }, 'user_disabled');
      return sessions.revokeUserWithin(stores, userId);
    });
    if (revoked !== null) sessions.announce(revoked);
    return revoked !== null;
  }

  /** The stored hash that the password was right for: the write that follows demands that it still stands. */
  async function confirmPassword(user: User, password: string): Promise<string> {
    const { matches } = await passwords.verify(password, user.passwordHash);
    if (!matches || user.passwordHash === null) throw new AppError('wrong_password');
    return user.passwordHash;
  }

  return { signup, login, get, updateProfile, changePassword, remove, disable };
}
