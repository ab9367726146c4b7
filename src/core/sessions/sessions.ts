import { v7 as uuidv7 } from 'uuid';
import type { Rights } from '../access/rights.store.ts';
import { type AuditEntry, entryOf } from '../audit/audit.ts';
import type { Clock } from '../clock.ts';
import { cookieKeyOf, newCookieId } from '../cookie-sessions/cookie-id.ts';
import type { CookieGrant, CookieSessions } from '../cookie-sessions/cookie-sessions.ts';
import { AppError } from '../errors.ts';
import type { MfaPolicy, SessionRights } from '../factors/policy.ts';
import {
  ANONYMOUS,
  type Authentication,
  type Caller,
  type RequestOrigin,
  type UserPrincipal,
  userCaller,
} from '../principal.ts';
import type { Announce } from '../revocation/revocation.ts';
import type { CoreStore, CoreStores } from '../stores.ts';
import type { AccessTokens } from '../tokens/access-token.ts';
import type { Confirmations } from './confirmations.ts';
import { after, createEnding } from './ending.ts';
import { idleExpiry, type SessionLifetimes, secondsBetween } from './lifetimes.ts';
import type { RefreshTokenContent, RefreshTokens } from './refresh-token.ts';
import type { Session, SignInMethod, StoredSession, Transport } from './session.ts';

export interface SessionDependencies {
  readonly store: CoreStore;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly announce: Announce;
  readonly confirmations: Pick<Confirmations, 'notedAt'>;
  readonly cookieSessions: Pick<CookieSessions, 'begin' | 'forget'>;
  readonly clock: Clock;
  readonly lifetimes: SessionLifetimes;
  readonly mfaPolicy: Pick<MfaPolicy, 'rightsOf'>;
  /** Called with the outcome of each refresh, for the metrics. */
  readonly onRefresh?: (outcome: RefreshOutcome) => void;
}

/** How a refresh ended: with a new pair of tokens, with the latest one again, or without. */
export type RefreshOutcome = 'rotated' | Repeat | 'reused' | 'behind' | 'invalid';

/** Why a token that was used up is answered: clients refreshed concurrently, or an answer never arrived. */
type Repeat = 'grace' | 'retry';

/** The outcome that `refresh` would have for a refresh token. */
type TokenState = 'latest' | Repeat | 'reused' | 'behind' | 'ended';

interface FoundSession {
  readonly session: StoredSession;
  readonly state: TokenState;
}

/** An access token. */
export interface AccessGrant {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  /** What it allows. */
  readonly permissions: readonly string[];
}

/** The tokens of a login or a refresh. */
export interface TokenGrant extends AccessGrant {
  readonly transport: 'token';
  readonly refreshToken: string;
  readonly refreshExpiresInSeconds: number;
}

/** What an access token says of its session. */
type SessionOfAccess = Pick<Session, 'id' | 'userId' | 'authentication' | 'refreshCounter' | 'idleExpiresAt'>;

/** What a client gets at a sign-in. */
export type SessionGrant = TokenGrant | CookieGrant;

/** How a user who signs in has authenticated. */
export interface SignInEvidence {
  readonly method: SignInMethod;
  /** The id of the provider, where that is the method. */
  readonly provider?: string | undefined;
  readonly authentication: Authentication;
  /** The stored hash that the password matched; null where something else was proved. */
  readonly passwordHash: string | null;
  /** Whether the account has not seen the device before. */
  readonly isNewDevice: boolean;
  /** The device by its device token; null where it showed none of the account. */
  readonly deviceId: string | null;
  readonly transport: Transport;
  readonly origin: RequestOrigin;
  /** Whether it comes from another session of this browser, which has proved a second factor already where one was required. */
  readonly isOfSession?: boolean | undefined;
}

/** The evidence of a sign-in, with what was decided about it. */
export interface SufficientEvidence extends SignInEvidence {
  /** Whether it is enough also for an account that has a second factor. */
  readonly isEnoughForFactor: boolean;
}

/** A session with the secret that goes into its cookie, where it has one. */
interface NewlyBegun {
  readonly session: Session;
  readonly cookieId: string | null;
}

export type Sessions = ReturnType<typeof createSessions>;

/** What is known of a refresh token. */
export interface SessionOfToken {
  readonly session: Session;
  readonly isLatest: boolean;
  readonly isRefreshable: boolean;
  /** The database is behind the token. */
  readonly isBehind: boolean;
}

/** More rotations within one grace are no client's; their times fit into the column. */
const MAX_EARLIER_ROTATIONS = 16;

/** Live sessions per user; a login beyond that ends the oldest. */
const MAX_LIVE_SESSIONS = 100;

/** Logins on devices: how they start, go on and end. */
export function createSessions(dependencies: SessionDependencies) {
  const { store, accessTokens, refreshTokens, announce, confirmations } = dependencies;
  const { cookieSessions, clock, lifetimes, mfaPolicy } = dependencies;
  const { onRefresh = () => {} } = dependencies;
  const now = () => new Date(clock.now());
  const ending = createEnding({ store, announce, forgetCookies: cookieSessions.forget, clock });

  /**
   * Begins a session: `completeSignIn` alone decides that there is to be one. Null where the user is gone or disabled by
   * now, the password that was proved is no longer theirs, or they have a second factor by now.
   */
  async function start(userId: string, evidence: SufficientEvidence): Promise<SessionGrant | null> {
    const begun = newSession(userId, evidence);
    const { session } = begun;
    // A transaction would cost each login another round trip. A login that cannot be recorded takes its session back
    // instead; where not even that is possible, the session stays, but what gives access to it was never sent.
    try {
      if (!(await store.sessions.insert(session, evidence))) return null;
      const { rights, liveSessions } = await store.rights.rightsAndSessionsOf(userId, session.createdAt);
      const grant = await deliver(begun, rights, store);
      await store.audit.append(loginEntry(session, evidence), session.createdAt);
      if (liveSessions > MAX_LIVE_SESSIONS) await endSurplus(userId, evidence.origin);
      return grant;
    } catch (error) {
      await store.sessions.remove(session.id).catch(() => {});
      throw error;
    }
  }

  /**
   * The same in a transaction with something else, of which `earlier` goes into the audit log before the login.
   */
  async function startWithin(
    stores: CoreStores,
    userId: string,
    evidence: SufficientEvidence,
    earlier: readonly AuditEntry[],
  ): Promise<SessionGrant | null> {
    const begun = newSession(userId, evidence);
    const { session } = begun;
    if (!(await stores.sessions.insert(session, evidence))) return null;
    await stores.audit.appendMany([...earlier, loginEntry(session, evidence)], session.createdAt);
    const { rights, liveSessions } = await stores.rights.rightsAndSessionsOf(userId, session.createdAt);
    const grant = await deliver(begun, rights, stores);
    // Not announced from here: every process reads of it within a second.
    if (liveSessions > MAX_LIVE_SESSIONS) await endSurplusWithin(stores, userId, evidence.origin);
    return grant;
  }

  function newSession(
    userId: string,
    { method, authentication, transport, origin }: SignInEvidence,
  ): NewlyBegun {
    const createdAt = now();
    const absoluteExpiresAt = after(createdAt, lifetimes.absoluteSeconds);
    const cookieId = transport === 'cookie' ? newCookieId() : null;
    const session: Session = {
      id: uuidv7({ msecs: createdAt.getTime() }),
      userId,
      method,
      authentication,
      userAgent: origin.userAgent,
      ip: origin.ip,
      cookieKey: cookieId && cookieKeyOf(cookieId),
      createdAt,
      lastUsedAt: createdAt,
      idleExpiresAt: idleExpiry(createdAt, absoluteExpiresAt, lifetimes),
      absoluteExpiresAt,
      refreshCounter: 0,
      rotatedAt: null,
      earlierRotations: [],
      confirmedAt: null,
      revokedAt: null,
    };
    return { session, cookieId };
  }

  /**
   * An access token for a session that has a cookie, to be shown to other services. It gets those of `wanted` that the
   * session has; without `wanted`, all of them.
   */
  function tokenFor(principal: UserPrincipal, sessionEndsAt: Date, wanted?: readonly string[]): AccessGrant {
    const { userId, sessionId, authentication, roles, permissions, claims } = principal;
    const session = {
      id: sessionId ?? '',
      userId,
      authentication,
      refreshCounter: 0,
      idleExpiresAt: sessionEndsAt,
    };
    return issueAccess(
      session,
      now(),
      { roles, permissions, versions: claims.rv, isEnrolling: false },
      wanted,
    );
  }

  /**
   * An access token for a session that was raised, in place of the one that was shown. It allows no more than that one did,
   * and confirms no refresh whose answer its client may never have got.
   */
  function accessAfter(principal: UserPrincipal, session: Session, rights: Rights): AccessGrant {
    const { permissions, claims } = principal;
    const wanted = claims.from_roles === undefined ? undefined : permissions;
    const of = { ...session, refreshCounter: claims.rot ?? 0 };
    return issueAccess(of, now(), mfaPolicy.rightsOf(rights, session.authentication), wanted);
  }

  /** What gives its client access to a session that has just begun: a cookie or tokens. */
  function deliver(
    { session, cookieId }: NewlyBegun,
    rights: Rights,
    stores: Pick<CoreStores, 'sessions'>,
  ): Promise<SessionGrant> | SessionGrant {
    if (cookieId !== null) return cookieSessions.begin(stores, session, cookieId, rights);
    return issue(session, session.createdAt, rights);
  }

  /** However many logins there are, the sessions of a user stay few enough to be listed and ended at once. */
  async function endSurplus(userId: string, origin: RequestOrigin): Promise<void> {
    const surplus = await store.sessions.listSurplus(userId, MAX_LIVE_SESSIONS, now());
    const caller = userCaller(userId, origin);
    for (const id of surplus) await ending.end({ userId, id }, 'too_many_sessions', caller);
  }

  async function endSurplusWithin(stores: CoreStores, userId: string, origin: RequestOrigin): Promise<void> {
    const surplus = await stores.sessions.listSurplus(userId, MAX_LIVE_SESSIONS, now());
    const caller = userCaller(userId, origin);
    for (const id of surplus) await ending.endWithin(stores, { userId, id }, 'too_many_sessions', caller);
  }

  /**
   * Exchanges a refresh token for its successor and a new access token (RFC 9700 section 4.14.2). A token that was used
   * up within the grace, or whose successor has not arrived yet, gets the latest one: two tabs, a race or a lost answer
   * log no user out.
   * The access token gets those of `wanted` that the user has; without `wanted`, all of them.
   * @throws AppError invalid_refresh_token, refresh_token_reused, database_behind
   */
  async function refresh(
    token: RefreshTokenContent | null,
    origin: RequestOrigin,
    wanted?: readonly string[],
  ): Promise<TokenGrant> {
    // Before anything is read, so that a deletion of the account after that revokes this token as well.
    const at = now();
    let found = token && (await find(token));
    if (token !== null && found?.state === 'latest') {
      const rotated = await rotate(found.session, wanted);
      if (rotated !== null) return rotated;
      // Another request was first, or the session has just ended.
      found = await find(token);
    }
    switch (found?.state) {
      case 'grace':
      case 'retry':
        return repeat(found.session, found.state, origin, at, wanted);
      case 'reused':
        return refuseReuse(found.session, origin);
      // Still the latest, although it could not be rotated: what was read had been overtaken already.
      case 'latest':
      case 'behind':
        return refuseBehind(found.session);
      default:
        onRefresh('invalid');
        throw new AppError('invalid_refresh_token');
    }
  }

  /** The session that a refresh token made here is for, and what becomes of the token; null where there is none. */
  async function find({ sessionId, counter }: RefreshTokenContent): Promise<FoundSession | null> {
    const read = await store.sessions.find(sessionId);
    // The token proves that there is, or was, more to know than this: it is read again where nothing can be missing.
    const isBehind = read === null || read.refreshCounter < counter;
    const session = isBehind ? await store.sessions.findCausally(sessionId) : read;
    return session && { session, state: stateOf(session, counter, now()) };
  }

  function stateOf(session: Session, counter: number, at: Date): TokenState {
    const { refreshCounter } = session;
    if (!isLive(session, at)) return 'ended';
    if (counter === refreshCounter) return 'latest';
    if (counter > refreshCounter) return 'behind';
    const usedUpAt = rotationsOf(session)[refreshCounter - 1 - counter];
    if (usedUpAt === undefined) return 'reused';
    if (isWithinGrace(usedUpAt, at)) return 'grace';
    if (counter !== refreshCounter - 1 || at > after(usedUpAt, lifetimes.retrySeconds)) return 'reused';
    const confirmedAt = session.confirmedAt ?? confirmations.notedAt(session.id, refreshCounter);
    // Two tabs that repeat after an outage have the grace as well, from when the first one got its answer.
    const hasArrived = confirmedAt !== null && at > after(confirmedAt, lifetimes.reuseGraceSeconds);
    return hasArrived ? 'reused' : 'retry';
  }

  function isWithinGrace(usedUpAt: Date, at: Date): boolean {
    return at <= after(usedUpAt, lifetimes.reuseGraceSeconds);
  }

  /** Null where another request was first. */
  async function rotate(session: StoredSession, wanted?: readonly string[]): Promise<TokenGrant | null> {
    const at = now();
    const idleExpiresAt = idleExpiry(at, session.absoluteExpiresAt, lifetimes);
    const earlierRotations = rotationsOf(session)
      .filter((usedUpAt) => isWithinGrace(usedUpAt, at))
      .slice(0, MAX_EARLIER_ROTATIONS);
    if (!(await store.sessions.rotate(session, { at, idleExpiresAt, earlierRotations }))) return null;
    onRefresh('rotated');
    return grant(
      { ...session, refreshCounter: session.refreshCounter + 1, idleExpiresAt },
      at,
      store,
      wanted,
    );
  }

  /** The latest tokens once more, which is recorded: a quick thief would get them in the same way. */
  async function repeat(
    session: Session,
    answer: Repeat,
    origin: RequestOrigin,
    at: Date,
    wanted?: readonly string[],
  ): Promise<TokenGrant> {
    const { id, userId } = session;
    const caller: Caller = { actor: ANONYMOUS, origin, sessionId: id };
    await store.audit.append(entryOf('refresh.repeated', caller, userId, { answer }), at);
    onRefresh(answer);
    return grant(session, at, store, wanted);
  }

  /** Never invalid: a token of the future was made here, so it is the database that does not know of it yet. */
  function refuseBehind({ id, userId }: Session): never {
    onRefresh('behind');
    throw new AppError('database_behind', undefined, {
      event: { event: 'database_behind', session_id: id, user_id: userId },
    });
  }

  /** A used token shown again was copied, and either holder may be the thief (RFC 9700 section 4.14.2). */
  async function refuseReuse({ id, userId }: Session, origin: RequestOrigin): Promise<never> {
    const caller: Caller = { actor: ANONYMOUS, origin, sessionId: id };
    await ending.end({ userId, id }, 'refresh_token_reused', caller);
    onRefresh('reused');
    throw new AppError('refresh_token_reused', undefined, {
      event: { event: 'refresh_token_reused', session_id: id, user_id: userId },
    });
  }

  /** The user's sessions that can still be refreshed, the latest used first. */
  function list(userId: string): Promise<Session[]> {
    return store.sessions.listLive(userId, now());
  }

  /** The content of a refresh token that was made here, or null. Does not query the database. */
  function readRefreshToken(token: string): RefreshTokenContent | null {
    return refreshTokens.read(token);
  }

  /**
   * The session that a refresh token belongs to, whether it is the latest of that session, and whether `refresh` would
   * take it, or could not tell; null if there is none.
   */
  async function sessionOf(token: RefreshTokenContent | null): Promise<SessionOfToken | null> {
    const found = token && (await find(token));
    if (found === null) return null;
    const { session, state } = found;
    return {
      session,
      isLatest: session.refreshCounter === token?.counter,
      isRefreshable: state === 'latest' || state === 'grace' || state === 'retry',
      isBehind: state === 'behind',
    };
  }

  /** The session of a cookie, also where it has ended; null without one. Asks the database, also where Redis is away. */
  function sessionOfCookie(cookieId: string): Promise<Session | null> {
    return store.sessions.findByCookie(cookieKeyOf(cookieId));
  }

  /** Whether a session has neither ended nor expired, and its user is active. */
  async function isSessionLive(sessionId: string): Promise<boolean> {
    const session = await store.sessions.find(sessionId);
    return session !== null && isLive(session, now());
  }

  async function grant(
    session: Session,
    at: Date,
    { rights }: Pick<CoreStores, 'rights'>,
    wanted?: readonly string[],
  ): Promise<TokenGrant> {
    return issue(session, at, await rights.rightsOf(session.userId), wanted);
  }

  function issue(session: Session, at: Date, rights: Rights, wanted?: readonly string[]): TokenGrant {
    const { id, refreshCounter, idleExpiresAt } = session;
    return {
      transport: 'token',
      ...issueAccess(session, at, mfaPolicy.rightsOf(rights, session.authentication), wanted),
      refreshToken: refreshTokens.issue({ sessionId: id, counter: refreshCounter }),
      refreshExpiresInSeconds: secondsBetween(at, idleExpiresAt),
    };
  }

  function issueAccess(
    { id, userId, authentication, refreshCounter, idleExpiresAt }: SessionOfAccess,
    at: Date,
    { permissions: held, roles, versions, isEnrolling }: SessionRights,
    wanted?: readonly string[],
  ): AccessGrant {
    const permissions = wanted === undefined ? held : held.filter((name) => wanted.includes(name));
    const isNarrowed = permissions.length < held.length || (isEnrolling && wanted !== undefined);
    // No access token outlives the session it belongs to.
    const ttlSeconds = Math.min(lifetimes.accessTokenTtlSeconds, secondsBetween(at, idleExpiresAt));
    const accessToken = accessTokens.issue({
      userId,
      sessionId: id,
      authentication,
      rotation: refreshCounter,
      // A role stands for all that it may do, so a token that may do less has none.
      roles: isNarrowed ? [] : roles,
      ...(isNarrowed && { fromRoles: roles }),
      isEnrolling,
      versions,
      permissions,
      at,
      ttlSeconds,
    });
    return { accessToken, expiresInSeconds: ttlSeconds, permissions };
  }

  return {
    start,
    startWithin,
    refresh,
    tokenFor,
    accessAfter,
    ...ending,
    list,
    readRefreshToken,
    sessionOf,
    sessionOfCookie,
    isSessionLive,
  };
}

function loginEntry(
  { id, userId, method }: Session,
  { provider, transport, origin }: SignInEvidence,
): AuditEntry {
  const details = {
    method,
    ...(provider !== undefined && { provider }),
    ...(transport === 'cookie' && { transport }),
  };
  return entryOf('login.succeeded', userCaller(userId, origin, id), userId, details);
}

/** When each token but the latest was used up, the one before the latest first, as far as that is kept. */
function rotationsOf({ rotatedAt, earlierRotations }: Session): readonly Date[] {
  return rotatedAt === null ? [] : [rotatedAt, ...earlierRotations];
}

function isLive({ revokedAt, idleExpiresAt, absoluteExpiresAt }: Session, at: Date): boolean {
  return revokedAt === null && at < idleExpiresAt && at < absoluteExpiresAt;
}
