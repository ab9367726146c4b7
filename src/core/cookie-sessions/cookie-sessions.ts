import type { AccessTokenClaims, RevocationSet } from '@latchkey/verifier/core';
import type { Logger } from 'pino';
import type { Rights } from '../access/rights.store.ts';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { MfaPolicy, SessionRights } from '../factors/policy.ts';
import { type Authentication, acrOf, authenticationIn, type UserPrincipal } from '../principal.ts';
import type { Revocation } from '../revocation/revocation.ts';
import { idleExpiry, type SessionLifetimes } from '../sessions/lifetimes.ts';
import type { Session } from '../sessions/session.ts';
import type { CoreStore, CoreStores } from '../stores.ts';
import { enrolmentAudienceOf } from '../tokens/access-token.ts';
import { userPrincipal } from '../tokens/authenticate.ts';
import { type CsrfTokens, cookieKeyOf } from './cookie-id.ts';
import { type CookieRecord, readRecord, writeRecord } from './record.ts';
import type { CookieRecords } from './records.ts';
import { createTableRecords } from './table-records.ts';

export interface CookieSessionOptions {
  readonly store: CoreStore;
  /** Undefined where there is no Redis: then the table of sessions keeps the records. */
  readonly redisRecords: CookieRecords | undefined;
  readonly csrfTokens: CsrfTokens;
  readonly revocations: RevocationSet;
  /** @throws AppError revocations_stale */
  readonly requireFresh: () => void;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  readonly lifetimes: SessionLifetimes;
  readonly mfaPolicy: Pick<MfaPolicy, 'rightsOf'>;
  readonly issuer: string;
  readonly audience: string;
}

/** What a browser gets at a sign-in by cookie: the cookie, and what its page is told. */
export interface CookieGrant extends SessionCookie {
  readonly transport: 'cookie';
  readonly csrfToken: string;
  readonly expiresAt: Date;
}

/** What the cookie of a session is made of. */
export interface SessionCookie {
  /** The secret that the browser sends back. */
  readonly cookieId: string;
  /** How long the session lasts unless it is used, and the browser keeps the cookie. */
  readonly maxAgeSeconds: number;
}

/** A cookie that was accepted. */
export interface AuthenticatedCookie extends SessionCookie {
  readonly principal: UserPrincipal;
  readonly expiresAt: Date;
  /** Whether the browser should be sent the cookie again, since its session lasts longer now. */
  readonly isRenewed: boolean;
}

interface LiveSession {
  readonly record: CookieRecord;
  /** Those that an access token of the session would have. */
  readonly claims: AccessTokenClaims;
  readonly isRenewed: boolean;
}

export type CookieSessions = ReturnType<typeof createCookieSessions>;

/** Of several cookies with the same name no more than this many are looked up. */
const MAX_COOKIES = 4;
/** A record that was read before a renewal may arrive after it, but no later than this. */
const LATE_READ_MILLISECONDS = 1000;
/** How many records that could not be removed, since Redis was away, are remembered to be removed later. */
const MAX_UNREMOVED = 10_000;
const MAX_IDS_PER_QUERY = 1_000;

/**
 * Sessions whose browser holds nothing but a cookie. The record of a session says what its access token would say, and is
 * renewed as often as one: so a request costs one look-up, and whatever revokes a token revokes the record as well.
 */
export function createCookieSessions(options: CookieSessionOptions) {
  const { store, redisRecords, csrfTokens, revocations, requireFresh, clock, logger, lifetimes } = options;
  const { issuer, audience, mfaPolicy } = options;
  const now = () => new Date(clock.now());
  const records = redisRecords ?? createTableRecords(store.sessions);
  const renewing = new Map<string, Promise<LiveSession | null>>();
  const unremoved = new Set<string>();

  /**
   * Keeps a session that has just been inserted under this id, within the same transaction if there is one.
   * @throws AppError session_store_unavailable
   */
  async function begin(
    { sessions }: Pick<CoreStores, 'sessions'>,
    session: Session,
    cookieId: string,
    rights: Rights,
  ): Promise<CookieGrant> {
    const { authentication, createdAt } = session;
    const record: CookieRecord = {
      sub: session.userId,
      sid: session.id,
      ...recorded(mfaPolicy.rightsOf(rights, authentication)),
      ...(authentication && {
        amr: authentication.methods,
        auth_time: toSeconds(authentication.at),
      }),
      iat: toSeconds(createdAt),
      end: toSeconds(session.absoluteExpiresAt),
    };
    const kept = redisRecords ?? createTableRecords(sessions);
    const expiresAt = expiryOf(record);
    const maxAgeSeconds = secondsUntil(expiresAt, createdAt);
    await kept.insert(cookieKeyOf(cookieId), writeRecord(record), maxAgeSeconds);
    return { transport: 'cookie', cookieId, csrfToken: csrfTokens.of(cookieId), expiresAt, maxAgeSeconds };
  }

  /**
   * The session of the first of these cookies that has a live one, so that a stale cookie beside a good one does no harm.
   * `canSetCookie` says whether the answer can renew the cookie in the browser.
   * @throws AppError session_ended, revocations_stale, session_store_unavailable, database_unavailable, database_behind
   */
  async function authenticate(
    cookieIds: readonly string[],
    canSetCookie: boolean,
  ): Promise<AuthenticatedCookie> {
    for (const cookieId of cookieIds.slice(0, MAX_COOKIES)) {
      const found = await findLive(cookieKeyOf(cookieId), canSetCookie);
      if (found === null) continue;
      requireFresh();
      const { record, claims, isRenewed } = found;
      const expiresAt = expiryOf(record);
      const maxAgeSeconds = secondsUntil(expiresAt, now());
      return { principal: userPrincipal(claims, 'cookie'), cookieId, expiresAt, maxAgeSeconds, isRenewed };
    }
    throw new AppError('session_ended');
  }

  async function findLive(key: string, canSetCookie: boolean): Promise<LiveSession | null> {
    const text = await records.find(key);
    const record = text === null ? null : readRecord(text);
    if (text === null || record === null) return null;
    const claims = claimsOf(record);
    const isRevoked = revocations.isRevoked(claims);
    const isOutdated = isRevoked && revocations.isOutdated(claims);
    if (now() >= expiryOf(record) || (isRevoked && !isOutdated)) {
      void forget([key]);
      return null;
    }
    const since = canSetCookie ? (record.sent ?? record.iat) : record.iat;
    const unchanged = { record, claims, isRenewed: false };
    if (!isOutdated && clock.now() < (since + renewAfterSeconds()) * 1000) return unchanged;
    try {
      return await renewOnce(key + text, () => renew(key, record, canSetCookie));
    } catch (error) {
      // Like an access token, a record is good until it expires, whatever is away.
      const isAlive = !isOutdated && clock.now() < claims.exp * 1000;
      if (error instanceof AppError && isAlive) return unchanged;
      throw error;
    }
  }

  /**
   * Concurrent requests with one cookie renew it once. `read` names the record that they have read, which may have been
   * before the renewal was written.
   */
  function renewOnce(
    read: string,
    startRenewal: () => Promise<LiveSession | null>,
  ): Promise<LiveSession | null> {
    const begun = renewing.get(read);
    if (begun !== undefined) return begun;
    const renewal = startRenewal();
    renewing.set(read, renewal);
    const forgetRenewal = () => renewing.delete(read);
    renewal.then(() => setTimeout(forgetRenewal, LATE_READ_MILLISECONDS).unref(), forgetRenewal);
    return renewal;
  }

  /**
   * What a refresh is for tokens: the database says whether the session goes on, and what its user may do now. Null where
   * it does not.
   * @throws AppError database_behind where the database that was asked does not know yet of a change that is known here
   */
  async function renew(
    key: string,
    record: CookieRecord,
    canSetCookie: boolean,
  ): Promise<LiveSession | null> {
    const at = now();
    const expiresAt = idleExpiry(at, new Date(record.end * 1000), lifetimes);
    if (!(await store.sessions.renew(record.sid, at, expiresAt))) {
      void forget([key]);
      return null;
    }
    const renewed: CookieRecord = {
      ...record,
      ...recorded(mfaPolicy.rightsOf(await store.rights.rightsOf(record.sub), authenticationIn(record))),
      iat: toSeconds(at),
      sent: canSetCookie ? undefined : (record.sent ?? record.iat),
    };
    const claims = claimsOf(renewed);
    if (revocations.isOutdated(claims)) throw new AppError('database_behind');
    const isThere = await records.replace(key, writeRecord(renewed), secondsUntil(expiresAt, at));
    return isThere ? { record: renewed, claims, isRenewed: canSetCookie } : null;
  }

  /**
   * Records how the user of a session has authenticated once more. False where its record has been removed: then it has ended.
   * A renewal at the same moment may win; then the user is asked once again.
   * @throws AppError session_store_unavailable, database_unavailable
   */
  async function raise(key: string, authentication: Authentication, rights: Rights): Promise<boolean> {
    const text = await records.find(key);
    const record = text === null ? null : readRecord(text);
    if (record === null) return false;
    const raised: CookieRecord = {
      ...record,
      ...recorded(mfaPolicy.rightsOf(rights, authentication)),
      amr: authentication.methods,
      auth_time: toSeconds(authentication.at),
    };
    return records.replace(key, writeRecord(raised), secondsUntil(expiryOf(record), now()));
  }

  function claimsOf({
    sub,
    sid,
    roles,
    scope,
    rv,
    amr,
    auth_time,
    enrolling,
    iat,
    end,
  }: CookieRecord): AccessTokenClaims {
    const exp = Math.min(iat + lifetimes.accessTokenTtlSeconds, iat + lifetimes.idleSeconds, end);
    const authentication = amr && auth_time !== undefined ? { amr, acr: acrOf(amr), auth_time } : {};
    const aud = enrolling ? enrolmentAudienceOf(audience) : audience;
    return { iss: issuer, aud, sub, sid, ...authentication, iat, exp, jti: sid, roles, scope, rv };
  }

  function expiryOf({ iat, end }: CookieRecord): Date {
    return idleExpiry(new Date(iat * 1000), new Date(end * 1000), lifetimes);
  }

  /**
   * How long after a renewal the next one is due: early enough for an outage of the database to go unnoticed, and for the
   * idle time to count from the last use.
   */
  function renewAfterSeconds(): number {
    return Math.min(lifetimes.accessTokenTtlSeconds / 2, lifetimes.idleSeconds / 10);
  }

  /**
   * Removes records of sessions that have ended, for other services that read them: this one knows by the revocations.
   * What cannot be removed now is tried again every minute. Never rejects.
   */
  async function forget(keys: readonly string[]): Promise<void> {
    if (redisRecords !== undefined) await Promise.all(keys.map(forgetOne));
  }

  async function forgetOne(key: string): Promise<void> {
    try {
      await records.remove(key);
      unremoved.delete(key);
    } catch {
      // What is wrong with Redis has been logged.
      if (unremoved.size < MAX_UNREMOVED) unremoved.add(key);
    }
  }

  /** Does the same for sessions that were revoked, here or elsewhere. Never rejects. */
  async function forgetEnded(revoked: readonly Revocation[]): Promise<void> {
    if (redisRecords === undefined) return;
    const ids = revoked.flatMap(({ kind, subjectId }) => (kind === 'session' ? [subjectId] : []));
    try {
      for (let first = 0; first < ids.length; first += MAX_IDS_PER_QUERY) {
        await forget(
          await store.sessions.listCookieKeys({ id: ids.slice(first, first + MAX_IDS_PER_QUERY) }),
        );
      }
    } catch (error) {
      logger.warn({ err: error }, 'ended sessions could not be removed from redis');
    }
  }

  return {
    requireUp: records.requireUp,
    begin,
    authenticate,
    raise,
    forget,
    forgetEnded,
    csrfTokens,
    housekeeping: () => forget([...unremoved]),
  };
}

function recorded({ roles, permissions, versions, isEnrolling }: SessionRights) {
  return { roles, scope: permissions.join(' '), rv: versions, enrolling: isEnrolling || undefined };
}

/** Rounded up, so that neither Redis nor a browser forgets a session before it ends. */
function secondsUntil(end: Date, at: Date): number {
  return Math.ceil((end.getTime() - at.getTime()) / 1000);
}

function toSeconds(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}
