import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { RequestOrigin } from '../http/device.ts';
import type { Passwords } from '../passwords/passwords.ts';
import type { Sessions } from '../sessions/service.ts';
import type { SigningKey } from '../tokens/keys.ts';
import { createDeviceTokens } from './device-token.ts';
import { createLogin, type Login, type LoginOutcome, lockedEvent, sessionDevice } from './login.ts';
import type { LoginGuard } from './login-guard.ts';
import { createPasswordCheck } from './password-check.ts';
import type { AccountStore, Identifier, ProfileChange, User } from './ports.ts';

export interface AccountDependencies {
  readonly store: AccountStore;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly guard: LoginGuard;
  /** Make device tokens, the first of them new ones. */
  readonly secrets: readonly [SigningKey, ...SigningKey[]];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signupDisabled: boolean;
  readonly onLogin?: (outcome: LoginOutcome) => void;
}

export interface Signup {
  readonly email: Identifier;
  readonly password: string;
  readonly username?: Identifier | undefined;
  readonly name?: string | null | undefined;
}

/** Somebody who is logged in, and gives their password once more. */
export interface Confirmation {
  readonly userId: string;
  /** The session that the request comes from. */
  readonly sessionId: string;
  readonly password: string;
  readonly origin: RequestOrigin;
}

export type Accounts = ReturnType<typeof createAccounts>;

/** Signing up, logging in, and what people do with their own account. Hashing never holds a database connection. */
export function createAccounts(dependencies: AccountDependencies) {
  const { store, passwords, sessions, guard, secrets, clock, logger, signupDisabled, onLogin } = dependencies;
  const { users } = store;
  const now = () => new Date(clock.now());
  const deviceTokens = createDeviceTokens(secrets);
  const check = createPasswordCheck({ passwords, guard, logger });
  const login = createLogin({
    store,
    passwords,
    check,
    sessions,
    deviceTokens,
    secret: secrets[0],
    ...(onLogin && { onLogin }),
  });

  /** @throws AppError signup_disabled, validation_failed, overloaded, email_taken, username_taken */
  async function signup({ email, password, username, name }: Signup, origin: RequestOrigin): Promise<Login> {
    if (signupDisabled) throw new AppError('signup_disabled');
    passwords.demandAcceptable(password, [email.shown, username?.shown, name], '/password');
    const createdAt = now();
    const newUser = {
      id: uuidv7({ msecs: createdAt.getTime() }),
      email,
      username: username ?? null,
      name: name ?? null,
      passwordHash: await passwords.hash(password, origin.network),
      createdAt,
    };
    return store.transaction(async (stores) => {
      const user = await stores.users.insert(newUser);
      const { passwordHash } = newUser;
      const grant = await sessions.start(
        user.id,
        { method: 'password', device: origin, passwordHash },
        stores,
      );
      if (grant === null) throw new Error('a user that was just inserted is not there');
      return { user, grant, deviceToken: deviceTokens.issue(user), quota: undefined };
    });
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
   * Changes the password, ends every other session and forgets all wrong passwords.
   * @throws AppError token_revoked, wrong_password, validation_failed, rate_limited, overloaded
   */
  async function changePassword(confirmation: Confirmation, newPassword: string): Promise<void> {
    const { userId, sessionId, origin } = confirmation;
    const revoked = await afterConfirming(confirmation, async (user, currentHash) => {
      passwords.demandAcceptable(newPassword, [user.email, user.username, user.name], '/new_password');
      const newHash = await passwords.hash(newPassword, origin.network);
      return store.transaction(async (stores) => {
        if (!(await stores.users.changePassword(userId, currentHash, newHash, now()))) return null;
        await stores.loginFailures.clearAccount(userId);
        return sessions.revokeWithin(stores, { userId, exceptId: sessionId }, 'password_changed');
      });
    });
    sessions.announce(revoked);
  }

  /**
   * Deletes the account with its sessions; its access tokens are revoked.
   * @throws AppError token_revoked, wrong_password, rate_limited, overloaded
   */
  async function remove(confirmation: Confirmation): Promise<void> {
    const { userId } = confirmation;
    const revoked = await afterConfirming(confirmation, (_user, currentHash) =>
      store.transaction(async (stores) => {
        if (!(await stores.users.remove(userId, currentHash))) return null;
        await stores.loginFailures.clearAccount(userId);
        return sessions.revokeUserWithin(stores, userId);
      }),
    );
    sessions.announce(revoked);
  }

  /**
   * Runs `write` with the stored hash that the password was right for; it answers null where that hash no longer stood.
   * Then a login may have made the same password's hash anew, so the password is tried once more. Wrong passwords
   * count, or whoever took an access token could guess for ever.
   */
  async function afterConfirming<Result>(
    { userId, sessionId, password, origin }: Confirmation,
    write: (user: User, currentHash: string) => Promise<Result | null>,
  ): Promise<Result> {
    passwords.demandRoom(origin.network);
    const subject = { account: userId, kind: 'email', device: sessionDevice(sessionId) } as const;
    const { result, quota, locked } = await check.attempt(subject, async (prove) => {
      for (let tries = 0; tries < 2; tries++) {
        const user = await get(userId);
        const proof = await prove(user, password, origin.network);
        if (proof === null) return null;
        const written = await write(user, proof.hash);
        if (written !== null) return written;
      }
      return null;
    });
    const event = locked ? lockedEvent(userId) : undefined;
    if (result === null) throw new AppError('wrong_password', undefined, { quota, ...(event && { event }) });
    return result;
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
