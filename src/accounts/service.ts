import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Verdict } from '../passwords/hash.ts';
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
  readonly logger: Logger;
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
export function createAccounts(dependencies: AccountDependencies) {
  const { store, passwords, sessions, clock, logger, signupDisabled } = dependencies;
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
      const grant = await sessions.start(
        user.id,
        { method: 'password', device, passwordHash: user.passwordHash },
        stores,
      );
      if (grant === null) throw new Error('a user that was just inserted is not there');
      return { user, grant };
    });
  }

  /**
   * Tries twice, since a login or a change of the password at the same moment may replace the hash that was compared.
   * @throws AppError invalid_credentials, the same after the same work whatever was wrong
   */
  async function login(credentials: Credentials, device: Device): Promise<Login> {
    for (let tries = 0; tries < 2; tries++) {
      const user = await findByCredentials(credentials);
      const passwordHash = await provenHash(user, credentials.password);
      if (user === null || passwordHash === null) break;
      const grant = await sessions.start(user.id, { method: 'password', device, passwordHash });
      if (grant !== null) return { user, grant };
    }
    throw new AppError('invalid_credentials');
  }

  /** The stored hash that the password is right for, made anew where it is outdated; else null. */
  async function provenHash(user: User | null, password: string): Promise<string | null> {
    // Who is disabled is compared with nothing, so that the right password takes as long as a wrong one.
    const storedHash = user?.disabledAt === null ? user.passwordHash : null;
    const verdict = await verify(password, storedHash, user);
    if (user === null || storedHash === null || !verdict.matches) return null;
    if (!verdict.outdated) return storedHash;
    const upgraded = await passwords.hash(password);
    const replaced = await users.replacePasswordHash(user.id, storedHash, upgraded, user.updatedAt);
    return replaced ? upgraded : storedHash;
  }

  async function verify(password: string, storedHash: string | null, user: User | null): Promise<Verdict> {
    const verdict = await passwords.verify(password, storedHash);
    if (verdict.pepperMissing) {
      logger.error({ user_id: user?.id }, 'a password hash was made with a pepper that is not configured');
    }
    return verdict;
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
    const revoked = await afterConfirming(userId, currentPassword, async (user, currentHash) => {
      passwords.demandAcceptable(newPassword, [user.email, user.username, user.name], '/new_password');
      const newHash = await passwords.hash(newPassword);
      return store.transaction(async (stores) => {
        const changed = await stores.users.replacePasswordHash(userId, currentHash, newHash, now());
        return changed
          ? sessions.revokeWithin(stores, { userId, exceptId: sessionId }, 'password_changed')
          : null;
      });
    });
    sessions.announce(revoked);
  }

  /**
   * Deletes the account with its sessions; its access tokens are revoked.
   * @throws AppError token_revoked, wrong_password
   */
  async function remove(userId: string, password: string): Promise<void> {
    const revoked = await afterConfirming(userId, password, (_user, currentHash) =>
      store.transaction(async (stores) => {
        const removed = await stores.users.remove(userId, currentHash);
        return removed ? sessions.revokeUserWithin(stores, userId) : null;
      }),
    );
    sessions.announce(revoked);
  }

  /**
   * Runs `write` with the stored hash that the password was right for; it answers null where that hash no longer stood.
   * Then a login may have made the same password's hash anew, so the password is tried once more.
   */
  async function afterConfirming<Result>(
    userId: string,
    password: string,
    write: (user: User, currentHash: string) => Promise<Result | null>,
  ): Promise<Result> {
    for (let tries = 0; tries < 2; tries++) {
      const user = await get(userId);
      const { matches } = await verify(password, user.passwordHash, user);
      if (!matches || user.passwordHash === null) break;
      const result = await write(user, user.passwordHash);
      if (result !== null) return result;
    }
    throw new AppError('wrong_password');
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

  return { signup, login, get, updateProfile, changePassword, remove, disable };
}
