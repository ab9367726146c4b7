import { entryOf } from '../audit/audit.ts';
import type { Core } from '../core.ts';
import { AppError } from '../errors.ts';
import type { GivenFactor } from '../factors/check-factor.ts';
import type { Assertion } from '../passkeys/fields.ts';
import type { Answered } from '../passkeys/passkeys.ts';
import { type Authentication, acrOf, type PrincipalCaller, type UserPrincipal } from '../principal.ts';
import type { AccessGrant } from '../sessions/sessions.ts';
import type { CoreStores } from '../stores.ts';
import { requireActiveUser } from '../users/active-user.ts';
import type { User } from '../users/user.ts';
import { createWithCurrentPassword } from './current-password.ts';
import { requireLiveSession } from './live-session.ts';
import { factorNotAllowed } from './second-factor-required.ts';
import { createWithFactor } from './with-factor.ts';

/**
 * Proves something other than the password in the transaction that raises the session, and uses the proof up. Returns the
 * methods of RFC 8176 that it has proved, with `mfa` only where they are two factors by themselves.
 * @throws AppError where it does not prove the user
 */
export type ProveFactorWithin = (stores: CoreStores, user: User) => Promise<readonly string[]>;

/** What a client gets whose session was raised. */
export interface Reauthenticated {
  /** How and since when the session is authenticated now. */
  readonly authentication: Authentication;
  /** Null for a browser, whose cookie stays. */
  readonly grant: AccessGrant | null;
}

/** Where the wrong codes of sessions are counted: those at a login do not lock the owner out of theirs. */
const SESSIONS = 'sessions';

export type Reauthenticate = ReturnType<typeof createReauthenticate>;

/**
 * Makes the functions by which the user of a session proves again who they are (RFC 9470). The session goes on, with the same
 * cookie or refresh token.
 */
export function createReauthenticate(core: Core) {
  const { store, clock, sessions, cookieSessions, outbox, passkeys, stepUp, secondFactors } = core;
  const withCurrentPassword = createWithCurrentPassword(core);
  const withFactor = createWithFactor(core);

  /**
   * By the password, of which wrong ones count.
   * @throws AppError wrong_password, token_revoked, rate_limited, overloaded, session_store_unavailable
   */
  async function byPassword(
    caller: PrincipalCaller<UserPrincipal>,
    password: string,
  ): Promise<Reauthenticated> {
    let raised: Raised | null = null;
    await withCurrentPassword(caller, password, async ({ hash }) => {
      raised = await raise(caller, async () => ['pwd'], hash);
      return raised && [];
    });
    return deliver(caller.principal, raised);
  }

  /**
   * By a second factor, of which wrong ones count.
   * @throws AppError invalid_factor, factor_not_allowed, insufficient_user_authentication without a recent first factor,
   * token_revoked, rate_limited, session_store_unavailable
   */
  async function bySecondFactor(
    caller: PrincipalCaller<UserPrincipal>,
    given: GivenFactor,
  ): Promise<Reauthenticated> {
    const user = await requireActiveUser(store.users, caller.principal.userId);
    const methods = await secondFactors.methodsOf(store, user);
    if (!methods.includes(given.method)) throw factorNotAllowed(methods);
    const { result } = await withFactor(
      { user, deviceId: SESSIONS, given, challengeId: null, caller },
      async (proof) => {
        try {
          return await byProof(caller, async (stores) => {
            if (!(await proof.useWithin(stores, caller))) throw new AppError('invalid_factor');
            return proof.amr;
          });
        } catch (error) {
          if (error instanceof AppError && error.code === 'invalid_factor') return null;
          throw error;
        }
      },
    );
    outbox.wake();
    return result;
  }

  /**
   * By a passkey, which counts as two factors where it has checked who its user is.
   * @throws AppError as `passkeys.verify`, insufficient_user_authentication where it counts as one and no other is recent,
   * token_revoked, session_store_unavailable
   */
  async function byPasskey(
    caller: PrincipalCaller<UserPrincipal>,
    answered: Answered<Assertion>,
  ): Promise<Reauthenticated> {
    // The session says whose browser it is.
    const proof = await passkeys.verify(answered, null, caller.origin);
    if (proof.userId !== caller.principal.userId) throw new AppError('invalid_passkey');
    return byProof(caller, async (stores) => {
      await passkeys.useWithin(stores, proof);
      return proof.amr;
    });
  }

  /**
   * By a proof that the caller checks.
   * @throws AppError what `proveWithin` throws, insufficient_user_authentication where it is a second factor without a recent
   * first one, token_revoked, session_store_unavailable
   */
  async function byProof(
    caller: PrincipalCaller<UserPrincipal>,
    proveWithin: ProveFactorWithin,
  ): Promise<Reauthenticated> {
    return deliver(caller.principal, await raise(caller, proveWithin, null));
  }

  /** Null where the session has ended, or `passwordHash` is no longer that of the user. */
  function raise(
    caller: PrincipalCaller<UserPrincipal>,
    proveWithin: ProveFactorWithin,
    passwordHash: string | null,
  ) {
    const { userId } = caller.principal;
    return store.transaction(async (stores) => {
      const at = new Date(clock.now());
      // Locks the account, so that another password or the end of the account comes before or after all of this.
      await requireLiveSession(stores, caller, at);
      const user = await requireActiveUser(stores.users, userId);
      const session = await stores.sessions.find(caller.sessionId ?? '');
      if (session === null) throw new AppError('token_revoked');
      const proved = await proveWithin(stores, user);
      const authentication = stepUp.raise(session.authentication, proved, at);
      if (!(await stores.sessions.raise(session.id, authentication, passwordHash, at))) return null;
      const details = { amr: authentication.methods, acr: acrOf(authentication.methods) };
      await stores.audit.append(entryOf('session.reauthenticated', caller, userId, details), at);
      return {
        session: { ...session, authentication },
        authentication,
        rights: await stores.rights.rightsOf(userId),
      };
    });
  }

  /** @throws AppError token_revoked where the session has ended meanwhile */
  async function deliver(principal: UserPrincipal, raised: Raised | null): Promise<Reauthenticated> {
    if (raised === null) throw new AppError('token_revoked');
    const { session, authentication, rights } = raised;
    const { cookieKey } = session;
    // Also where this came by a token that a page has got for its cookie.
    if (cookieKey !== null && !(await cookieSessions.raise(cookieKey, authentication, rights)))
      throw new AppError('token_revoked');
    const isCookie = principal.credential === 'cookie';
    return { authentication, grant: isCookie ? null : sessions.accessAfter(principal, session, rights) };
  }

  type Raised = NonNullable<Awaited<ReturnType<typeof raise>>>;

  return { byPassword, bySecondFactor, byPasskey, byProof };
}
