import { v7 as uuidv7 } from 'uuid';
import { requireOtherAdmin } from '../../core/access/grants.ts';
import { entryOf } from '../../core/audit/audit.ts';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import {
  type ApiKeyPrincipal,
  type PrincipalCaller,
  type RequestOrigin,
  type UserPrincipal,
  userCaller,
} from '../../core/principal.ts';
import type { Transport } from '../../core/sessions/session.ts';
import { createWithCurrentPassword } from '../../core/sign-in/current-password.ts';
import type { Login } from '../../core/sign-in/login-view.ts';
import { requireActiveUser } from '../../core/users/active-user.ts';
import type { Identifier } from '../../core/users/identifiers.ts';
import { passwordProblems } from '../../core/users/new-account.ts';
import type { ProfileChange, User } from '../../core/users/user.ts';

export interface Signup {
  readonly email: Identifier;
  readonly password: string;
  readonly username?: Identifier | undefined;
  readonly name?: string | null | undefined;
}

/** The client of a sign-up: what it asks for, and where it is. */
interface SignupClient {
  readonly transport: Transport;
  readonly origin: RequestOrigin;
}

type SignupOutcome = 'succeeded' | 'email_taken' | 'username_taken' | 'overloaded' | 'failed';

/** The roles of every new account. */
const BASELINE_ROLES = ['user'];

export type Accounts = ReturnType<typeof createAccounts>;

/** Signing up, and what users do with their own account. Hashing never holds a database connection. */
export function createAccounts(core: Core) {
  const { store, passwords, sessions, deviceTokens, clock, observers } = core;
  const withCurrentPassword = createWithCurrentPassword(core);
  const now = () => new Date(clock.now());

  /** `createAccount`, counted for the metrics. */
  async function signUp(signup: Signup, client: SignupClient): Promise<Login> {
    try {
      const login = await createAccount(signup, client);
      observers.signup('succeeded');
      return login;
    } catch (error) {
      observers.signup(outcomeOf(error));
      throw error;
    }
  }

  /** The password is to be checked before. @throws AppError overloaded, email_taken, username_taken */
  async function createAccount(
    { email, password, username, name }: Signup,
    { transport, origin }: SignupClient,
  ): Promise<Login> {
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
      const signedUp = entryOf('user.signed_up', userCaller(user.id, origin), user.id);
      const evidence = {
        method: 'password',
        authentication: { methods: ['pwd'], at: createdAt },
        passwordHash: newUser.passwordHash,
        transport,
        origin,
      } as const;
      // A new account has no further factor that could be asked for.
      const grant = await sessions.startWithin(stores, user.id, evidence, [signedUp]);
      if (grant === null) throw new Error('a user that was just inserted is not there');
      return { user, grant, deviceToken: deviceTokens.issue(user) };
    });
  }

  /** @throws AppError token_revoked */
  function get(userId: string): Promise<User> {
    return requireActiveUser(store.users, userId);
  }

  function lastSignInAt(userId: string): Promise<Date | null> {
    return store.sessions.lastBegunAt(userId);
  }

  /** @throws AppError token_revoked, username_taken */
  async function updateProfile(
    caller: PrincipalCaller<UserPrincipal | ApiKeyPrincipal>,
    change: ProfileChange,
  ): Promise<User> {
    const { userId } = caller.principal;
    const at = now();
    return store.transaction(async (stores) => {
      const user = await stores.users.updateProfile(userId, change, at);
      if (user === null) throw new AppError('token_revoked');
      const entry = entryOf('user.updated', caller, userId, { fields: Object.keys(change) });
      await stores.audit.append(entry, at);
      return user;
    });
  }

  /**
   * Deletes the account with its sessions; its access tokens are revoked.
   * @throws AppError token_revoked, wrong_password, rate_limited, overloaded, last_admin
   */
  async function remove(caller: PrincipalCaller<UserPrincipal>, password: string): Promise<void> {
    const { userId } = caller.principal;
    let cookieKeys: string[] = [];
    await withCurrentPassword(caller, password, ({ hash }) =>
      store.transaction(async (stores) => {
        await requireOtherAdmin(stores, userId);
        cookieKeys = await stores.sessions.listCookieKeys({ userId });
        if (!(await stores.users.remove(userId, hash))) return null;
        await stores.loginFailures.clearAccount(userId);
        await stores.audit.append(entryOf('user.deleted', caller, userId), now());
        return sessions.revokeUserWithin(stores, userId);
      }),
    );
    await sessions.forgetCookies(cookieKeys);
  }

  return {
    passwordProblems: (fields: Partial<Signup>) => passwordProblems(passwords, fields),
    signUp,
    get,
    lastSignInAt,
    updateProfile,
    remove,
  };
}

function outcomeOf(error: unknown): SignupOutcome {
  if (!(error instanceof AppError)) return 'failed';
  const { code } = error;
  return code === 'email_taken' || code === 'username_taken' || code === 'overloaded' ? code : 'failed';
}
