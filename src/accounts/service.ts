import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Passwords } from '../passwords/passwords.ts';
import type { Sessions, TokenGrant } from '../sessions/service.ts';
import { parseEmail, parseUsername } from './identifiers.ts';
import type { Identifier, ProfileChange, User, UserStore } from './ports.ts';

export interface AccountDependencies {
  readonly users: UserStore;
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
  readonly grant: TokenGrant;
}

export type Accounts = ReturnType<typeof createAccounts>;

/** Signing up, logging in, and what people do with their own account. Hashing never holds a database connection. */
export function createAccounts({ users, passwords, sessions, clock, signupDisabled }: AccountDependencies) {
  const now = () => new Date(clock.now());

  /** @throws AppError signup_disabled, validation_failed, email_taken, username_taken */
  async function signup({ email, password, username, name }: Signup): Promise<Login> {
    if (signupDisabled) throw new AppError('signup_disabled');
    passwords.demandAcceptable(password, [email.shown, username?.shown, name], '/password');
    const createdAt = now();
    const user = await users.insert({
      id: uuidv7({ msecs: createdAt.getTime() }),
      email,
      username: username ?? null,
      name: name ?? null,
      passwordHash: await passwords.hash(password),
      createdAt,
    });
    return { user, grant: sessions.start(user.id) };
  }

  /** @throws AppError invalid_credentials, the same after the same work whatever was wrong */
  async function login(credentials: Credentials): Promise<Login> {
    const user = await findByCredentials(credentials);
    const verdict = await passwords.verify(credentials.password, user?.passwordHash ?? null);
    if (user?.passwordHash == null || !verdict.matches || user.disabledAt !== null) {
      throw new AppError('invalid_credentials');
    }
    if (verdict.outdated) {
      const upgraded = await passwords.hash(credentials.password);
      await users.replacePasswordHash(user.id, user.passwordHash, upgraded, user.updatedAt);
    }
    return { user, grant: sessions.start(user.id) };
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

  /** @throws AppError token_revoked, wrong_password, validation_failed */
  async function changePassword(userId: string, currentPassword: string, newPassword: string): Promise<void> {
    const user = await get(userId);
    const currentHash = await confirmPassword(user, currentPassword);
    passwords.demandAcceptable(newPassword, [user.email, user.username, user.name], '/new_password');
    const newHash = await passwords.hash(newPassword);
    const changed = await users.replacePasswordHash(userId, currentHash, newHash, now());
    if (!changed) throw new AppError('wrong_password');
  }

  /** @throws AppError token_revoked, wrong_password */
  async function remove(userId: string, password: string): Promise<void> {
    const user = await get(userId);
    const removed = await users.remove(userId, await confirmPassword(user, password));
    if (!removed) throw new AppError('wrong_password');
  }

  /** The stored hash that the password was right for: the write that follows demands that it still stands. */
  async function confirmPassword(user: User, password: string): Promise<string> {
    const { matches } = await passwords.verify(password, user.passwordHash);
    if (!matches || user.passwordHash === null) throw new AppError('wrong_password');
    return user.passwordHash;
  }

  return { signup, login, get, updateProfile, changePassword, remove };
}
