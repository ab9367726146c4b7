import { v7 as uuidv7 } from 'uuid';
import { requireOtherAdmin } from '../../core/access/grants.ts';
import { entryOf } from '../../core/audit/audit.ts';
import type { SentChallenge } from '../../core/codes/codes.ts';
import { countSend } from '../../core/codes/limits.ts';
import type { EmailToVerify, PendingSignUp } from '../../core/codes/verify-email.ts';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import type { Count } from '../../core/limits/rate-limiter.ts';
import {
  type ApiKeyPrincipal,
  anonymousCaller,
  type PrincipalCaller,
  type RequestOrigin,
  type UserPrincipal,
  userCaller,
} from '../../core/principal.ts';
import type { SignInClient } from '../../core/sign-in/client.ts';
import { createWithCurrentPassword } from '../../core/sign-in/current-password.ts';
import { requireLiveSession } from '../../core/sign-in/live-session.ts';
import type { Login } from '../../core/sign-in/login-view.ts';
import { requireActiveUser } from '../../core/users/active-user.ts';
import { createAccountWithin } from '../../core/users/create-account.ts';
import type { Identifier } from '../../core/users/identifiers.ts';
import { passwordProblems } from '../../core/users/new-account.ts';
import type { ProfileChange, User } from '../../core/users/user.ts';

export interface Signup {
  readonly email: Identifier;
  readonly password: string;
  readonly username?: Identifier | undefined;
  readonly name?: string | null | undefined;
}

/** A sign-up that is a login too. */
export interface SignedUp {
  readonly login: Login;
  /** Null where no mail is sent, or where the address has had too much of it. */
  readonly verification: SentChallenge | null;
}

type SignupOutcome = 'succeeded' | 'email_taken' | 'username_taken' | 'overloaded' | 'failed';

export type Accounts = ReturnType<typeof createAccounts>;

/** Signing up, and what users do with their own account. Hashing never holds a database connection. */
export function createAccounts(core: Core) {
  const { store, passwords, sessions, deviceTokens, clock, observers, codes, outbox } = core;
  const { sendVerificationWithin } = core;
  const withCurrentPassword = createWithCurrentPassword(core);
  const now = () => new Date(clock.now());

  /** `createAccount`, counted for the metrics. */
  async function signUp(signup: Signup, client: SignInClient, count: Count): Promise<SignedUp> {
    const maySend = await maySendVerification(signup, count);
    return observed(() => createAccount(signup, client, maySend));
  }

  /** Whether the address may get a message: making and deleting an account again and again must not flood it. */
  async function maySendVerification({ email }: Signup, count: Count): Promise<boolean> {
    if (!outbox.has('email')) return false;
    try {
      await countSend(count, codes, email.canonical);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === 'rate_limited') return false;
      throw error;
    }
  }

  /** The password is to be checked before. @throws AppError overloaded, email_taken, username_taken */
  async function createAccount(
    signup: Signup,
    { transport, origin }: SignInClient,
    maySend: boolean,
  ): Promise<SignedUp> {
    const newUser = await newUserOf(signup, origin);
    const signedUp = await store.transaction(async (stores) => {
      const { user, entry } = await createAccountWithin(stores, newUser, origin);
      const evidence = {
        method: 'password',
        authentication: { methods: ['pwd'], at: newUser.createdAt },
        passwordHash: newUser.passwordHash,
        isNewDevice: false,
        deviceId: null,
        isEnoughForFactor: true,
        transport,
        origin,
      } as const;
      // A new account has no further factor that could be asked for.
      const grant = await sessions.startWithin(stores, user.id, evidence, [entry]);
      if (grant === null) throw new Error('a user that was just inserted is not there');
      const login = { user, grant, deviceToken: deviceTokens.issue(user) };
      if (!maySend) return { login, verification: null };
      return {
        login,
        verification: await sendVerificationWithin(stores, verificationOf(user.id, signup, origin)),
      };
    });
    outbox.wake();
    return signedUp;
  }

  /**
   * Makes an account that cannot log in before its address is verified.
   * @throws AppError rate_limited, overloaded, email_taken, username_taken
   */
  async function signUpUnverified(
    signup: Signup,
    origin: RequestOrigin,
    count: Count,
  ): Promise<SentChallenge> {
    await countSend(count, codes, signup.email.canonical);
    return observed(async () => {
      const newUser = await newUserOf(signup, origin);
      const sent = await store.transaction(async (stores) => {
        const { user, entry } = await createAccountWithin(stores, newUser, origin);
        await stores.audit.append(entry, newUser.createdAt);
        return sendVerificationWithin(stores, verificationOf(user.id, signup, origin));
      });
      outbox.wake();
      return sent;
    });
  }

  /**
   * Answers alike whether or not the address is known. The account is made once the address is verified; the owner of a known
   * one is told by mail. Both take the same statements.
   * @throws AppError rate_limited, overloaded
   */
  async function signUpHidden(signup: Signup, origin: RequestOrigin, count: Count): Promise<SentChallenge> {
    const { email, password, name } = signup;
    await countSend(count, codes, email.canonical);
    return observed(async () => {
      const passwordHash = await passwords.hash(password, origin.network);
      const details: PendingSignUp = { email, name: name ?? null, passwordHash };
      const owner = await store.users.findByEmail(email.canonical);
      const sent = await store.transaction((stores) =>
        owner === null
          ? sendVerificationWithin(stores, {
              purpose: 'sign_up',
              caller: anonymousCaller(origin),
              email,
              userId: null,
              details,
            })
          : codes.sendWithin(stores, {
              purpose: 'sign_up',
              caller: anonymousCaller(origin),
              channel: 'email',
              to: owner.email ?? email.shown,
              address: email.canonical,
              subject: codes.nameOf(email.canonical),
              userId: owner.id,
              details,
              language: owner.language,
              hasCode: true,
              hasLink: true,
              template: 'email-in-use',
              data: () => ({}),
              isDecoy: owner.disabledAt !== null,
            }),
      );
      outbox.wake();
      return sent;
    });
  }

  async function observed<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      const result = await work();
      observers.signup('succeeded');
      return result;
    } catch (error) {
      observers.signup(outcomeOf(error));
      throw error;
    }
  }

  /** @throws AppError overloaded */
  async function newUserOf({ email, password, username, name }: Signup, origin: RequestOrigin) {
    const createdAt = now();
    return {
      id: uuidv7({ msecs: createdAt.getTime() }),
      email,
      username: username ?? null,
      name: name ?? null,
      passwordHash: await passwords.hash(password, origin.network),
      createdAt,
    };
  }

  function verificationOf(userId: string, { email }: Signup, origin: RequestOrigin): EmailToVerify {
    return { purpose: 'email_verification', caller: userCaller(userId, origin), email, userId };
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
   * Deletes the account with its sessions; its access tokens are revoked. An account without a password takes a recent
   * sign-in instead.
   * @throws AppError token_revoked, wrong_password, insufficient_user_authentication, rate_limited, overloaded, last_admin
   */
  async function remove(caller: PrincipalCaller<UserPrincipal>, password: string | undefined): Promise<void> {
    const { userId } = caller.principal;
    let cookieKeys: string[] = [];
    const removeWith = (hash: string | null) =>
      store.transaction(async (stores) => {
        await requireLiveSession(stores, caller, now());
        await requireOtherAdmin(stores, userId);
        cookieKeys = await stores.sessions.listCookieKeys({ userId });
        if (!(await stores.users.remove(userId, hash))) return null;
        await stores.loginFailures.clearAccount(userId);
        await stores.audit.append(entryOf('user.deleted', caller, userId), now());
        return sessions.revokeUserWithin(stores, userId);
      });
    if (password === undefined) {
      const { passwordHash } = await get(userId);
      if (passwordHash !== null) throw new AppError('wrong_password');
      core.stepUp.requireRecent(caller.principal);
      const revoked = await removeWith(null);
      // The account has got a password meanwhile.
      if (revoked === null) throw new AppError('wrong_password');
      await sessions.announce(revoked);
    } else {
      await withCurrentPassword(caller, password, ({ hash }) => removeWith(hash));
    }
    await sessions.forgetCookies(cookieKeys);
  }

  return {
    passwordProblems: (fields: Partial<Signup>) => passwordProblems(passwords, fields),
    signUp,
    signUpUnverified,
    signUpHidden,
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
