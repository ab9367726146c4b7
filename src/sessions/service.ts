import { v7 as uuidv7 } from 'uuid';
import { ANONYMOUS, type Caller, type RequestOrigin } from '../caller.ts';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { entryOf } from '../ledger.ts';
import type { AccessTokens } from '../tokens/access-token.ts';
import { after, createEnding } from './ending.ts';
import type { Announce, LoginMethod, Session, SessionStores, TransactionalSessionStores } from './ports.ts';
import type { RefreshTokens } from './refresh-token.ts';

export interface SessionLifetimes {
  readonly accessTokenTtlSeconds: number;
  /** How long a session may rest between two refreshes. */
  readonly idleSeconds: number;
  /** How long a session lasts at most. */
  readonly absoluteSeconds: number;
  /** How long the refresh token before the present one still gets the present one. */
  readonly reuseGraceSeconds: number;
}

export interface SessionDependencies {
  readonly store: TransactionalSessionStores;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly announce: Announce;
  readonly clock: Clock;
  readonly lifetimes: SessionLifetimes;
}

/** What a login or a refresh hands out. */
export interface SessionGrant {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly refreshToken: string;
  readonly refreshExpiresInSeconds: number;
  /** What the access token allows. */
  readonly permissions: readonly string[];
}

/** What somebody logged in with. */
export interface ProvenLogin {
  readonly method: LoginMethod;
  readonly origin: RequestOrigin;
  /** The stored hash that their password was right for; null where they proved something else. */
  readonly passwordHash: string | null;
}

export type Sessions = ReturnType<typeof createSessions>;

/** Of one user; a login beyond that ends the oldest. */
const MAX_LIVE_SESSIONS = 100;

/** Logins on devices: how they start, go on and end. */
export function createSessions(dependencies: SessionDependencies) {
  const { store, accessTokens, refreshTokens, announce, clock, lifetimes } = dependencies;
  const now = () => new Date(clock.now());
  const ending = createEnding({ store, announce, clock });

  /**
   * Logs a person in. Every way to log in ends here. Null where the user is gone or disabled by now, or where the
   * password that was proved is no longer theirs.
   */
  async function start(userId: string, login: ProvenLogin): Promise<SessionGrant | null> {
    const grant = await store.transaction((stores) => startWithin(stores, userId, login));
    if (grant !== null) await endSurplus(userId, login.origin);
    return grant;
  }

  /** The part of `start` that belongs into a transaction with something else. */
  async function startWithin(
    stores: SessionStores,
    userId: string,
    login: ProvenLogin,
  ): Promise<SessionGrant | null> {
    const createdAt = now();
    const absoluteExpiresAt = after(createdAt, lifetimes.absoluteSeconds);
    const session: Session = {
      id: uuidv7({ msecs: createdAt.getTime() }),
      userId,
      method: login.method,
      userAgent: login.origin.userAgent,
      ip: login.origin.ip,
      createdAt,
      lastUsedAt: createdAt,
      idleExpiresAt: idleExpiry(createdAt, absoluteExpiresAt),
      absoluteExpiresAt,
      refreshCounter: 0,
      rotatedAt: null,
      revokedAt: null,
    };
    if (!(await stores.sessions.insert(session, login.passwordHash))) return null;
    const caller = {
      actor: { type: 'user', id: userId },
      origin: login.origin,
      sessionId: session.id,
    } as const;
    const details = { method: login.method };
    await stores.ledger.append(entryOf('login.succeeded', caller, userId, details), createdAt);
    return grant(session, createdAt, stores);
  }

  /** However often somebody logs in, the sessions of a user stay few enough to be listed and ended at once. */
  async function endSurplus(userId: string, origin: RequestOrigin): Promise<void> {
    const surplus = await store.sessions.listSurplus(userId, MAX_LIVE_SESSIONS, now());
    const caller: Caller = { actor: { type: 'user', id: userId }, origin, sessionId: null };
    for (const id of surplus) await ending.end({ userId, id }, 'too_many_sessions', caller);
  }

  /**
   * Trades a refresh token for its successor and a new access token (RFC 9700 section 4.14.2). The previous token, shown
   * again within the grace, gets the very same successor: two tabs, a retry or a race log nobody out.
   * Of `wanted` permissions the access token gets those that the user has; without them it gets all.
   * @throws AppError invalid_refresh_token, refresh_token_reused
   */
  async function refresh(
    token: string,
    origin: RequestOrigin,
    wanted?: readonly string[],
  ): Promise<SessionGrant> {
    const content = refreshTokens.read(token);
    if (content === null) throw new AppError('invalid_refresh_token');
    const { sessionId, counter } = content;
    const at = now();
    const session = await findLive(sessionId, at);

    if (session.refreshCounter === counter) {
      const idleExpiresAt = idleExpiry(at, session.absoluteExpiresAt);
      const won = await store.sessions.rotate(sessionId, counter, at, idleExpiresAt);
      if (won) return grant({ ...session, refreshCounter: counter + 1, idleExpiresAt }, at, store, wanted);
    }
    const current = session.refreshCounter === counter ? await findLive(sessionId, at) : session;
    if (isWithinGrace(current, counter, at)) return grant(current, at, store, wanted);
    if (current.refreshCounter > counter) await refuseReuse(current, origin);
    throw new AppError('invalid_refresh_token');
  }

  async function findLive(sessionId: string, at: Date): Promise<Session> {
    const session = await store.sessions.find(sessionId);
    if (session === null || !isLive(session, at)) throw new AppError('invalid_refresh_token');
    return session;
  }

  function isWithinGrace({ refreshCounter, rotatedAt }: Session, counter: number, at: Date): boolean {
    if (rotatedAt === null || refreshCounter !== counter + 1) return false;
    return at.getTime() - rotatedAt.getTime() <= lifetimes.reuseGraceSeconds * 1000;
  }

  /** An old token shown again was copied, and nobody knows who of the two has it by right. */
  async function refuseReuse({ id, userId }: Session, origin: RequestOrigin): Promise<never> {
    const caller: Caller = { actor: ANONYMOUS, origin, sessionId: id };
    await ending.end({ userId, id }, 'refresh_token_reused', caller);
    throw new AppError('refresh_token_reused', undefined, {
      event: { event: 'refresh_token_reused', session_id: id, user_id: userId },
    });
  }

  /** The user's sessions that can still be refreshed, the latest used first. */
  function list(userId: string): Promise<Session[]> {
    return store.sessions.listLive(userId, now());
  }

  /** The id of the session that a refresh token made here is for, or null. Asks no database. */
  function sessionIdIn(token: string): string | null {
    return refreshTokens.read(token)?.sessionId ?? null;
  }

  /**
   * The session that a refresh token belongs to, whether it is the latest of that session, and whether `refresh` would
   * take it; null if there is none.
   */
  async function sessionOf(
    token: string,
  ): Promise<{ session: Session; isLatest: boolean; isRefreshable: boolean } | null> {
    const content = refreshTokens.read(token);
    const session = content && (await store.sessions.find(content.sessionId));
    if (content === null || session === null) return null;
    const at = now();
    const isLatest = session.refreshCounter === content.counter;
    const isRefreshable = isLive(session, at) && (isLatest || isWithinGrace(session, content.counter, at));
    return { session, isLatest, isRefreshable };
  }

  /** Whether a session has neither ended nor expired, and its user is active. */
  async function isSessionLive(sessionId: string): Promise<boolean> {
    const session = await store.sessions.find(sessionId);
    return session !== null && isLive(session, now());
  }

  async function grant(
    session: Session,
    at: Date,
    { rights }: SessionStores,
    wanted?: readonly string[],
  ): Promise<SessionGrant> {
    const { id, userId, refreshCounter, idleExpiresAt } = session;
    const { permissions: held, roles, versions } = await rights.rightsOf(userId);
    const permissions = wanted === undefined ? held : held.filter((name) => wanted.includes(name));
    const isNarrowed = permissions.length < held.length;
    // No access token outlives the session it belongs to.
    const ttlSeconds = Math.min(lifetimes.accessTokenTtlSeconds, secondsBetween(at, idleExpiresAt));
    return {
      accessToken: accessTokens.issue({
        userId,
        sessionId: id,
        // A role stands for all that it may do, so a token that may do less has none.
        roles: isNarrowed ? [] : roles,
        ...(isNarrowed && { fromRoles: roles }),
        versions,
        permissions,
        ttlSeconds,
      }),
      expiresInSeconds: ttlSeconds,
      refreshToken: refreshTokens.issue({ sessionId: id, counter: refreshCounter }),
      refreshExpiresInSeconds: secondsBetween(at, idleExpiresAt),
      permissions,
    };
  }

  function idleExpiry(at: Date, absoluteExpiresAt: Date): Date {
    return new Date(Math.min(after(at, lifetimes.idleSeconds).getTime(), absoluteExpiresAt.getTime()));
  }

  return { start, startWithin, refresh, ...ending, list, sessionIdIn, sessionOf, isSessionLive };
}

function isLive({ revokedAt, idleExpiresAt, absoluteExpiresAt }: Session, at: Date): boolean {
  return revokedAt === null && at < idleExpiresAt && at < absoluteExpiresAt;
}

/** At least one, so that no lifetime is zero. */
function secondsBetween(from: Date, to: Date): number {
  return Math.max(1, Math.floor((to.getTime() - from.getTime()) / 1000));
}
