import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { demandOtherAdmin } from '../../core/access/last-admin.ts';
import { entryOf, type LedgerEntry } from '../../core/audit/audit.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Place } from '../../core/passwords/fair-queue.ts';
import type { Passwords } from '../../core/passwords/passwords.ts';
import type { Actor, Caller, RequestOrigin } from '../../core/principal.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import { keysOfSessions, type LoginGuard } from '../../core/sign-in/attempts.ts';
import { createDeviceTokens } from '../../core/sign-in/device-tokens.ts';
import type { SigningKey } from '../../core/tokens/keys.ts';
import type { AccountStore, Identifier, ProfileChange, User } from '../../core/users/ports.ts';
import { createLogin, type Login, type LoginOutcome, lockedEvent } from '../password/login.ts';
import { createPasswordCheck } from '../password/password-check.ts';

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
  readonly password: string;
  readonly caller: Caller;
}

const DEVICE_TOKEN = /"device_token"\s*:\s*"([^"]{1,100})"/;

/** What everybody has who has an account. */
const BASELINE_ROLES = ['user'];

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
    clock,
    passwords,
    check,
    guard,
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
      await stores.userRoles.add(user.id, BASELINE_ROLES);
      const actor: Actor = { type: 'user', id: user.id };
      const caller: Caller = { actor, origin, sessionId: null };
      const signedUp = entryOf('user.signed_up', caller, user.id);
      const proven = { method: 'password', origin, passwordHash: newUser.passwordHash } as const;
      const grant = await sessions.startWithin(stores, user.id, proven, [signedUp]);
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
  async function updateProfile(userId: string, change: ProfileChange, caller: Caller): Promise<User> {
    const at = now();
    return store.transaction(async (stores) => {
      const user = await stores.users.updateProfile(userId, change, at);
      if (user === null) throw new AppError('token_revoked');
      await stores.ledger.append(
        entryOf('user.updated', caller, userId, { fields: Object.keys(change) }),
        at,
      );
      return user;
    });
  }

  /**
   * Changes the password, ends every other session and forgets all wrong passwords.
   * @throws AppError token_revoked, wrong_password, validation_failed, rate_limited, overloaded
   */
  async function changePassword(confirmation: Confirmation, newPassword: string): Promise<void> {
    const { userId, caller } = confirmation;
    const { sessionId } = caller;
    const revoked = await afterConfirming(confirmation, async (user, currentHash, place) => {
      passwords.demandAcceptable(newPassword, [user.email, user.username, user.name], '/new_password');
      const newHash = await passwords.hash(newPassword, place);
      return store.transaction(async (stores) => {
        if (!(await stores.users.changePassword(userId, currentHash, newHash, now()))) return null;
        await stores.loginFailures.clearAccount(userId);
        await stores.ledger.append(entryOf('password.changed', caller, userId), now());
        const others = { userId, ...(sessionId !== null && { exceptId: sessionId }) };
        return sessions.revokeWithin(stores, others, 'password_changed');
      });
    });
    sessions.announce(revoked);
  }

  /**
   * Deletes the account with its sessions; its access tokens are revoked.
   * @throws AppError token_revoked, wrong_password, rate_limited, overloaded
   */
  async function remove(confirmation: Confirmation): Promise<void> {
    const { userId, caller } = confirmation;
    const revoked = await afterConfirming(confirmation, (_user, currentHash) =>
      store.transaction(async (stores) => {
        await demandOtherAdmin(stores, userId);
        if (!(await stores.users.remove(userId, currentHash))) return null;
        await stores.loginFailures.clearAccount(userId);
        await stores.ledger.append(entryOf('user.deleted', caller, userId), now());
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
    { userId, password, caller }: Confirmation,
    write: (user: User, currentHash: string, place: Place) => Promise<Result | null>,
  ): Promise<Result> {
    const { network } = caller.origin;
    const place = passwords.reserve(network, deviceTokens.accountOf(userId));
    const { result, quota, locked } = await check
      .attempt(keysOfSessions(userId), async (prove) => {
        for (let tries = 0; tries < 2; tries++) {
          const user = await get(userId);
          const proof = await prove(user, password, place);
          if (proof === null) return null;
          const written = await write(user, proof.hash, place).catch(async (error) => {
            await recordRefusal(error, userId, caller);
            throw error;
          });
          if (written !== null) return written;
        }
        return null;
      })
      .finally(place.leave);
    if (result !== null) return result;
    await store.ledger.append(refusedEntry(userId, caller, 'wrong_password'), now());
    const event = locked ? lockedEvent(userId) : undefined;
    throw new AppError('wrong_password', undefined, { quota, ...(event && { event }) });
  }

  /** A thief who hears that only the rest was refused has learned that the password is right. */
  async function recordRefusal(error: unknown, userId: string, caller: Caller): Promise<void> {
    if (!(error instanceof AppError) || error.code === 'database_unavailable') return;
    await store.ledger.append(refusedEntry(userId, caller, error.code), now());
  }

  /** Whether the text of a login that nobody has parsed yet holds a device token that was made here. */
  function containsDeviceToken(text: string): boolean {
    const token = DEVICE_TOKEN.exec(text)?.[1];
    return token !== undefined && deviceTokens.recognize(token) !== undefined;
  }

  return { signup, login, get, updateProfile, changePassword, remove, containsDeviceToken };
}

function refusedEntry(userId: string, caller: Caller, reason: string): LedgerEntry {
  return entryOf('password.refused', caller, userId, { reason }, 'failure');
}
